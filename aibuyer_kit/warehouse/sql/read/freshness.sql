-- What is known after load $1. Grain: one row: the load's number, how fresh the insights are, and the days they cover.
-- What was taken back again covers none. Fresh is what was read whole; an account that only files tell of is as fresh as
-- its last file, unless others are read from a platform. Of several accounts the stalest counts. Figures that are broken
-- down count for an account that has no others, as a file may. Before the first insights, the last load of anything
-- counts.
WITH listed AS (
    -- A snapshot of before there was the column has it from the first line.
    SELECT * FROM (SELECT NULL::BIGINT AS undoes WHERE false UNION ALL BY NAME FROM load) WHERE load_id <= $1
),
counted AS (
    SELECT
        *,
        extent <> 'broken' AND undoes IS NULL
            AND load_id NOT IN (SELECT undoes FROM listed WHERE undoes IS NOT NULL) AS tells
    FROM listed
),
known AS (  -- a few rows per account, of however many loads
    SELECT
        platform,
        account_id,
        CASE WHEN tells THEN IF(starts_with(facts, 'insights by '), 'insights by', facts) END AS told,
        CASE WHEN extent IN {whole_reads} THEN 2 WHEN extent IN ('partial', 'replacing') THEN 1 ELSE 0 END AS weight,
        max(load_id) AS load_id,
        max_by(known_at_utc, load_id) AS known_at_utc,
        min(since) AS since,
        max(until) AS until
    FROM counted
    GROUP BY ALL
),
told AS (
    SELECT *
    FROM known
    WHERE told = 'insights' OR (told = 'insights by' AND NOT EXISTS (
        SELECT 1 FROM known AS whole
        WHERE whole.told = 'insights' AND whole.platform = known.platform AND whole.account_id = known.account_id
    ))
),
account AS (
    SELECT max_by(known_at_utc, load_id) AS known_at_utc
    FROM (SELECT * FROM told QUALIFY weight = max(weight) OVER ())
    GROUP BY platform, account_id
)
SELECT
    (SELECT max(load_id) FROM known),
    coalesce((SELECT min(known_at_utc) FROM account), (SELECT max_by(known_at_utc, load_id) FROM known)),
    (SELECT min(since) FROM told),
    (SELECT max(until) FROM told)
