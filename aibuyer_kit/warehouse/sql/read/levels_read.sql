-- Which levels of which days were read whole after the days had ended. Grain: one row per account, day and level of insights.
WITH day AS (
    SELECT
        unnest($platforms) AS platform,
        unnest($account_ids) AS account_id,
        unnest($days) AS date,
        unnest($ended_at) AS ended_at
),
newest AS (  -- a sync every quarter of an hour reads the same days a hundred times
    SELECT platform, account_id, level, since, until, max(known_at_utc) AS known_at_utc
    FROM load
    WHERE facts = 'insights' AND extent IN {whole_reads} AND load_id <= $as_of_load
    GROUP BY ALL
)
SELECT DISTINCT day.platform, day.account_id, day.date, newest.level
FROM day
JOIN newest ON newest.platform = day.platform AND newest.account_id = day.account_id AND day.date BETWEEN since AND until
WHERE known_at_utc >= ended_at
ORDER BY ALL
