-- Ads point to the creative that they show.
ALTER TABLE entity_version ADD COLUMN creative_id VARCHAR; -- of an ad

CREATE OR REPLACE VIEW entities AS
SELECT * EXCLUDE (known_from, known_to) FROM entity_version WHERE known_to = 9223372036854775807;
