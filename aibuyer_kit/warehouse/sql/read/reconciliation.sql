-- Days on which two levels of an account disagree. Grain: one row per account, day, level and measure that differs.
-- A day on which a level was read and has no rows counts as zero. `account_total` is the platform's own figure for the account, `level_total` the sum over the objects of `level`; money in
-- micros. Only days that complete reads of both levels have covered are compared; a measure that either side does not
-- report is not compared.
WITH covered AS (
    SELECT day.platform, day.account_id, day.date, load.level
    FROM (SELECT DISTINCT platform, account_id, date FROM insights_as_of($as_of_load) WHERE breakdown = '') AS day
    JOIN load
        ON load.platform = day.platform AND load.account_id = day.account_id
        AND load.facts = 'insights' AND load.extent = 'complete' AND load.load_id <= $as_of_load
        AND day.date BETWEEN load.since AND load.until
    WHERE day.date BETWEEN $since AND $until
    GROUP BY ALL
),
total AS (
    SELECT
        covered.platform,
        covered.account_id,
        covered.date,
        covered.level,
        {sum_or_none:spend_micros},
        {sum_or_none:impressions},
        {sum_or_none:clicks},
        {sum_or_none:results},
        {sum_or_none:revenue_micros}
    FROM covered
    LEFT JOIN (
        SELECT *, {window_total:actions} AS results, {window_total:action_values} AS revenue_micros
        FROM insights_as_of($as_of_load)
        WHERE breakdown = '' AND date = date_stop
    ) AS fact USING (platform, account_id, date, level)
    GROUP BY ALL
),
long AS (
    UNPIVOT total ON spend_micros, impressions, clicks, results, revenue_micros INTO NAME measure VALUE amount
)
SELECT part.platform, part.account_id, part.date, part.level, part.measure,
    whole.amount AS account_total, part.amount AS level_total
FROM long AS part
JOIN long AS whole USING (platform, account_id, date, measure)
WHERE part.level <> 'account' AND whole.level = 'account' AND part.amount <> whole.amount
ORDER BY ALL
