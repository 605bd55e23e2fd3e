-- Hot months of one account in {table} that can be sealed: they ended before $before, and none of their versions can still be
-- thinned. Grain: one row, the month's first day. Marks: {table}, {first}, {last}. Days from $thinned_before on are not
-- thinned yet: a version that one load of such a day brought and another one of the same day ended may go.
WITH recent AS (
    SELECT load_id, day FROM load_day WHERE day >= $thinned_before
),
version AS (
    SELECT date_trunc('month', {first})::DATE AS month, known_from, known_to
    FROM {table}
    WHERE platform = $platform AND account_id = $account_id AND {last} < $before
        AND date_trunc('month', {first}) = date_trunc('month', {last})
)
SELECT month
FROM version
LEFT JOIN recent AS opened ON opened.load_id = known_from
LEFT JOIN recent AS closed ON closed.load_id = known_to
WHERE month + INTERVAL 1 MONTH <= $before
GROUP BY month
HAVING NOT coalesce(bool_or(opened.day = closed.day), false)
ORDER BY month
