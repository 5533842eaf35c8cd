-- How well a shop placed its people, by its own account: sums over everybody by zone, receiver and patch, as JSON; one row a day (UTC).
CREATE TABLE place_quality (
  store TEXT NOT NULL,
  day BIGINT NOT NULL,
  quality TEXT NOT NULL,
  PRIMARY KEY (store, day)
);
CREATE INDEX place_quality_day ON place_quality (day);
