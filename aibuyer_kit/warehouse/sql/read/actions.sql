-- Which action types are reported. Grain: one row per objective (as known then) and action type. `rows` are facts of the
-- finest level that report it at all, the counts are sums over them by attribution window, and `valued_rows` are those
-- that report a value for it. Counts of different types are not to be added up: many tell of the same events.
WITH known AS NOT MATERIALIZED (
    {known}
),
{finest},
campaign AS (
    SELECT platform, account_id, entity_id AS campaign_id, max_by(objective, known_from) AS objective
    FROM entity_version
    WHERE level = 'campaign' AND known_from <= $as_of_load AND objective IS NOT NULL
    GROUP BY ALL
),
reported AS (
    SELECT
        campaign.objective,
        list_transform(coalesce(finest.action_values, []), lambda each: each.action_type) AS valued,
        unnest(finest.actions) AS action
    FROM finest
    LEFT JOIN campaign
        ON campaign.platform = finest.platform AND campaign.account_id = finest.account_id
        AND campaign.campaign_id = CASE finest.level WHEN 'campaign' THEN finest.entity_id ELSE finest.campaign_id END
)
SELECT
    objective,
    action.action_type AS action_type,
    count(*) AS rows,
    count(*) FILTER (WHERE list_contains(valued, action.action_type)) AS valued_rows,
    sum(action.total)::BIGINT AS total,
    sum(action.click_1d)::BIGINT AS click_1d,
    sum(action.click_7d)::BIGINT AS click_7d,
    sum(action.click_28d)::BIGINT AS click_28d,
    sum(action.view_1d)::BIGINT AS view_1d
FROM reported
GROUP BY ALL
ORDER BY ALL
