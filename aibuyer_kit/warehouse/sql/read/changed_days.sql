-- The days of which anything was learnt after load $after_load, up to load $as_of_load. Grain: one row per day; whether it is
-- part of a stated period. Mark: {insight_version}.
SELECT date, bool_or(date_stop <> date) AS is_part
FROM {insight_version}
WHERE breakdown = '' AND date BETWEEN $since AND $until
    AND ((known_from > $after_load AND known_from <= $as_of_load) OR (known_to > $after_load AND known_to <= $as_of_load))
GROUP BY date
ORDER BY date
