-- What is known of a shop's radio, by where it is from: `self` is its own traffic, `survey` a walk through it; as JSON, nothing about persons.
CREATE TABLE calibration (
  store TEXT NOT NULL,
  source TEXT NOT NULL,
  json TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (store, source)
);
