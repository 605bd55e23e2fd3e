ALTER TABLE load ADD COLUMN undoes BIGINT; -- the load of an imported file that this one takes back
