-- Why a delivery was not sent after all.
ALTER TABLE deliveries ADD COLUMN code TEXT;
