-- A part of other queries: what each level of each day is compared as. Grain of `side`: one row per account, day, level and
-- whether it is the level's sum or the account's own; of `ended`: one row per version that held then and has ended since.
-- Only the few columns that tell this are read. Mark: {insight_version}.
version AS NOT MATERIALIZED (
    SELECT *
    FROM {insight_version}
    WHERE breakdown = '' AND date = date_stop AND date BETWEEN $since AND $until AND known_from <= $as_of_load
),
day AS (
    SELECT DISTINCT platform, account_id, date FROM version WHERE known_to > $as_of_load
),
read AS (
    SELECT
        platform,
        account_id,
        level,
        load_id,
        known_at_utc,
        unnest(generate_series(greatest(since, $since), least(until, $until), INTERVAL 1 DAY))::DATE AS date
    FROM load
    WHERE facts = 'insights' AND extent IN {whole_reads} AND load_id <= $as_of_load AND since <= $until AND until >= $since
),
covered AS (
    SELECT * FROM read SEMI JOIN day USING (platform, account_id, date)
),
own AS (
    -- What the account was may have been thinned since, if it was read once more within a day.
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
ended AS (
    SELECT DISTINCT platform, account_id, date, version.level, entity_id, attribution, known_from
    FROM version
    JOIN side USING (platform, account_id, date)
    WHERE version.level <> 'ad' AND version.known_to <= $as_of_load
        AND version.level = side.summed_level AND known_from <= side.load_id AND known_to > side.load_id
)
