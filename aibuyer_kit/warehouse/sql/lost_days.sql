-- Days of an account's lost sealed months that no whole read of this kind (as in load) and level has covered since. Grain:
-- one row per day. Rows that such a read could not take are in the quarantine, and read again from there. Windows of reach
-- are told by their last day, and only those are lost that had been read: backfills read none.
WITH lost AS (
    SELECT unnest(generate_series(month, last_day(month), INTERVAL 1 DAY))::DATE AS day, lost_after_load
    FROM sealed_loss
    WHERE table_name = $table_name AND platform = $platform AND account_id = $account_id
)
SELECT DISTINCT day
FROM lost
WHERE (
    $table_name <> 'reach_version' OR EXISTS (
        SELECT 1 FROM load
        WHERE load.platform = $platform AND load.account_id = $account_id AND load.facts = $facts AND load.level = $level
            AND load.extent IN {whole_reads} AND load.load_id <= lost.lost_after_load
            AND lost.day BETWEEN load.since AND load.until
    )
) AND NOT EXISTS (
    SELECT 1 FROM load
    WHERE load.platform = $platform AND load.account_id = $account_id AND load.facts = $facts AND load.level = $level
        AND load.extent IN {whole_reads} AND load.load_id > lost.lost_after_load
        AND lost.day BETWEEN load.since AND load.until
)
ORDER BY day
