-- The day on which each load became known. Grain: one row per load. $days of the account begin at $day_starts, in UTC.
CREATE OR REPLACE TEMP TABLE load_day AS
SELECT load_id, day
FROM load
ASOF JOIN (SELECT unnest($days::DATE[]) AS day, unnest($day_starts::TIMESTAMP[]) AS begins_at) ON known_at_utc >= begins_at
