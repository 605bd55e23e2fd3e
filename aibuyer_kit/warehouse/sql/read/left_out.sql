-- What a reading of insights leaves out or cannot decide. Grain: one row.
-- A row above $level is left out only where its campaign (or its account) and day are reported no finer.
WITH known AS NOT MATERIALIZED (
    {known}
),
{finest},
mixed AS (
    SELECT platform, account_id, list_sort(list(DISTINCT attribution)) AS attributions
    FROM finest
    GROUP BY platform, account_id, level
    HAVING count(DISTINCT attribution) > 1
)
SELECT
    count(*) FILTER (WHERE date_stop > date AND NOT (date >= $since AND date_stop <= $until)) AS partly_covered_periods,
    count(*) FILTER (WHERE depth < list_position(['account', 'campaign', 'adset', 'ad'], $level)) AS coarser_rows,
    (SELECT min(account_id) FROM mixed) AS mixed_account,
    (SELECT min_by(attributions, account_id) FROM mixed) AS attributions
FROM finest
