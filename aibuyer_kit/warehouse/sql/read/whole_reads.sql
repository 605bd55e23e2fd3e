-- Reads of insights of $level that were whole, as far as they touch $since to $until or ended at $after or later, up to load
-- $as_of_load. Grain: one row per load, in their order.
SELECT load_id, known_at_utc, platform, account_id, since, until
FROM load
WHERE facts = 'insights' AND extent IN {whole_reads} AND level = $level AND load_id <= $as_of_load
    AND ((since <= $until AND until >= $since) OR known_at_utc >= $after)
ORDER BY load_id
