-- How the results of each day grew as the day aged, for one account. Grain: one row per object, day and age in whole
-- account days; the object is {entity}, '' for the account as a whole.
-- `results` and `revenue_micros` are its sums as the last complete read of that age knew them, `aged_days` how old the day
-- was then; ages at which no complete read covered the day are absent. Only knowledge up to $as_of_load counts.
-- $days of the account begin at $day_starts, in UTC.
WITH moment AS (  -- of the reads of one day over the same days only the last counts
    SELECT
        since,
        until,
        day AS known_on,
        max(load_id) AS load_id,
        max(epoch(known_at_utc - begins_at)) / 86400 AS passed_days
    FROM load
    ASOF JOIN (SELECT unnest($days::DATE[]) AS day, unnest($day_starts::TIMESTAMP[]) AS begins_at)
        ON known_at_utc >= begins_at
    WHERE facts = 'insights' AND extent IN {whole_reads} AND level = 'ad' AND account_id = $account_id
        AND load_id <= $as_of_load AND until >= $since
    GROUP BY ALL
),
version AS (
    SELECT
        {entity} AS entity_id,
        date,
        known_from,
        known_to,
        coalesce({window_total:actions}, 0) AS results,
        coalesce({window_total:action_values}, 0) AS revenue_micros
    FROM {insight_version}
    WHERE account_id = $account_id AND level = 'ad' AND breakdown = '' AND date = date_stop
        AND known_from <= $as_of_load AND date >= $since
),
change AS (
    SELECT entity_id, date, known_from AS load_id, results, revenue_micros FROM version
    UNION ALL
    SELECT entity_id, date, known_to, -results, -revenue_micros FROM version WHERE known_to <= $as_of_load
),
total AS (
    SELECT
        entity_id,
        date,
        load_id,
        sum(sum(results)) OVER (PARTITION BY entity_id, date ORDER BY load_id)::BIGINT AS results,
        sum(sum(revenue_micros)) OVER (PARTITION BY entity_id, date ORDER BY load_id)::BIGINT AS revenue_micros
    FROM change
    GROUP BY entity_id, date, load_id
),
seen AS (
    SELECT
        day.entity_id,
        day.date,
        moment.known_on - day.date AS age_days,
        max(moment.load_id) AS load_id,
        max(moment.passed_days) AS passed_days
    FROM (SELECT DISTINCT entity_id, date FROM version) AS day
    JOIN moment ON day.date BETWEEN moment.since AND moment.until
    WHERE moment.known_on >= day.date
    GROUP BY ALL
)
SELECT seen.entity_id, seen.date, seen.age_days, seen.age_days + seen.passed_days AS aged_days, total.results, total.revenue_micros
FROM seen
ASOF JOIN total ON total.entity_id = seen.entity_id AND total.date = seen.date AND total.load_id <= seen.load_id
ORDER BY ALL
