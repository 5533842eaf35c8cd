-- Since when the share of customers kept without offers is what it is: the comparison of all offers begins there.
ALTER TABLE shops ADD COLUMN holdout_since BIGINT;
UPDATE shops SET holdout_since = applied_at;
