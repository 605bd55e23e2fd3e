-- How the results of each day grew as the day aged, for one account. Grain: one row per day and age in whole account days.
-- `results` and `revenue_micros` are the account's sums as the last complete read of that age knew them; ages at which no
-- complete read covered the day are absent. Only knowledge up to $as_of_load counts.
WITH moment AS (
    SELECT load.load_id, load.since, load.until, local.known_on
    FROM load
    JOIN (SELECT unnest($load_ids) AS load_id, unnest($known_on) AS known_on) AS local USING (load_id)
    WHERE load.facts = 'insights' AND load.extent IN ('complete', 'doubtful') AND load.level = 'ad'
        AND load.account_id = $account_id
),
version AS (
    SELECT
        date,
        known_from,
        known_to,
        coalesce({window_total:actions}, 0) AS results,
        coalesce({window_total:action_values}, 0) AS revenue_micros
    FROM insight_version
    WHERE account_id = $account_id AND level = 'ad' AND breakdown = '' AND date = date_stop
        AND known_from <= $as_of_load AND date >= $since
),
change AS (
    SELECT date, known_from AS load_id, results, revenue_micros FROM version
    UNION ALL
    SELECT date, known_to, -results, -revenue_micros FROM version WHERE known_to <= $as_of_load
),
total AS (
    SELECT
        date,
        load_id,
        sum(sum(results)) OVER (PARTITION BY date ORDER BY load_id)::BIGINT AS results,
        sum(sum(revenue_micros)) OVER (PARTITION BY date ORDER BY load_id)::BIGINT AS revenue_micros
    FROM change
    GROUP BY date, load_id
),
seen AS (
    SELECT day.date, moment.known_on - day.date AS age_days, max(moment.load_id) AS load_id
    FROM (SELECT DISTINCT date FROM version) AS day
    JOIN moment ON day.date BETWEEN moment.since AND moment.until
    WHERE moment.known_on >= day.date
    GROUP BY ALL
)
SELECT seen.date, seen.age_days, total.results, total.revenue_micros
FROM seen
ASOF JOIN total ON total.date = seen.date AND total.load_id <= seen.load_id
ORDER BY ALL
