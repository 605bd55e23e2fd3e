-- Insights as the platform reported them, every version of every row.
-- Grain: one row per key and version. Key: platform, account_id, level, entity_id, date, date_stop, breakdown,
-- attribution. A version holds from load `known_from` up to, but not including, load `known_to`; the open version of a
-- key has known_to = 9223372036854775807. A key that the platform no longer returns has no open version.
CREATE TABLE insight_version (
    platform VARCHAR NOT NULL,
    account_id VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    entity_id VARCHAR NOT NULL,
    date DATE NOT NULL,
    date_stop DATE NOT NULL,
    breakdown VARCHAR NOT NULL,
    attribution VARCHAR NOT NULL,
    campaign_id VARCHAR,
    adset_id VARCHAR,
    currency VARCHAR NOT NULL,
    spend_micros BIGINT,
    impressions BIGINT,
    clicks BIGINT,
    link_clicks BIGINT,
    reach BIGINT,
    actions STRUCT(action_type VARCHAR, total BIGINT, click_1d BIGINT, click_7d BIGINT, click_28d BIGINT, view_1d BIGINT)[],
    action_values STRUCT(action_type VARCHAR, total BIGINT, click_1d BIGINT, click_7d BIGINT, click_28d BIGINT, view_1d BIGINT)[],
    known_from BIGINT NOT NULL,
    known_to BIGINT NOT NULL
);

-- Accounts, campaigns, ad sets and ads, every version of every object.
-- Grain: one row per key and version. Key: platform, account_id, level, entity_id.
CREATE TABLE entity_version (
    platform VARCHAR NOT NULL,
    account_id VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    entity_id VARCHAR NOT NULL,
    campaign_id VARCHAR,
    adset_id VARCHAR,
    name VARCHAR,
    status VARCHAR,
    effective_status VARCHAR,
    objective VARCHAR,
    currency VARCHAR,
    time_zone VARCHAR,
    daily_budget_micros BIGINT,
    lifetime_budget_micros BIGINT,
    created_at_utc TIMESTAMP,
    attributes VARCHAR,
    known_from BIGINT NOT NULL,
    known_to BIGINT NOT NULL
);

-- What was read, in the order in which it became known. Grain: one row per load. Key: load_id, a counter.
-- `known_at_utc` is the platform's own clock at the end of the read; `complete` says whether all of the coverage was read.
CREATE TABLE load (
    load_id BIGINT NOT NULL,
    known_at_utc TIMESTAMP NOT NULL,
    facts VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    account_id VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    since DATE,
    until DATE,
    complete BOOLEAN NOT NULL,
    inserted BIGINT NOT NULL,
    restated BIGINT NOT NULL,
    closed BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    repeated BIGINT NOT NULL
);

-- What is known now, and what was known after load `as_of_load`. Grain and key as in the versions.
CREATE VIEW insights AS
SELECT * EXCLUDE (known_from, known_to) FROM insight_version WHERE known_to = 9223372036854775807;

CREATE MACRO insights_as_of(as_of_load) AS TABLE
SELECT * EXCLUDE (known_from, known_to) FROM insight_version
WHERE known_from <= as_of_load AND known_to > as_of_load;

CREATE VIEW entities AS
SELECT * EXCLUDE (known_from, known_to) FROM entity_version WHERE known_to = 9223372036854775807;

CREATE MACRO entities_as_of(as_of_load) AS TABLE
SELECT * EXCLUDE (known_from, known_to) FROM entity_version
WHERE known_from <= as_of_load AND known_to > as_of_load;
