-- Ads point to the creative that they show.
ALTER TABLE entity_version ADD COLUMN creative_id VARCHAR; -- of an ad

CREATE OR REPLACE VIEW entities AS
SELECT * EXCLUDE (known_from, known_to) FROM entity_version WHERE known_to = 9223372036854775807;

-- Creatives: what the ads show, every version. Grain: one row per key and version.
-- Key: platform, account_id, creative_id.
CREATE TABLE creative_version (
    platform VARCHAR NOT NULL,
    account_id VARCHAR NOT NULL,
    creative_id VARCHAR NOT NULL,
    name VARCHAR,
    title VARCHAR, -- the headline
    body VARCHAR, -- the main text
    object_type VARCHAR,
    call_to_action VARCHAR,
    link_url VARCHAR,
    image_url VARCHAR,
    thumbnail_url VARCHAR,
    video_id VARCHAR,
    status VARCHAR,
    attributes VARCHAR, -- '' or a JSON object of text
    known_from BIGINT NOT NULL,
    known_to BIGINT NOT NULL
);

-- People reached in a window of days, every version; people are not added up over windows, days or objects.
-- Grain: one row per key and version. Key: platform, account_id, level, entity_id, window_days, date_stop, attribution.
CREATE TABLE reach_version (
    platform VARCHAR NOT NULL,
    account_id VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    entity_id VARCHAR NOT NULL,
    window_days INTEGER NOT NULL, -- 1, 7 or 28
    date_stop DATE NOT NULL, -- the last day of the window
    attribution VARCHAR NOT NULL,
    campaign_id VARCHAR,
    adset_id VARCHAR,
    reach BIGINT, -- people who saw it at least once
    impressions BIGINT, -- frequency is impressions / reach
    known_from BIGINT NOT NULL,
    known_to BIGINT NOT NULL
);

CREATE VIEW creatives AS
SELECT * EXCLUDE (known_from, known_to) FROM creative_version WHERE known_to = 9223372036854775807;

CREATE MACRO creatives_as_of(as_of_load) AS TABLE
SELECT * EXCLUDE (known_from, known_to) FROM creative_version
WHERE known_from <= as_of_load AND known_to > as_of_load;

CREATE VIEW reach AS
SELECT * EXCLUDE (known_from, known_to) FROM reach_version WHERE known_to = 9223372036854775807;

CREATE MACRO reach_as_of(as_of_load) AS TABLE
SELECT * EXCLUDE (known_from, known_to) FROM reach_version
WHERE known_from <= as_of_load AND known_to > as_of_load;
