-- Rows that could not be read, as known after load $as_of_load: those still open then, and with $resolved all of them.
-- Grain: one row per row of the quarantine. `met_at_utc` and `resolved_at_utc` are the platform's clock; `in_totals` rows
-- are daily figures of whose days no finer level of their account was read whole: others are only compared with them.
-- `last_met_at_utc` is when the row came last, `tries` and `tried_on` tell of the reads that were made for its sake.
WITH whole AS (
    SELECT DISTINCT
        platform, account_id, list_position(['account', 'campaign', 'adset', 'ad'], level) AS depth, since, until
    FROM load
    WHERE facts = 'insights' AND (extent IN {whole_reads} OR extent = 'replacing') AND load_id <= $as_of_load
),
quarantine AS (
    -- A snapshot of before these columns has them from the first line.
    SELECT 0::BIGINT AS tries, NULL::DATE AS tried_on WHERE false
    UNION ALL BY NAME
    FROM main.quarantine
)
SELECT
    quarantine_id,
    quarantine.facts,
    quarantine.platform,
    quarantine.account_id,
    quarantine.level,
    quarantine.facts = 'insights' AND NOT EXISTS (
        SELECT 1 FROM whole
        WHERE whole.platform = quarantine.platform AND whole.account_id = quarantine.account_id
            AND depth > list_position(['account', 'campaign', 'adset', 'ad'], quarantine.level)
            AND whole.since <= coalesce(quarantine.date, quarantine.since)
            AND whole.until >= coalesce(quarantine.date_stop, quarantine.until)
    ) AS in_totals,
    quarantine.entity_id,
    quarantine.date,
    quarantine.date_stop,
    quarantine.breakdown,
    quarantine.attribution,
    quarantine.since,
    quarantine.until,
    quarantine.field,
    quarantine.reason,
    quarantine.raw,
    quarantine.load_id,
    met.known_at_utc AS met_at_utc,
    quarantine.last_load_id,
    last_met.known_at_utc AS last_met_at_utc,
    coalesce(quarantine.tries, 0) AS tries,
    quarantine.tried_on,
    CASE WHEN resolved_by <= $as_of_load THEN resolved_by END AS resolved_by,
    CASE WHEN resolved_by <= $as_of_load THEN resolving.known_at_utc END AS resolved_at_utc
FROM quarantine
JOIN load AS met ON met.load_id = quarantine.load_id
JOIN load AS last_met ON last_met.load_id = quarantine.last_load_id
LEFT JOIN load AS resolving ON resolving.load_id = resolved_by
WHERE quarantine.load_id <= $as_of_load AND ($resolved OR resolved_by IS NULL OR resolved_by > $as_of_load)
ORDER BY quarantine_id
