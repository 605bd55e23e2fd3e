-- Insights rolled up to one level, or grouped by dimensions. Grain: one row per platform, account, entity of $level (or
-- per value of the dimensions and currency), and day (or stated period).
-- Only the finest level of an account's day is summed, so nothing is counted twice. A sum over rows of which one does
-- not report the measure is unknown, results of two kinds are not added up, and reach is given only where a single row is
-- the answer: people are not added up. A row counts the result that its campaign's objective, as known then, asks for.
WITH campaign AS (  -- the last objective that was known, also of a campaign that the platform lists no more
    SELECT platform, account_id, entity_id AS campaign_id, max_by(objective, known_from) AS objective
    FROM entity_version
    WHERE level = 'campaign' AND known_from <= $as_of_load AND objective IS NOT NULL
    GROUP BY ALL
),
known AS NOT MATERIALIZED (
    {known}
),
{finest},
ruled AS (
    SELECT finest.*, campaign.objective, {rule} AS rule, {kind} AS _kind
    FROM finest
    LEFT JOIN campaign
        ON campaign.platform = finest.platform AND campaign.account_id = finest.account_id
        AND campaign.campaign_id = CASE finest.level WHEN 'campaign' THEN finest.entity_id ELSE finest.campaign_id END
    WHERE depth >= list_position(['account', 'campaign', 'adset', 'ad'], $level)
),
valued AS (  -- a value is reported for a result, or there was no result that could have one
    SELECT
        * EXCLUDE (actions, action_values),
        {by_rule:results} AS results,
        {by_rule:reported_value} AS reported_value_micros
    FROM ruled
),
counted AS (
    SELECT {dimensions} valued.*
    FROM valued
    {dimension_joins}
),
converted AS (
    {converted}
),
earned AS (  -- what the platform reports goes before the client's own value per result
    SELECT
        * REPLACE (coalesce(reported_value_micros, {by_rule:assumed_value}) AS reported_value_micros),
        CASE WHEN reported_value_micros IS NULL THEN {by_rule:assumed_value} ELSE 0 END AS revenue_assumed_micros
    FROM converted
),
profited AS (
    SELECT
        * RENAME (reported_value_micros AS revenue_micros),
        {by_rule:gross_profit} AS gross_profit_micros,
        gross_profit_micros - spend_micros AS profit_micros
    FROM earned
),
summed AS (
    SELECT
        date,
        date_stop,
        {keys}
        {breakdown_columns}
        currency,
        CASE WHEN count(*) = count(objective) AND min(objective) = max(objective) THEN min(objective) END AS objective,
        {kinds},
        {sum:spend_micros},
        {sum:impressions},
        {sum:clicks},
        {sum:link_clicks},
        CASE WHEN count(*) = 1 THEN any_value(reach) END AS reach,
        CASE WHEN min(_kind) = max(_kind) AND count(*) = count(results) THEN sum(results) END::BIGINT AS results,
        {sum:revenue_micros},
        {sum:revenue_assumed_micros},
        {sum:gross_profit_micros},
        {sum:profit_micros}
    FROM profited
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
    {labels}
    {breakdown_names}
    summed.currency,
    {columns},
    {counted_as}
FROM summed
{names_join}
{order}
