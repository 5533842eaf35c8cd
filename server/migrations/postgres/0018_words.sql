-- The offers that a decision might have said and that people weighed or pinned, and whether that was put aside.
CREATE TABLE decision_words (
  decision TEXT NOT NULL REFERENCES decisions (id) ON DELETE CASCADE,
  offer TEXT NOT NULL,
  share DOUBLE PRECISION NOT NULL,
  aside BIGINT NOT NULL,
  PRIMARY KEY (decision, offer)
);
CREATE INDEX decision_words_offer ON decision_words (offer, share);
