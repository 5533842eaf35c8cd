-- How far the clock of each run of a gateway is off, for what that run left in the spool.
CREATE TABLE gateway_clocks (
  gateway TEXT NOT NULL,
  boot BLOB NOT NULL,
  offset_ms INTEGER NOT NULL,
  drift_ms INTEGER NOT NULL,
  sure INTEGER NOT NULL,
  belief TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (gateway, boot)
) STRICT;
