-- The last known name of every object of $level, also of one that the platform lists no more. Grain: one row per object.
SELECT platform, account_id, entity_id, max_by(name, known_from) AS name
FROM entity_version
WHERE level = $level AND known_from <= $as_of_load AND name IS NOT NULL
GROUP BY ALL
ORDER BY ALL
