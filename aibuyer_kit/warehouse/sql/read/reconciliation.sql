-- Days on which two levels of an account disagree. Grain: one row per account, day, level and measure that differs.
-- A day on which a level was read and has no rows counts as zero. `account_total` is the platform's own figure for the
-- account, `level_total` the sum over the objects of `level`; money in micros. Only days that whole reads of both
-- levels have covered are compared; a measure that either side does not report is not compared.
-- Ads and account are read together and compared as they are known now. Levels between them are read more seldom: each
-- is compared as its last read knew it, beside the account as the read before it knew it. What the account was then may
-- have been thinned since, if it was read once more within a day: such a day is not compared at that level.
WITH covered AS (
    SELECT day.platform, day.account_id, day.date, load.level, load.load_id, load.known_at_utc
    FROM (SELECT DISTINCT platform, account_id, date FROM insights_as_of($as_of_load) WHERE breakdown = '') AS day
    JOIN load
        ON load.platform = day.platform AND load.account_id = day.account_id
        AND load.facts = 'insights' AND load.extent IN ('complete', 'doubtful') AND load.load_id <= $as_of_load
        AND day.date BETWEEN load.since AND load.until
    WHERE day.date BETWEEN $since AND $until
),
own AS (
    SELECT
        platform,
        account_id,
        date,
        load_id,
        coalesce(lead(known_at_utc) OVER by_day < known_at_utc + INTERVAL 25 HOUR, false)
            AND known_at_utc < (SELECT max(known_at_utc) FROM load WHERE load_id <= $as_of_load) - INTERVAL 6 DAY
            AS may_be_thinned
    FROM covered
    WHERE level = 'account'
    WINDOW by_day AS (PARTITION BY platform, account_id, date ORDER BY load_id)
),
newest AS (
    SELECT platform, account_id, date, level, max(load_id) AS load_id
    FROM covered
    WHERE level <> 'account'
    GROUP BY ALL
),
pair AS (
    SELECT
        platform,
        account_id,
        date,
        newest.level,
        CASE newest.level WHEN 'ad' THEN $as_of_load ELSE newest.load_id END AS level_load,
        CASE newest.level
            WHEN 'ad' THEN $as_of_load
            ELSE coalesce(max(own.load_id) FILTER (own.load_id < newest.load_id), min(own.load_id))
        END AS account_load
    FROM newest
    JOIN own USING (platform, account_id, date)
    GROUP BY platform, account_id, date, newest.level, newest.load_id
    HAVING newest.level = 'ad' OR NOT coalesce(
        arg_max(may_be_thinned, own.load_id) FILTER (own.load_id < newest.load_id), arg_min(may_be_thinned, own.load_id)
    )
),
side AS (
    SELECT platform, account_id, date, level, level AS summed_level, level_load AS load_id FROM pair
    UNION ALL
    SELECT platform, account_id, date, level, 'account', account_load FROM pair
),
total AS (
    SELECT
        side.platform,
        side.account_id,
        side.date,
        side.level,
        side.summed_level,
        {sum_or_none:spend_micros},
        {sum_or_none:impressions},
        {sum_or_none:clicks},
        {sum_or_none:results},
        {sum_or_none:revenue_micros}
    FROM side
    LEFT JOIN (
        SELECT *, {window_total:actions} AS results, {window_total:action_values} AS revenue_micros
        FROM insight_version
        WHERE breakdown = '' AND date = date_stop AND date BETWEEN $since AND $until AND known_from <= $as_of_load
            AND (level <> 'ad' OR known_to > $as_of_load)
    ) AS fact
        ON fact.platform = side.platform AND fact.account_id = side.account_id AND fact.date = side.date
        AND fact.level = side.summed_level AND fact.known_from <= side.load_id AND fact.known_to > side.load_id
    GROUP BY ALL
),
long AS (
    UNPIVOT total ON spend_micros, impressions, clicks, results, revenue_micros INTO NAME measure VALUE amount
)
SELECT part.platform, part.account_id, part.date, part.level, part.measure,
    whole.amount AS account_total, part.amount AS level_total
FROM long AS part
JOIN long AS whole USING (platform, account_id, date, level, measure)
WHERE part.summed_level <> 'account' AND whole.summed_level = 'account' AND part.amount <> whole.amount
ORDER BY ALL
