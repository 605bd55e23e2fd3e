-- How many rows of a read could not be read and were set aside; the extent of a complete read is `doubtful` then.
ALTER TABLE load ADD COLUMN rejected BIGINT DEFAULT 0;

-- Rows that could not become facts, as they came, until they can be read. Grain: one row per key and what was read; a
-- row whose key is not known whole stands for itself. What such a row may be about is not closed by its read.
CREATE TABLE quarantine (
    quarantine_id BIGINT NOT NULL, -- a counter
    facts VARCHAR NOT NULL, -- what was read, as in load
    platform VARCHAR NOT NULL,
    account_id VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    attribution VARCHAR NOT NULL, -- '' for objects
    entity_id VARCHAR, -- missing: not known
    date DATE, -- first day; missing: not known, or an object
    date_stop DATE, -- last day
    breakdown VARCHAR, -- missing: not known
    has_whole_key BOOLEAN NOT NULL, -- whether nothing of its key is missing
    since DATE, -- first day that was asked for, or is still in doubt
    until DATE, -- last day that was asked for, or is still in doubt
    field VARCHAR NOT NULL, -- what could not be read
    reason VARCHAR NOT NULL,
    raw VARCHAR NOT NULL, -- the row as it came last: canonical JSON without secrets, shortened if it is long
    identity VARCHAR NOT NULL, -- by which it is found again
    load_id BIGINT NOT NULL, -- the load that first met it
    last_load_id BIGINT NOT NULL, -- the load that last met it
    resolved_by BIGINT -- the load that read its key, or read all of its days without it; missing: still open
);
