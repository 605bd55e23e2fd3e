-- A part of other queries: of the rows in `known`, those of the finest level that is reported. Grain: one row per key.
-- Each campaign is taken at its own finest level, so that ads of one campaign do not hide the rows of another; a row of the
-- whole account counts only where no campaign of that account and day is reported.
-- The rows are read twice, first the few columns that tell the level: whole ones in a window would all have to be held.
branched AS NOT MATERIALIZED (
    SELECT
        *,
        list_position(['account', 'campaign', 'adset', 'ad'], level) AS depth,
        CASE level WHEN 'account' THEN NULL WHEN 'campaign' THEN entity_id ELSE coalesce(campaign_id, '') END AS branch
    FROM known
),
deepest AS (
    SELECT platform, account_id, date, date_stop, branch, max(depth) AS depth
    FROM branched
    GROUP BY platform, account_id, date, date_stop, branch
    QUALIFY branch IS NOT NULL OR count(branch) OVER (PARTITION BY platform, account_id, date, date_stop) = 0
),
finest AS NOT MATERIALIZED (
    SELECT branched.*
    FROM branched
    JOIN deepest ON deepest.platform = branched.platform AND deepest.account_id = branched.account_id
        AND deepest.date = branched.date AND deepest.date_stop = branched.date_stop
        AND deepest.branch IS NOT DISTINCT FROM branched.branch AND deepest.depth = branched.depth
)
