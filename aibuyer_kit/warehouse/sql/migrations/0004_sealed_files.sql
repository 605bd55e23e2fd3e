-- Months that no longer change, each in a file of its own below `sealed/`; their rows are in no table here. Grain: one row
-- per file. Key: file_name. Readers see them and the tables here as one relation.
CREATE TABLE sealed_file (
    file_name VARCHAR NOT NULL, -- below sealed/; it holds one table of the name table_name
    table_name VARCHAR NOT NULL, -- insight_version or reach_version
    platform VARCHAR NOT NULL,
    account_id VARCHAR NOT NULL,
    month DATE NOT NULL, -- its first day; every row begins and ends in it
    row_count BIGINT NOT NULL,
    byte_count BIGINT NOT NULL,
    sha256 VARCHAR NOT NULL, -- of the file, in hexadecimal
    sealed_after_load BIGINT NOT NULL -- the last load before it was sealed
);

-- Sealed months that were found damaged or gone: what was known of them before load `lost_after_load` is lost, and what the
-- platform still tells is read again. Grain: one row per lost file. Key: file_name.
CREATE TABLE sealed_loss (
    file_name VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    account_id VARCHAR NOT NULL,
    month DATE NOT NULL,
    row_count BIGINT NOT NULL, -- versions that were lost
    reason VARCHAR NOT NULL, -- what was wrong with the file
    lost_after_load BIGINT NOT NULL -- the last load before the loss was found
);
