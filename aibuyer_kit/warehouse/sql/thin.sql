-- An account's versions that were replaced on the day on which they became known, and what the version before each of them
-- becomes. Days are the account's own: those of another one begin and end at other moments.
-- Grain: one row per version to be removed (`known_until` is null) or prolonged. Marks: {table}, {key}.
-- A version that is removed leaves its time to the one before it: a reading in that time shows less than was known, never
-- what was not known yet. The last version of each day stays, and so does one that a protected load has read.
CREATE OR REPLACE TEMP TABLE thinned AS
WITH flagged AS (
    SELECT
        version.rowid AS id,
        {key},
        known_from,
        known_to,
        -- A version that still holds has no day of its end, and stays.
        coalesce(opened.day_number = closed.day_number, false)
            AND opened.day_number < $keep_from_day
            AND NOT EXISTS (SELECT 1 FROM protected WHERE load_id >= known_from AND load_id < known_to) AS goes
    FROM {table} AS version
    JOIN load_day AS opened ON opened.load_id = known_from
    LEFT JOIN load_day AS closed ON closed.load_id = known_to
    WHERE version.platform = $platform AND version.account_id = $account_id
),
chained AS (
    SELECT
        *,
        lag(known_to) OVER by_key IS NOT DISTINCT FROM known_from AND goes AS follows
    FROM flagged
    WINDOW by_key AS (PARTITION BY {key} ORDER BY known_from)
),
runs AS (
    SELECT *, count(*) FILTER (NOT follows) OVER (PARTITION BY {key} ORDER BY known_from) AS run
    FROM chained
),
ends AS (
    SELECT *, max(known_to) OVER (PARTITION BY {key}, run) AS run_end
    FROM runs
)
SELECT id, CASE WHEN NOT goes THEN run_end END AS known_until
FROM ends
WHERE goes OR run_end <> known_to
