//! Retention: what is older than its time goes.

use model::time::{Millis, Timestamp};

use super::driver::Step;
use super::{Result, Store};

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Visits, presences, readings and decisions.
    pub visits: Millis,
    /// The ids of events.
    pub message_ids: Millis,
    /// Deliveries that are over.
    pub deliveries: Millis,
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
            ("DELETE FROM message_ids WHERE at < $1", now - retention.message_ids),
            ("DELETE FROM sessions WHERE expires_at < $1", now),
        ];
        let mut gone = 0;
        // One transaction each, so that a large purge does not hold up commits longer than it must.
        for (sql, before) in olds {
            let done = self.transact("purge", vec![Step::Execute { sql, args: vec![before.into()] }]).await?;
            gone += done.iter().map(|done| done.affected).sum::<u64>();
        }
        Ok(gone)
    }
}
