-- Insights rolled up to one level. Grain: one row per platform, account, entity of $level, and day (or stated period).
-- Only the finest level of an account's day is summed, so nothing is counted twice. A sum over rows of which one does
-- not report the measure is unknown, and reach is given only where a single row is the answer: people are not added up.
WITH known AS (
    SELECT *, {window_total:actions} AS results, {window_total:action_values} AS revenue_micros
    FROM insights_as_of($as_of_load)
    WHERE date >= $since AND date_stop <= $until AND {breakdown_filter}
),
{finest},
summed AS (
    SELECT
        date,
        date_stop,
        platform,
        account_id,
        CASE $level
            WHEN 'account' THEN account_id
            WHEN 'campaign' THEN CASE level WHEN 'campaign' THEN entity_id ELSE campaign_id END
            WHEN 'adset' THEN CASE level WHEN 'adset' THEN entity_id ELSE adset_id END
            ELSE entity_id
        END AS entity_id,
        {breakdown_columns}
        currency,
        {sum:spend_micros},
        {sum:impressions},
        {sum:clicks},
        {sum:link_clicks},
        CASE WHEN count(*) = 1 THEN any_value(reach) END AS reach,
        {sum:results},
        {sum:revenue_micros}
    FROM finest
    WHERE depth >= list_position(['account', 'campaign', 'adset', 'ad'], $level)
    GROUP BY ALL
),
names AS (  -- the last name that was known, also of an object that the platform lists no more
    SELECT platform, account_id, entity_id, max_by(name, known_from) AS name
    FROM entity_version
    WHERE level = $level AND known_from <= $as_of_load
    GROUP BY ALL
)
SELECT
    summed.date,
    summed.date_stop,
    summed.platform,
    summed.account_id,
    summed.entity_id,
    coalesce(names.name, summed.entity_id) AS name,
    {breakdown_names}
    summed.currency,
    {columns}
FROM summed
LEFT JOIN names USING (platform, account_id, entity_id)
ORDER BY ALL
