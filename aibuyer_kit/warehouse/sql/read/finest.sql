-- A part of other queries: of the rows in `known`, those of the finest level that is reported. Grain: one row per key.
-- Each campaign is taken at its own finest level, so that ads of one campaign do not hide the rows of another; a row of the
-- whole account counts only where no campaign of that account and day is reported.
-- Before that: what is reported only broken down is summed over one breakdown, so that no row counts twice.
unbroken AS (
    SELECT * FROM known WHERE breakdown = ''
    UNION ALL
    SELECT *
    FROM known
    WHERE breakdown <> '' AND ({asked_broken_down} OR NOT EXISTS (
        SELECT 1 FROM known AS whole
        WHERE whole.breakdown = '' AND whole.platform = known.platform AND whole.account_id = known.account_id
            AND whole.level = known.level AND whole.entity_id = known.entity_id
            AND whole.date = known.date AND whole.date_stop = known.date_stop
    ))
    QUALIFY json_keys(breakdown)::VARCHAR
        = min(json_keys(breakdown)::VARCHAR) OVER (PARTITION BY platform, account_id, level, entity_id, date, date_stop)
),
branched AS (
    SELECT
        *,
        list_position(['account', 'campaign', 'adset', 'ad'], level) AS depth,
        CASE level WHEN 'account' THEN NULL WHEN 'campaign' THEN entity_id ELSE coalesce(campaign_id, '') END AS branch
    FROM unbroken
),
finest AS (
    SELECT *
    FROM branched
    QUALIFY depth = max(depth) OVER (PARTITION BY platform, account_id, date, date_stop, branch)
        AND (branch IS NOT NULL OR count(branch) OVER (PARTITION BY platform, account_id, date, date_stop) = 0)
)
