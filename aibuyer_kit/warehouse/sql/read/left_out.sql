-- What a reading of insights leaves out or cannot decide. Grain: one row.
SELECT
    count(*) FILTER (
        WHERE date_stop > date AND NOT (date >= $since AND date_stop <= $until)
    ) AS partly_covered_periods,
    count(*) FILTER (
        WHERE list_position(['account', 'campaign', 'adset', 'ad'], level)
            < list_position(['account', 'campaign', 'adset', 'ad'], $level)
    ) AS coarser_rows,
    list_sort(list(DISTINCT attribution)) AS attributions
FROM insights_as_of($as_of_load)
WHERE date <= $until AND date_stop >= $since AND {breakdown_filter}
