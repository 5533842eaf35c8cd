//! What a store counted in each quarter of an hour, for the watch over it.

use std::collections::BTreeMap;

use model::ids::StoreId;
use model::time::Millis;

use super::driver::Value;
use super::rows::CountKind;
use super::{Result, Store};

/// A quarter of an hour, in milliseconds.
pub(crate) const QUARTER_MS: i64 = 15 * 60 * 1_000;

/// What happened in a quarter of an hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Stays in zones that began.
    pub came: u64,
    /// Offers that were sent.
    pub told: u64,
    /// Of these, those of which any device has said anything.
    pub heard: u64,
    /// Of these, those that were taken up.
    pub taken: u64,
}

impl Store {
    /// What a store counted, by the number of the quarter, from one on and before another; quarters without anything are
    /// left out. What was heard and taken up counts within these times of the decision, so that a quarter that is just
    /// over and an old one are counted alike.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tallies(
        &self,
        store: &StoreId,
        from: i64,
        before: i64,
        [heard, taken]: [Millis; 2],
    ) -> Result<BTreeMap<i64, Tally>> {
        let mut tallies: BTreeMap<i64, Tally> = BTreeMap::new();
        let range = || -> Vec<Value> {
            let [from, before] = [from, before].map(|quarter| quarter.saturating_mul(QUARTER_MS));
            vec![store.as_str().into(), from.into(), before.into()]
        };
        let sql = "SELECT quarter / $5, CAST(SUM(n) AS BIGINT) FROM counts \
                   WHERE store = $1 AND quarter >= $2 AND quarter < $3 AND kind = $4 GROUP BY 1 ORDER BY 1";
        let mut args = range();
        args.extend([CountKind::Entered.name().into(), QUARTER_MS.into()]);
        for row in self.fetch("read counts", sql, args).await? {
            tallies.entry(row.int(0)?).or_default().came += row.unsigned(1)?;
        }
        let sql = "SELECT since / $4, COUNT(*) FROM presence WHERE store = $1 AND since >= $2 AND since < $3 \
                   GROUP BY 1 ORDER BY 1";
        let mut args = range();
        args.push(QUARTER_MS.into());
        for row in self.fetch("read stays", sql, args).await? {
            tallies.entry(row.int(0)?).or_default().came += row.unsigned(1)?;
        }
        let sql = "SELECT d.decided_at / $6, COUNT(*), \
                   CAST(SUM(CASE WHEN EXISTS (SELECT 1 FROM outcomes o WHERE o.decision = d.decision AND o.kind IN \
                   ('delivered', 'opened', 'dismissed', 'muted', 'later', 'more', 'redeemed') AND o.at < d.decided_at + $4) THEN 1 ELSE 0 END) AS BIGINT), \
                   CAST(SUM(CASE WHEN EXISTS (SELECT 1 FROM outcomes o WHERE o.decision = d.decision AND o.kind IN \
                   ('redeemed', 'purchased') AND o.at < d.decided_at + $5) THEN 1 ELSE 0 END) AS BIGINT) \
                   FROM deliveries d WHERE d.store = $1 AND d.decided_at >= $2 AND d.decided_at < $3 \
                   AND d.state = 'sent' GROUP BY 1 ORDER BY 1";
        let mut args = range();
        args.extend([heard.0.into(), taken.0.into(), QUARTER_MS.into()]);
        for row in self.fetch("read what was told", sql, args).await? {
            let tally = tallies.entry(row.int(0)?).or_default();
            (tally.told, tally.heard, tally.taken) = (row.unsigned(1)?, row.unsigned(2)?, row.unsigned(3)?);
        }
        Ok(tallies)
    }
}
