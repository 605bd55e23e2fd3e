-- After load $load_id: rows met again are brought up to date, new ones are added, and those are resolved that were read,
-- or that a complete read of their days returned no more. Temporary tables: unreadable, stage. Mark: {same_key}.
UPDATE quarantine
SET
    field = unreadable.field,
    reason = unreadable.reason,
    raw = unreadable.raw,
    since = unreadable.since,
    until = unreadable.until,
    tries = CASE WHEN quarantine.raw = unreadable.raw THEN tries ELSE 0 END,
    last_load_id = $load_id
FROM unreadable
WHERE quarantine.identity = unreadable.identity AND resolved_by IS NULL AND facts = $facts AND platform = $platform
    AND account_id = $account_id AND level = $level AND attribution = $attribution;

INSERT INTO quarantine
SELECT
    (SELECT coalesce(max(quarantine_id), 0) FROM quarantine) + row_number() OVER (ORDER BY date, entity_id, identity),
    $facts, $platform, $account_id, $level, $attribution,
    entity_id, date, date_stop, breakdown, has_whole_key, since, until, field, reason, raw, identity,
    $load_id, $load_id, NULL, 0, NULL
FROM unreadable
WHERE NOT EXISTS (
    SELECT 1 FROM quarantine AS known
    WHERE known.identity = unreadable.identity AND resolved_by IS NULL AND facts = $facts AND platform = $platform
        AND account_id = $account_id AND level = $level AND attribution = $attribution
);

-- Of a row that does not tell its day, the days that have been read without it are in doubt no more.
UPDATE quarantine
SET
    since = CASE WHEN since BETWEEN $since::DATE AND $until::DATE THEN $until::DATE + 1 ELSE since END,
    until = CASE WHEN until BETWEEN $since::DATE AND $until::DATE THEN $since::DATE - 1 ELSE until END
WHERE $is_complete AND date IS NULL AND resolved_by IS NULL AND last_load_id < $load_id AND facts = $facts
    AND platform = $platform AND account_id = $account_id AND level = $level AND attribution = $attribution;

UPDATE quarantine
SET resolved_by = $load_id
WHERE resolved_by IS NULL AND last_load_id < $load_id AND facts = $facts AND platform = $platform
    AND account_id = $account_id AND level = $level AND attribution = $attribution
    AND (
        has_whole_key AND EXISTS (SELECT 1 FROM stage WHERE {same_key})
        OR $is_complete AND (
            since IS NULL OR since > until OR date >= $since::DATE AND date_stop <= $until::DATE
        )
    );
