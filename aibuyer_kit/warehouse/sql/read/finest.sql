-- A part of other queries: of the rows in `known`, those of the finest level that is reported. Grain: as `known`.
-- Each campaign is taken at its own finest level, so that ads of one campaign do not hide the rows of another; a row of the
-- whole account counts only where no campaign of that account and day is reported.
branched AS (
    SELECT
        *,
        list_position(['account', 'campaign', 'adset', 'ad'], level) AS depth,
        CASE level WHEN 'account' THEN NULL WHEN 'campaign' THEN entity_id ELSE coalesce(campaign_id, '') END AS branch
    FROM known
),
finest AS (
    SELECT *
    FROM branched
    QUALIFY depth = max(depth) OVER (PARTITION BY platform, account_id, date, date_stop, branch)
        AND (branch IS NOT NULL OR count(branch) OVER (PARTITION BY platform, account_id, date, date_stop) = 0)
)
