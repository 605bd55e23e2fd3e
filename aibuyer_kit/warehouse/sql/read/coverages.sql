-- Which days of insights were read whole up to load $as_of_load and after load $after_load, and when last. Grain: one row
-- per account, level, kind of reading (plain or by hour) and range of days.
SELECT platform, account_id, level, facts, since, until, max(known_at_utc) AS known_at_utc
FROM load
WHERE facts IN ('insights', 'insights by hour') AND extent IN {whole_reads}
    AND load_id <= $as_of_load AND load_id > $after_load
GROUP BY ALL
ORDER BY ALL
