-- An account's versions that were replaced on the day on which they became known, and what the version before each of them
-- becomes. Days are the account's own: those of another one begin and end at other moments.
-- Grain: one row per version to be removed (`known_until` is null) or prolonged. Marks: {table}, {key}.
-- A version that is removed leaves its time to the one before it: a reading in that time shows less than was known, never
-- what was not known yet. The last version of each day stays, and so does one that a protected load has read.
CREATE OR REPLACE TEMP TABLE thinned AS
WITH going AS MATERIALIZED (
    SELECT version.rowid AS id, {key}
    FROM {table} AS version
    JOIN load_day AS opened ON opened.load_id = known_from
    JOIN load_day AS closed ON closed.load_id = known_to -- a version that still holds has no day of its end, and stays
    WHERE version.platform = $platform AND version.account_id = $account_id
        AND opened.day = closed.day AND opened.day < $keep_from
        AND NOT EXISTS (SELECT 1 FROM protected WHERE load_id >= known_from AND load_id < known_to)
),
flagged AS (  -- of other keys nothing changes
    SELECT version.rowid AS id, {key}, known_from, known_to, going.id IS NOT NULL AS goes
    FROM {table} AS version
    SEMI JOIN going AS concerned USING ({key})
    LEFT JOIN going ON going.id = version.rowid
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
