-- Nights read the days of such a row again; the pauses between these tries grow as long as they hear the same.
ALTER TABLE quarantine ADD COLUMN tries BIGINT DEFAULT 0; -- reads for the sake of the row alone, since it last came otherwise
ALTER TABLE quarantine ADD COLUMN tried_on DATE; -- the account's day of the last of them; missing: none yet
