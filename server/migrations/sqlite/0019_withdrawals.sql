-- A keyed hash of who withdrew everything, and when: a grant of before that arrives later is not taken.
CREATE TABLE withdrawals (trace TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
CREATE INDEX withdrawals_at ON withdrawals (at);
