-- At which level the days that touch a period are told, and under which attribution settings. Grain: one row per account,
-- day (or stated period), level and attribution setting; only the finest level of each campaign's day counts.
WITH known AS NOT MATERIALIZED (
    {known}
),
{finest}
SELECT DISTINCT platform, account_id, date, date_stop, level, attribution
FROM finest
ORDER BY ALL
