//! Retention: what is older than its time goes.

use model::time::{Millis, Timestamp};

use super::driver::Step;
use super::{HEAT_PEOPLE_MIN, Result, Store};
use crate::identity::MEETING_WINDOW;

/// How long an hour of heat with too few people is kept: while it lasts, there may be enough of them yet.
const THIN_KEPT: Millis = Millis::hours(2);

/// How long it is kept what came in about customers, so that it can be played again: no longer than that needs.
const INPUTS_KEPT: Millis = Millis::hours(7 * 24);

/// How long it is kept that somebody withdrew: so late may a grant of before that arrive and still be known as one.
const WITHDRAWALS_KEPT: Millis = Millis::hours(30 * 24);

/// How long a one-time token is remembered after its time, so that who comes too late is told so.
const TOKENS_KEPT: Millis = Millis::hours(7 * 24);

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Visits, presences, readings and decisions.
    pub visits: Millis,
    /// The ids of events.
    pub message_ids: Millis,
    /// Deliveries that are over.
    pub deliveries: Millis,
    /// How long people stood where.
    pub heat: Millis,
}

impl Store {
    /// Deletes what is older than its time, and answers how many rows went.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge(&self, retention: Retention, now: Timestamp) -> Result<u64> {
        let visits = now - retention.visits;
        let olds = [
            ("DELETE FROM visits WHERE last_heard < $1", visits),
            ("DELETE FROM presence WHERE at < $1", visits),
            ("DELETE FROM readings WHERE at < $1", visits),
            ("DELETE FROM deliveries WHERE expires_at < $1", now - retention.deliveries),
            ("DELETE FROM decisions WHERE at < $1", visits),
            ("DELETE FROM reservations WHERE at < $1", visits),
            ("DELETE FROM purchases WHERE at < $1", visits),
            ("DELETE FROM inputs WHERE at < $1", now - INPUTS_KEPT),
            ("DELETE FROM meetings WHERE at < $1", now - MEETING_WINDOW),
            ("DELETE FROM message_ids WHERE at < $1", now - retention.message_ids),
            ("DELETE FROM withdrawals WHERE at < $1", now - WITHDRAWALS_KEPT),
            ("DELETE FROM sessions WHERE expires_at < $1", now),
            ("DELETE FROM gateway_tokens WHERE expires_at < $1", now - TOKENS_KEPT),
            ("DELETE FROM heat WHERE hour < $1", now - retention.heat),
        ];
        let mut gone = 0;
        // One transaction each, so that a large purge does not hold up commits longer than it must.
        for (sql, before) in olds {
            let done = self.transact("purge", vec![Step::Execute { sql, args: vec![before.into()] }]).await?;
            gone += done.iter().map(|done| done.affected).sum::<u64>();
        }
        let thin = "DELETE FROM heat WHERE hour < $1 AND people < $2";
        let args = vec![(now - THIN_KEPT).into(), i64::from(HEAT_PEOPLE_MIN).into()];
        Ok(gone + self.execute("purge", thin, args).await?)
    }
}
