-- How the results of each day grew as the day aged, for one account. Grain: one row per object, day and age in whole
-- account days; the object is {entity}, '' for the account as a whole.
-- `results` and `revenue_micros` are its sums as the last complete read of that age knew them, `aged_days` how old the day
-- was then; ages at which no complete read covered the day are absent. Only knowledge up to $as_of_load counts.
-- `assumed_micros` is what results are worth to the client ($value_0) of which no value is reported. Rows are of campaigns
-- whose objective asks for one of $rules, as known then; of all where $rules is null.
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
campaign AS (  -- the last objective that was known, also of a campaign that the platform lists no more
    SELECT entity_id AS campaign_id, max_by(objective, known_from) AS objective
    FROM entity_version
    WHERE level = 'campaign' AND account_id = $account_id AND known_from <= $as_of_load AND objective IS NOT NULL
    GROUP BY ALL
),
version AS (
    SELECT
        {entity} AS entity_id,
        date,
        known_from,
        known_to,
        coalesce({window_total:actions}, 0) AS results,
        coalesce({window_total:action_values}, 0) AS revenue_micros,
        CASE WHEN ({reported_value}) IS NULL THEN coalesce(results * $value_0::BIGINT, 0) ELSE 0 END AS assumed_micros
    FROM {insight_version}
    LEFT JOIN campaign USING (campaign_id)
    WHERE account_id = $account_id AND level = 'ad' AND breakdown = '' AND date = date_stop
        AND known_from <= $as_of_load AND date >= $since
        AND ($rules::BIGINT[] IS NULL
            OR list_contains($rules::BIGINT[], coalesce(list_position($objectives::VARCHAR[], objective), 0)))
),
change AS (
    SELECT entity_id, date, known_from AS load_id, results, revenue_micros, assumed_micros FROM version
    UNION ALL
    SELECT entity_id, date, known_to, -results, -revenue_micros, -assumed_micros FROM version WHERE known_to <= $as_of_load
),
total AS (
    SELECT
        entity_id,
        date,
        load_id,
        sum(sum(results)) OVER (PARTITION BY entity_id, date ORDER BY load_id)::BIGINT AS results,
        sum(sum(revenue_micros)) OVER (PARTITION BY entity_id, date ORDER BY load_id)::BIGINT AS revenue_micros,
        sum(sum(assumed_micros)) OVER (PARTITION BY entity_id, date ORDER BY load_id)::BIGINT AS assumed_micros
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
SELECT seen.entity_id, seen.date, seen.age_days, seen.age_days + seen.passed_days AS aged_days, total.results,
    total.revenue_micros, total.assumed_micros
FROM seen
ASOF JOIN total ON total.entity_id = seen.entity_id AND total.date = seen.date AND total.load_id <= seen.load_id
ORDER BY ALL
