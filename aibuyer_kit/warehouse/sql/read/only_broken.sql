-- Keys of which nothing but figures that are broken down is known then. Grain: one row per key without breakdown and
-- attribution. Only these columns are read: there are many rows of each key, and hardly ever is one not reported whole.
-- Where a whole read of that level has covered a key without returning it, the platform told that there is nothing: its parts
-- fill no gap, so that readings and reconciliation look at the same rows. Marks: {days}, {insights}.
SELECT lone.*
FROM (
    SELECT DISTINCT platform, account_id, level, entity_id, date, date_stop
    FROM {insights}
    WHERE {days} AND breakdown <> ''
    EXCEPT
    SELECT platform, account_id, level, entity_id, date, date_stop
    FROM {insights}
    WHERE {days} AND breakdown = ''
) AS lone
ANTI JOIN (
    SELECT DISTINCT platform, account_id, level, since, until
    FROM load
    WHERE facts = 'insights' AND extent IN {whole_reads} AND load_id <= $as_of_load
) AS read
    ON read.platform = lone.platform AND read.account_id = lone.account_id AND read.level = lone.level
    AND read.since <= lone.date AND read.until >= lone.date_stop
