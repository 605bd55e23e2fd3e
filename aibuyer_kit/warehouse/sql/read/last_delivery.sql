-- The last day from $since to $until on which an object had an impression, as known then. Grain: one row per object of $level.
-- Marks: {insights}.
SELECT platform, account_id, entity_id, max(date_stop) AS last_day
FROM (
    SELECT
        platform,
        account_id,
        CASE
            WHEN $level = level THEN entity_id
            WHEN $level = 'account' THEN account_id
            WHEN $level = 'campaign' THEN campaign_id
            WHEN $level = 'adset' AND level = 'ad' THEN adset_id
        END AS entity_id,
        date_stop
    FROM {insights}
    WHERE breakdown = '' AND impressions > 0 AND date BETWEEN $since AND $until
)
WHERE entity_id IS NOT NULL AND date_stop <= $until
GROUP BY ALL
ORDER BY ALL
