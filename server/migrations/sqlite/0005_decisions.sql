-- Decisions made exact and measurable: what is reserved, bought, learnt, steered and recorded.
CREATE TABLE reservations (
  decision TEXT PRIMARY KEY,
  store TEXT NOT NULL,
  offer TEXT NOT NULL,
  customer TEXT NOT NULL,
  category TEXT,
  brand TEXT,
  at INTEGER NOT NULL,
  counted INTEGER NOT NULL
) STRICT;
CREATE INDEX reservations_customer ON reservations (customer, at);
CREATE INDEX reservations_at ON reservations (at);

-- One line of an order, and the decision that it is put down to.
CREATE TABLE purchases (
  order_id TEXT NOT NULL,
  product TEXT NOT NULL,
  customer TEXT NOT NULL,
  store TEXT,
  decision TEXT,
  at INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  margin INTEGER NOT NULL,
  PRIMARY KEY (order_id, product)
) STRICT;
CREATE INDEX purchases_customer ON purchases (customer, at);
CREATE INDEX purchases_decision ON purchases (decision);
CREATE INDEX purchases_at ON purchases (at);

CREATE TABLE learnt (
  which TEXT NOT NULL,
  key TEXT NOT NULL,
  a REAL NOT NULL,
  b REAL NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (which, key)
) STRICT;

-- What people said about offers; the newest row of an offer counts.
CREATE TABLE levers (
  seq INTEGER PRIMARY KEY,
  store TEXT NOT NULL,
  offer TEXT NOT NULL,
  weight REAL NOT NULL,
  pin INTEGER NOT NULL,
  ban INTEGER NOT NULL,
  approved INTEGER NOT NULL,
  said_by TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX levers_offer ON levers (store, offer, seq);

CREATE TABLE epochs (
  store TEXT NOT NULL,
  offer TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  digest TEXT NOT NULL,
  share REAL NOT NULL,
  watch TEXT NOT NULL,
  started INTEGER NOT NULL,
  stopped INTEGER,
  why TEXT,
  PRIMARY KEY (store, offer, epoch)
) STRICT;

-- What came in about customers, so that it can be played again; kept for a few days.
CREATE TABLE inputs (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  start INTEGER NOT NULL,
  customer TEXT,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX inputs_at ON inputs (at);
CREATE INDEX inputs_customer ON inputs (customer);

ALTER TABLE decisions ADD COLUMN control INTEGER NOT NULL DEFAULT 0;
ALTER TABLE decisions ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0;
ALTER TABLE decisions ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE decisions ADD COLUMN policy TEXT NOT NULL DEFAULT 'house';
CREATE INDEX decisions_offer ON decisions (store, offer, epoch) WHERE offer IS NOT NULL;
