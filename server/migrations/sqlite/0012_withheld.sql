-- Why a delivery was not sent after all.
ALTER TABLE deliveries ADD COLUMN code TEXT;
-- What was told in a store, by quarters of an hour.
CREATE INDEX deliveries_store ON deliveries (store, decided_at);
