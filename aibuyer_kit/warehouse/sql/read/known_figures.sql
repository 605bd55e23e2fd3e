-- What one account's insights add up to, in each form in which they are known. Grain: one row per form (level, names of
-- the breakdown, attribution), campaign (empty for rows of the whole account) and day or stated period that touches
-- $since to $until. A sum over rows of which one does not report the measure is unknown.
SELECT
    level,
    CASE breakdown WHEN '' THEN '' ELSE array_to_string(json_keys(breakdown), ', ') END AS breakdown,
    attribution,
    date,
    date_stop,
    CASE level WHEN 'account' THEN '' WHEN 'campaign' THEN entity_id ELSE coalesce(campaign_id, '') END AS campaign_id,
    CASE WHEN count(spend_micros) = count(*) THEN sum(spend_micros)::BIGINT END AS spend_micros,
    CASE WHEN count(impressions) = count(*) THEN sum(impressions)::BIGINT END AS impressions,
    CASE WHEN count(clicks) = count(*) THEN sum(clicks)::BIGINT END AS clicks
FROM insights_as_of($as_of_load)
WHERE platform = $platform AND account_id = $account_id AND date <= $until AND date_stop >= $since
GROUP BY ALL
ORDER BY ALL
