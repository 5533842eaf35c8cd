-- Who does not want to be heard in a store: part of a keyed hash of the address, and when it was said.
CREATE TABLE objections (
  store TEXT NOT NULL,
  hash INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (store, hash)
) STRICT;
