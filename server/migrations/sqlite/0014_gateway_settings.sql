-- Settings from afar, one document for each scope: fleet, store:ID, gateway:ID. Versions are never given twice.
CREATE TABLE gateway_settings (
  scope TEXT PRIMARY KEY,
  version INTEGER NOT NULL UNIQUE,
  document TEXT NOT NULL,
  may_lose_receivers INTEGER NOT NULL,
  said_by TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
-- Gateways that were thrown out and not let in again.
CREATE TABLE gateway_revocations (
  gateway TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT;
