-- What a reading of insights leaves out or cannot decide. Grain: one row.
-- A row above $level is left out only if its account and day are reported no finer.
WITH known AS (
    SELECT *, list_position(['account', 'campaign', 'adset', 'ad'], level) AS depth
    FROM insights_as_of($as_of_load)
    WHERE date <= $until AND date_stop >= $since AND {breakdown_filter}
),
finest AS (
    SELECT *
    FROM known
    QUALIFY depth = max(depth) OVER (PARTITION BY platform, account_id, date, date_stop)
)
SELECT
    count(*) FILTER (WHERE date_stop > date AND NOT (date >= $since AND date_stop <= $until)) AS partly_covered_periods,
    count(*) FILTER (WHERE depth < list_position(['account', 'campaign', 'adset', 'ad'], $level)) AS coarser_rows,
    list_sort(list(DISTINCT attribution)) AS attributions
FROM finest
