-- Thinning once left a version open beside the one that had replaced it, where the later one still held: both counted.
-- A version ends where the next one of its key begins; nothing else is changed.
UPDATE insight_version AS version SET known_to = later.known_from_next
FROM (
    SELECT rowid AS id, lead(known_from) OVER (PARTITION BY platform, account_id, level, entity_id, date, date_stop, breakdown, attribution ORDER BY known_from) AS known_from_next
    FROM insight_version
) AS later
WHERE later.id = version.rowid AND later.known_from_next < version.known_to;

UPDATE entity_version AS version SET known_to = later.known_from_next
FROM (
    SELECT rowid AS id, lead(known_from) OVER (PARTITION BY platform, account_id, level, entity_id ORDER BY known_from) AS known_from_next
    FROM entity_version
) AS later
WHERE later.id = version.rowid AND later.known_from_next < version.known_to;

UPDATE creative_version AS version SET known_to = later.known_from_next
FROM (
    SELECT rowid AS id, lead(known_from) OVER (PARTITION BY platform, account_id, creative_id ORDER BY known_from) AS known_from_next
    FROM creative_version
) AS later
WHERE later.id = version.rowid AND later.known_from_next < version.known_to;

UPDATE reach_version AS version SET known_to = later.known_from_next
FROM (
    SELECT rowid AS id, lead(known_from) OVER (PARTITION BY platform, account_id, level, entity_id, window_days, date_stop, attribution ORDER BY known_from) AS known_from_next
    FROM reach_version
) AS later
WHERE later.id = version.rowid AND later.known_from_next < version.known_to;
