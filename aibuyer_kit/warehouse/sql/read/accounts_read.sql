-- Accounts whose insights were read whole up to load $1. Grain: one row per account.
SELECT DISTINCT platform, account_id
FROM load
WHERE facts = 'insights' AND extent IN {whole_reads} AND load_id <= $1
ORDER BY ALL
