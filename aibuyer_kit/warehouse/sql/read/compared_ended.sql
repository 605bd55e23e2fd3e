-- The days with versions that have ended since what is compared was read. Grain: one row, empty without any.
WITH {compared}
SELECT min(date), max(date) FROM ended
