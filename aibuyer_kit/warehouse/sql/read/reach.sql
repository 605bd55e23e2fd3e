-- People reached by each object of $level in windows of $window_days days. Grain: one row per platform, account, object
-- and last day of the window. Frequency is impressions per person of the same window.
SELECT
    date_stop,
    window_days,
    platform,
    account_id,
    entity_id,
    coalesce(names.name, entity_id) AS name,
    reach,
    impressions,
    impressions::DOUBLE / nullif(reach, 0) AS frequency
FROM reach_as_of($as_of_load)
LEFT JOIN (
    SELECT platform, account_id, entity_id, max_by(name, known_from) AS name
    FROM entity_version
    WHERE level = $level AND known_from <= $as_of_load
    GROUP BY ALL
) AS names USING (platform, account_id, entity_id)
WHERE level = $level AND window_days = $window_days AND date_stop BETWEEN $since AND $until
ORDER BY ALL
