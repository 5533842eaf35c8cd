-- How long people stood where, by floor and hour: no row is about a person. `cells` is column, row (i16) and seconds (f32), little-endian.
CREATE TABLE heat (
  store TEXT NOT NULL,
  floor TEXT NOT NULL,
  hour BIGINT NOT NULL,
  people BIGINT NOT NULL,
  cells BYTEA NOT NULL,
  PRIMARY KEY (store, floor, hour)
);
CREATE INDEX heat_hour ON heat (hour);
-- The floor as it was shown, a minute a row: places without names, as deflated JSON.
CREATE TABLE replay (
  store TEXT NOT NULL,
  at BIGINT NOT NULL,
  until BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  frames BYTEA NOT NULL,
  PRIMARY KEY (store, at)
);
