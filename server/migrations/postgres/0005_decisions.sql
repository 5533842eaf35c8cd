-- Decisions made exact and measurable: what is reserved, bought, learnt, steered and recorded.
CREATE TABLE reservations (
  decision TEXT PRIMARY KEY,
  store TEXT NOT NULL,
  offer TEXT NOT NULL,
  customer TEXT NOT NULL,
  category TEXT,
  brand TEXT,
  at BIGINT NOT NULL,
  counted BIGINT NOT NULL
);
CREATE INDEX reservations_customer ON reservations (customer, at);
CREATE INDEX reservations_at ON reservations (at);

-- One line of an order, and the decision that it is put down to.
CREATE TABLE purchases (
  order_id TEXT NOT NULL,
  product TEXT NOT NULL,
  customer TEXT NOT NULL,
  store TEXT,
  decision TEXT,
  at BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  margin BIGINT NOT NULL,
  PRIMARY KEY (order_id, product)
);
CREATE INDEX purchases_customer ON purchases (customer, at);
CREATE INDEX purchases_decision ON purchases (decision);
CREATE INDEX purchases_at ON purchases (at);

CREATE TABLE learnt (
  which TEXT NOT NULL,
  key TEXT NOT NULL,
  a DOUBLE PRECISION NOT NULL,
  b DOUBLE PRECISION NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (which, key)
);

-- What people said about offers; the newest row of an offer counts.
CREATE TABLE levers (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  store TEXT NOT NULL,
  offer TEXT NOT NULL,
  weight DOUBLE PRECISION NOT NULL,
  pin BIGINT NOT NULL,
  ban BIGINT NOT NULL,
  approved BIGINT NOT NULL,
  said_by TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX levers_offer ON levers (store, offer, seq);

CREATE TABLE epochs (
  store TEXT NOT NULL,
  offer TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  digest TEXT NOT NULL,
  share DOUBLE PRECISION NOT NULL,
  watch TEXT NOT NULL,
  started BIGINT NOT NULL,
  stopped BIGINT,
  why TEXT,
  PRIMARY KEY (store, offer, epoch)
);

-- What came in about customers, so that it can be played again; kept for a few days.
CREATE TABLE inputs (
  seq BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  start BIGINT NOT NULL,
  customer TEXT,
  body TEXT NOT NULL
);
CREATE INDEX inputs_at ON inputs (at);
CREATE INDEX inputs_customer ON inputs (customer);

ALTER TABLE decisions ADD COLUMN control BIGINT NOT NULL DEFAULT 0;
ALTER TABLE decisions ADD COLUMN shadow BIGINT NOT NULL DEFAULT 0;
ALTER TABLE decisions ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE decisions ADD COLUMN policy TEXT NOT NULL DEFAULT 'house';
CREATE INDEX decisions_offer ON decisions (store, offer, epoch) WHERE offer IS NOT NULL;
