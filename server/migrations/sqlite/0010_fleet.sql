-- What is missing below the watermark of a gateway's spool, and may still come: what is new goes first, the rest behind it.
CREATE TABLE watermark_gaps (
  gateway TEXT NOT NULL,
  spool BLOB NOT NULL,
  gaps TEXT NOT NULL,
  PRIMARY KEY (gateway, spool)
) STRICT;
-- One-time tokens with which a gateway gets its first certificate; only hashes are kept.
CREATE TABLE gateway_tokens (
  hash BLOB PRIMARY KEY,
  gateway TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;
-- The certificates that gateways were given.
CREATE TABLE gateway_certificates (
  serial TEXT PRIMARY KEY,
  gateway TEXT NOT NULL,
  issued_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE INDEX gateway_certificates_gateway ON gateway_certificates (gateway);
CREATE INDEX gateway_certificates_revoked ON gateway_certificates (revoked_at);
