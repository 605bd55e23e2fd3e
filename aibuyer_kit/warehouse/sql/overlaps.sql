-- Open rows loaded by $load_id that share days with another open row of the same campaign (or of the whole account) over
-- other days. Grain: one row at most. Only totals of several days can do that, so every pair holds one of them: joining
-- all rows with all rows of the same days takes a minute for 200,000 daily rows.
WITH fact AS (
    SELECT
        platform,
        account_id,
        entity_id,
        breakdown,
        attribution,
        date,
        date_stop,
        known_from,
        CASE level WHEN 'account' THEN NULL WHEN 'campaign' THEN entity_id ELSE coalesce(campaign_id, '') END AS branch
    FROM insight_version
    WHERE known_to = $open
),
total AS MATERIALIZED (
    SELECT * FROM fact WHERE date_stop > date
),
pair AS (
    SELECT fact AS fresh, total AS other FROM fact JOIN total ON fact.platform = total.platform
        AND fact.account_id = total.account_id AND fact.date <= total.date_stop AND fact.date_stop >= total.date
    WHERE fact.known_from = $load_id
    UNION ALL
    SELECT total AS fresh, fact AS other FROM total JOIN fact ON fact.platform = total.platform
        AND fact.account_id = total.account_id AND fact.date <= total.date_stop AND fact.date_stop >= total.date
    WHERE total.known_from = $load_id
)
SELECT fresh.entity_id, fresh.date, fresh.date_stop, other.entity_id, other.date, other.date_stop
FROM pair
WHERE (fresh.breakdown = '') = (other.breakdown = '')
    AND (fresh.date <> other.date OR fresh.date_stop <> other.date_stop)
    AND (fresh.branch IS NULL OR other.branch IS NULL OR fresh.branch = other.branch)
ORDER BY ALL
LIMIT 1
