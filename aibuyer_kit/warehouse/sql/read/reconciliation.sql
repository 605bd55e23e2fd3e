-- Days on which two levels of an account disagree. Grain: one row per account, day, level and measure that differs.
-- A day on which a level was read and has no rows counts as zero. `account_total` is the platform's own figure for the
-- account, `level_total` the sum over the objects of `level`; money in micros. Only days that whole reads of both
-- levels have covered are compared; a measure that either side does not report is not compared.
-- Ads and account are read together and compared as they are known now. Levels between them are read more seldom: each
-- is compared as its last read knew it, beside the account as the read before it knew it. What the account was then may
-- have been thinned since: such a day is not compared at that level.
-- Nearly all that is compared holds now. Of versions that have ended only those are read that are needed, and they lie in the
-- days from $ended_since to $ended_until.
WITH {compared},
fact AS (
    SELECT *, {window_total:actions} AS results, {window_total:action_values} AS revenue_micros
    FROM (
        SELECT * FROM version WHERE known_to > $as_of_load
        UNION ALL
        SELECT version.* FROM version
        SEMI JOIN ended USING (platform, account_id, date, level, entity_id, attribution, known_from)
        WHERE version.level <> 'ad' AND known_to <= $as_of_load AND date BETWEEN $ended_since AND $ended_until
    )
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
    LEFT JOIN fact
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
