-- Keys of which nothing but figures that are broken down is known then. Grain: one row per key without breakdown and
-- attribution. Only these columns are read: there are many rows of each key, and hardly ever is one not reported whole.
-- Marks: {days}, {insights}.
SELECT DISTINCT platform, account_id, level, entity_id, date, date_stop
FROM {insights}
WHERE {days} AND breakdown <> ''
EXCEPT
SELECT platform, account_id, level, entity_id, date, date_stop
FROM {insights}
WHERE {days} AND breakdown = ''
