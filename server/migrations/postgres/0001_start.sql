-- Times are milliseconds since 1970, ids are text, documents are JSON text.
CREATE TABLE secrets (name TEXT PRIMARY KEY, value BYTEA NOT NULL);
CREATE TABLE accounts (name TEXT PRIMARY KEY, password_hash TEXT NOT NULL, created_at BIGINT NOT NULL);
CREATE TABLE sessions (
  hash BYTEA PRIMARY KEY,
  account TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
  expires_at BIGINT NOT NULL
);
CREATE TABLE access_keys (
  hash BYTEA PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (kind, name)
);
CREATE TABLE broker_users (
  name TEXT PRIMARY KEY,
  role TEXT NOT NULL,
  password_hash BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE shops (
  store TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  shop_toml TEXT NOT NULL,
  floor_geojson TEXT NOT NULL,
  applied_at BIGINT NOT NULL
);
-- `used` is what was leased out, `leased` the last lease, `granted` what decisions took; the rest returns at a start.
CREATE TABLE budgets (
  store TEXT NOT NULL,
  offer TEXT NOT NULL,
  used BIGINT NOT NULL,
  granted BIGINT NOT NULL,
  leased BIGINT NOT NULL,
  PRIMARY KEY (store, offer)
);

-- A row here is a person who consents to something; nobody else has one.
CREATE TABLE customers (
  id TEXT PRIMARY KEY,
  locating BIGINT NOT NULL,
  profiling BIGINT NOT NULL,
  marketing_push BIGINT NOT NULL,
  at BIGINT NOT NULL,
  text_version TEXT NOT NULL,
  channel TEXT NOT NULL,
  snapshot TEXT
);
CREATE TABLE consents (
  customer TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  locating BIGINT NOT NULL,
  profiling BIGINT NOT NULL,
  marketing_push BIGINT NOT NULL,
  text_version TEXT NOT NULL,
  channel TEXT NOT NULL
);
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
  created_at BIGINT NOT NULL
);
CREATE INDEX devices_customer ON devices (customer);

CREATE TABLE visits (
  id TEXT PRIMARY KEY,
  store TEXT NOT NULL,
  subject TEXT,
  started BIGINT NOT NULL,
  last_heard BIGINT NOT NULL,
  ended BIGINT,
  sightings BIGINT NOT NULL
);
CREATE INDEX visits_started ON visits (store, started);
CREATE INDEX visits_open ON visits (store) WHERE ended IS NULL;
CREATE INDEX visits_subject ON visits (subject);
CREATE TABLE presence (
  visit TEXT NOT NULL,
  zone TEXT NOT NULL,
  since BIGINT NOT NULL,
  store TEXT NOT NULL,
  subject TEXT,
  kind TEXT NOT NULL,
  at BIGINT NOT NULL,
  dwelling_at BIGINT,
  left_at BIGINT,
  probability DOUBLE PRECISION NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (visit, zone, since)
);
CREATE INDEX presence_since ON presence (store, since);
CREATE INDEX presence_open ON presence (store) WHERE left_at IS NULL;
CREATE INDEX presence_subject ON presence (subject);
CREATE TABLE counts (
  store TEXT NOT NULL,
  quarter BIGINT NOT NULL,
  zone TEXT NOT NULL,
  kind TEXT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (store, quarter, zone, kind)
);
CREATE TABLE readings (
  store TEXT NOT NULL,
  at BIGINT NOT NULL,
  sensor TEXT NOT NULL,
  reading TEXT NOT NULL
);
CREATE INDEX readings_at ON readings (store, at);

CREATE TABLE decisions (
  id TEXT PRIMARY KEY,
  store TEXT NOT NULL,
  customer TEXT,
  at BIGINT NOT NULL,
  zone TEXT NOT NULL,
  visit TEXT NOT NULL,
  offer TEXT,
  code TEXT,
  holdout BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX decisions_at ON decisions (store, at);
CREATE INDEX decisions_customer ON decisions (customer);
CREATE TABLE deliveries (
  id TEXT PRIMARY KEY,
  decision TEXT NOT NULL UNIQUE,
  customer TEXT NOT NULL,
  store TEXT NOT NULL,
  decided_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  leased_until BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX deliveries_due ON deliveries (expires_at) WHERE state IN ('pending', 'sending');
CREATE INDEX deliveries_customer ON deliveries (customer, decided_at);
CREATE TABLE outcomes (
  decision TEXT NOT NULL REFERENCES decisions (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (decision, kind)
);

CREATE TABLE message_ids (id TEXT PRIMARY KEY, at BIGINT NOT NULL);
CREATE INDEX message_ids_at ON message_ids (at);
CREATE TABLE watermarks (
  gateway TEXT NOT NULL,
  spool BYTEA NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (gateway, spool)
);
