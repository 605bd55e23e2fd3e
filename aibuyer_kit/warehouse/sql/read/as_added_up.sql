-- A part of other queries: what is known then in the days that they ask for, as it adds up. Grain: one row per key.
-- What is reported only broken down is summed over one breakdown, so that no row counts twice. Marks: {days}, {insights}.
SELECT * FROM {insights} WHERE {days} AND breakdown = ''
UNION ALL
SELECT * EXCLUDE (names)
FROM (
    SELECT fact.*, json_keys(breakdown)::VARCHAR AS names
    FROM {insights} AS fact
    SEMI JOIN ({only_broken}) AS lone USING (platform, account_id, level, entity_id, date, date_stop)
    WHERE {days} AND breakdown <> ''
)
QUALIFY names = min(names) OVER (PARTITION BY platform, account_id, level, entity_id, date, date_stop)
