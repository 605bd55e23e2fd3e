-- The objects of one account that have insights, and the currency of these. Grain: one row per level, object and
-- currency. Rows that lie within $since to $until are left out where $replaced: they are about to go.
WITH fact AS (
    SELECT *
    FROM insights_as_of($as_of_load)
    WHERE platform = $platform AND account_id = $account_id
        AND NOT ($replaced AND date >= $since AND date_stop <= $until)
),
object AS (
    SELECT level, entity_id, currency FROM fact
    UNION
    SELECT 'campaign', campaign_id, currency FROM fact WHERE campaign_id IS NOT NULL
    UNION
    SELECT 'adset', adset_id, currency FROM fact WHERE adset_id IS NOT NULL
)
SELECT object.level, object.entity_id, object.currency, coalesce(entity.name, object.entity_id) AS name
FROM object
LEFT JOIN entities_as_of($as_of_load) AS entity
    ON entity.platform = $platform AND entity.account_id = $account_id
        AND entity.level = object.level AND entity.entity_id = object.entity_id
ORDER BY ALL
