-- How far the clock of each run of a gateway is off, for what that run left in the spool.
CREATE TABLE gateway_clocks (
  gateway TEXT NOT NULL,
  boot BYTEA NOT NULL,
  offset_ms BIGINT NOT NULL,
  drift_ms BIGINT NOT NULL,
  sure BIGINT NOT NULL,
  belief TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (gateway, boot)
);
