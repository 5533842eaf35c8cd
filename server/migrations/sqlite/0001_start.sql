-- Times are milliseconds since 1970, ids are text, documents are JSON text.
CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE accounts (name TEXT PRIMARY KEY, password_hash TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
CREATE TABLE sessions (
  hash BLOB PRIMARY KEY,
  account TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE TABLE access_keys (
  hash BLOB PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (kind, name)
) STRICT;
CREATE TABLE broker_users (
  name TEXT PRIMARY KEY,
  role TEXT NOT NULL,
  password_hash BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE shops (
  store TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  shop_toml TEXT NOT NULL,
  floor_geojson TEXT NOT NULL,
  applied_at INTEGER NOT NULL
) STRICT;
-- `used` is what was leased out, `leased` the last lease, `granted` what decisions took; the rest returns at a start.
CREATE TABLE budgets (
  store TEXT NOT NULL,
  offer TEXT NOT NULL,
  used INTEGER NOT NULL,
  granted INTEGER NOT NULL,
  leased INTEGER NOT NULL,
  PRIMARY KEY (store, offer)
) STRICT;

-- A row here is a person who consents to something; nobody else has one.
CREATE TABLE customers (
  id TEXT PRIMARY KEY,
  locating INTEGER NOT NULL,
  profiling INTEGER NOT NULL,
  marketing_push INTEGER NOT NULL,
  at INTEGER NOT NULL,
  text_version TEXT NOT NULL,
  channel TEXT NOT NULL,
  snapshot TEXT
) STRICT;
CREATE TABLE consents (
  customer TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  locating INTEGER NOT NULL,
  profiling INTEGER NOT NULL,
  marketing_push INTEGER NOT NULL,
  text_version TEXT NOT NULL,
  channel TEXT NOT NULL
) STRICT;
CREATE INDEX consents_customer ON consents (customer, at);
CREATE TABLE devices (
  id TEXT PRIMARY KEY,
  customer TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  anonymous TEXT,
  platform TEXT NOT NULL,
  language TEXT,
  endpoint TEXT,
  p256dh TEXT,
  auth TEXT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX devices_customer ON devices (customer);

CREATE TABLE visits (
  id TEXT PRIMARY KEY,
  store TEXT NOT NULL,
  subject TEXT,
  started INTEGER NOT NULL,
  last_heard INTEGER NOT NULL,
  ended INTEGER,
  sightings INTEGER NOT NULL
) STRICT;
CREATE INDEX visits_started ON visits (store, started);
CREATE INDEX visits_open ON visits (store) WHERE ended IS NULL;
CREATE INDEX visits_subject ON visits (subject);
CREATE TABLE presence (
  visit TEXT NOT NULL,
  zone TEXT NOT NULL,
  since INTEGER NOT NULL,
  store TEXT NOT NULL,
  subject TEXT,
  kind TEXT NOT NULL,
  at INTEGER NOT NULL,
  dwelling_at INTEGER,
  left_at INTEGER,
  probability REAL NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (visit, zone, since)
) STRICT;
CREATE INDEX presence_since ON presence (store, since);
CREATE INDEX presence_open ON presence (store) WHERE left_at IS NULL;
CREATE INDEX presence_subject ON presence (subject);
CREATE TABLE counts (
  store TEXT NOT NULL,
  quarter INTEGER NOT NULL,
  zone TEXT NOT NULL,
  kind TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (store, quarter, zone, kind)
) STRICT;
CREATE TABLE readings (
  store TEXT NOT NULL,
  at INTEGER NOT NULL,
  sensor TEXT NOT NULL,
  reading TEXT NOT NULL
) STRICT;
CREATE INDEX readings_at ON readings (store, at);

CREATE TABLE decisions (
  id TEXT PRIMARY KEY,
  store TEXT NOT NULL,
  customer TEXT,
  at INTEGER NOT NULL,
  zone TEXT NOT NULL,
  visit TEXT NOT NULL,
  offer TEXT,
  code TEXT,
  holdout INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_at ON decisions (store, at);
CREATE INDEX decisions_customer ON decisions (customer);
CREATE TABLE deliveries (
  id TEXT PRIMARY KEY,
  decision TEXT NOT NULL UNIQUE,
  customer TEXT NOT NULL,
  store TEXT NOT NULL,
  decided_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  leased_until INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX deliveries_due ON deliveries (expires_at) WHERE state IN ('pending', 'sending');
CREATE INDEX deliveries_customer ON deliveries (customer, decided_at);
CREATE TABLE outcomes (
  decision TEXT NOT NULL REFERENCES decisions (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (decision, kind)
) STRICT;

CREATE TABLE message_ids (id TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
CREATE INDEX message_ids_at ON message_ids (at);
CREATE TABLE watermarks (
  gateway TEXT NOT NULL,
  spool BLOB NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (gateway, spool)
) STRICT;
