-- The names of customers: browsers, phones, cards. They go with the customer.
CREATE TABLE aliases (
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  customer TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  PRIMARY KEY (kind, value)
);
CREATE INDEX aliases_customer ON aliases (customer, kind);
-- Which customers were met under one name; a name that too many share is nobody's for good. Names are keyed hashes.
CREATE TABLE meetings (
  name TEXT NOT NULL,
  customer TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  PRIMARY KEY (name, customer)
);
CREATE INDEX meetings_at ON meetings (at);
CREATE INDEX meetings_customer ON meetings (customer);
CREATE TABLE shared_names (name TEXT PRIMARY KEY, at BIGINT NOT NULL);
-- What was made one, with what is needed to part it again.
CREATE TABLE merges (
  id TEXT PRIMARY KEY,
  from_customer TEXT NOT NULL,
  into_customer TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  consent TEXT NOT NULL,
  devices TEXT NOT NULL,
  aliases TEXT NOT NULL,
  state TEXT,
  undone BIGINT
);
CREATE INDEX merges_into ON merges (into_customer, at);
-- Whom the law asks to delete or not to take in. `subjects` is sealed and goes when it is done; what stays is a keyed hash.
CREATE TABLE regulations (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  subject_type TEXT NOT NULL,
  subjects BYTEA,
  state TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  finished_at BIGINT
);
CREATE INDEX regulations_created ON regulations (created_at, id);
CREATE TABLE suppressed (hash TEXT PRIMARY KEY, at BIGINT NOT NULL);
