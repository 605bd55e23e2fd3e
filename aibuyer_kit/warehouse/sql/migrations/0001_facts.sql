-- Insights as the platform reported them, every version of every row.
-- Grain: one row per key and version. Key: platform, account_id, level, entity_id, date, date_stop, breakdown,
-- attribution. A version holds from load `known_from` up to, but not including, load `known_to`; the open version of a
-- key has known_to = 9223372036854775807. A key that the platform no longer returns has no open version.
CREATE TABLE insight_version (
    platform VARCHAR NOT NULL, -- the connector, such as meta
    account_id VARCHAR NOT NULL, -- the ad account, as the platform writes it
    level VARCHAR NOT NULL, -- account, campaign, adset or ad
    entity_id VARCHAR NOT NULL, -- the object of that level
    date DATE NOT NULL, -- first day
    date_stop DATE NOT NULL, -- last day; later than `date` only in the total of a stated period
    breakdown VARCHAR NOT NULL, -- '' or a JSON object with sorted keys
    attribution VARCHAR NOT NULL, -- the setting under which the platform counted
    campaign_id VARCHAR, -- the campaign above it
    adset_id VARCHAR, -- the ad set above it
    currency VARCHAR NOT NULL, -- ISO 4217 code of the row's money
    spend_micros BIGINT,
    impressions BIGINT,
    clicks BIGINT,
    link_clicks BIGINT,
    reach BIGINT,
    -- actions: by action type and attribution window; missing: not reported, empty: none came
    actions STRUCT(action_type VARCHAR, total BIGINT, click_1d BIGINT, click_7d BIGINT, click_28d BIGINT, view_1d BIGINT)[],
    -- action_values: the same for their value, in micros
    action_values STRUCT(action_type VARCHAR, total BIGINT, click_1d BIGINT, click_7d BIGINT, click_28d BIGINT, view_1d BIGINT)[],
    known_from BIGINT NOT NULL, -- the load that brought the version
    known_to BIGINT NOT NULL -- the load that ended it
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
    name VARCHAR, -- as people named it: untrusted text
    status VARCHAR, -- what the advertiser set
    effective_status VARCHAR, -- what holds, given all that is above
    objective VARCHAR, -- of the campaign
    currency VARCHAR,
    time_zone VARCHAR, -- of the account, an IANA name
    daily_budget_micros BIGINT, -- missing where the budget is set elsewhere
    lifetime_budget_micros BIGINT, -- missing where the budget is set elsewhere
    created_at_utc TIMESTAMP, -- when the object was made
    attributes VARCHAR, -- further text: a JSON object with sorted keys
    known_from BIGINT NOT NULL,
    known_to BIGINT NOT NULL
);

-- What was read, in the order in which it became known. Grain: one row per load. Key: load_id, a counter.
-- `known_at_utc` is the platform's own clock at the end of the read. `extent` is `complete` (all of the coverage was
-- read), `partial` (the source tells only a part, as a file does), `replacing` (a file is all there is of the coverage)
-- or `broken` (the read broke off).
CREATE TABLE load (
    load_id BIGINT NOT NULL, -- a counter over all loads of the client
    known_at_utc TIMESTAMP NOT NULL, -- the platform's clock at the end of the read
    facts VARCHAR NOT NULL, -- insights, `insights by` names of a breakdown, entities, creatives, or `reach of` N days
    platform VARCHAR NOT NULL,
    account_id VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    since DATE, -- first day that was asked for
    until DATE, -- last day that was asked for
    extent VARCHAR NOT NULL, -- complete, doubtful, partial, replacing or broken
    inserted BIGINT NOT NULL, -- rows with a new key
    restated BIGINT NOT NULL, -- rows that differ from the version before
    closed BIGINT NOT NULL, -- keys that are no longer returned
    unchanged BIGINT NOT NULL, -- rows as they were
    repeated BIGINT NOT NULL -- rows returned more than once, each time the same
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
