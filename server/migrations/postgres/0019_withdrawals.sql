-- A keyed hash of who withdrew everything, and when: a grant of before that arrives later is not taken.
CREATE TABLE withdrawals (trace TEXT PRIMARY KEY, at BIGINT NOT NULL);
CREATE INDEX withdrawals_at ON withdrawals (at);
