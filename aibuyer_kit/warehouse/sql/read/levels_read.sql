-- Which levels of which days were read whole after the days had ended. Grain: one row per account, day and level of insights.
WITH day AS (
    SELECT
        unnest($platforms) AS platform,
        unnest($account_ids) AS account_id,
        unnest($days) AS date,
        unnest($ended_at) AS ended_at
)
SELECT DISTINCT day.platform, day.account_id, day.date, load.level
FROM day
JOIN load ON load.platform = day.platform AND load.account_id = day.account_id AND day.date BETWEEN since AND until
WHERE facts = 'insights' AND extent IN ('complete', 'doubtful') AND load_id <= $as_of_load AND known_at_utc >= ended_at
ORDER BY ALL
