-- Open rows loaded by $load_id that share days with another open row of the same campaign (or of the whole account) over
-- other days. Grain: one row at most. Only totals of several days can do that, so daily loads cost nothing here.
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
)
SELECT fresh.entity_id, fresh.date, fresh.date_stop, other.entity_id, other.date, other.date_stop
FROM fact AS fresh
JOIN fact AS other
    ON fresh.platform = other.platform
    AND fresh.account_id = other.account_id
    AND (fresh.breakdown = '') = (other.breakdown = '')
    AND (fresh.date_stop > fresh.date OR other.date_stop > other.date)
    AND fresh.date <= other.date_stop
    AND fresh.date_stop >= other.date
    AND (fresh.date <> other.date OR fresh.date_stop <> other.date_stop)
    AND (fresh.branch IS NULL OR other.branch IS NULL OR fresh.branch = other.branch)
WHERE fresh.known_from = $load_id
ORDER BY ALL
LIMIT 1
