//! What was learnt, the measurements it comes from, and what was bought: kept in the commit that caused it.

use std::collections::BTreeSet;

use engine::core::{Epoch, Which};
use engine::shopper::Purchase;
use learn::logistic::Row as Learnt;
use measure::lift::Unit;
use model::ids::{CustomerId, DecisionId, OfferId, ProductId, StoreId};
use model::time::{Millis, Timestamp};

use super::driver::{Step, Value, to_json};
use super::{Error, Result, Store};

pub(super) fn learnt_row((which, row): &(Which, Learnt)) -> Vec<Value> {
    vec![which.name().into(), row.key.as_str().into(), row.a.into(), row.b.into(), row.at.into()]
}

pub(super) fn epoch_row(epoch: &Epoch) -> Vec<Value> {
    vec![
        epoch.store.as_str().into(),
        epoch.offer.as_str().into(),
        i64::from(epoch.number).into(),
        epoch.digest.as_str().into(),
        epoch.watch.share().into(),
        to_json(&epoch.watch).into(),
        epoch.started.into(),
        epoch.stopped.into(),
        epoch.why.clone().into(),
    ]
}

/// A line of an order counts once, whoever tells of it; only for a customer who is there.
pub(super) fn purchase_step(customer: &CustomerId, purchase: &Purchase) -> Step {
    let sql = "INSERT INTO purchases (order_id, product, customer, store, decision, at, amount, margin) \
               SELECT $1, $2, id, $4, $5, $6, $7, $8 FROM customers WHERE id = $3 ON CONFLICT DO NOTHING";
    let args = vec![
        purchase.order.as_str().into(),
        purchase.product.as_str().into(),
        customer.as_str().into(),
        purchase.store.as_ref().map(|store| store.as_str().to_owned()).into(),
        purchase.decision.map(|decision| decision.to_string()).into(),
        purchase.at.into(),
        purchase.amount.0.into(),
        purchase.margin.0.into(),
    ];
    Step::Execute { sql, args }
}

impl Store {
    /// Everything learnt.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn learnt(&self) -> Result<Vec<(Which, Learnt)>> {
        let sql = "SELECT which, key, a, b, at FROM learnt ORDER BY which, key";
        let rows = self.fetch("read what was learnt", sql, vec![]).await?;
        let learnt = rows.iter().map(|row| {
            let name = row.text(0)?;
            let wrong = || Error::Corrupt { what: "model", problem: format!("{name:?} is none") };
            let which = Which::from_name(name).ok_or_else(wrong)?;
            Ok((which, Learnt { key: row.text(1)?.to_owned(), a: row.real(2)?, b: row.real(3)?, at: row.time(4)? }))
        });
        learnt.collect()
    }

    /// The newest epoch of every offer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn epochs(&self) -> Result<Vec<Epoch>> {
        let sql = "SELECT store, offer, epoch, digest, watch, started, stopped, why FROM epochs e WHERE epoch = \
                   (SELECT MAX(epoch) FROM epochs o WHERE o.store = e.store AND o.offer = e.offer) \
                   ORDER BY store, offer";
        let rows = self.fetch("read the epochs", sql, vec![]).await?;
        let epochs = rows.iter().map(|row| {
            Ok(Epoch {
                store: row.id(0, "store")?,
                offer: row.id(1, "offer")?,
                number: u32::try_from(row.int(2)?).unwrap_or(0),
                digest: row.text(3)?.to_owned(),
                watch: row.json(4, "watch")?,
                started: row.time(5)?,
                stopped: row.opt_time(6)?,
                why: row.opt_text(7)?.map(str::to_owned),
            })
        });
        epochs.collect()
    }

    /// What a customer bought since a moment; at most 1,000 products.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bought_since(&self, customer: &CustomerId, since: Timestamp) -> Result<BTreeSet<ProductId>> {
        let sql = "SELECT DISTINCT product FROM purchases WHERE customer = $1 AND at >= $2 ORDER BY product LIMIT 1000";
        let rows = self.fetch("read purchases", sql, vec![customer.as_str().into(), since.into()]).await?;
        rows.iter().map(|row| row.id(0, "product")).collect()
    }

    /// Why a delivery was withheld; none when it was not, or when nobody said.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withheld(&self, decision: DecisionId) -> Result<Option<String>> {
        let sql = "SELECT code FROM deliveries WHERE decision = $1";
        let row = self.fetch_one("read a delivery", sql, vec![decision.to_string().into()]).await?;
        row.map_or(Ok(None), |row| Ok(row.opt_text(0)?.map(str::to_owned)))
    }

    /// One unit for each customer who was told or would have been in a time: of an offer in an epoch, or of the whole store by
    /// its holdout, which ends now. A conversion is a purchase put down to such a decision; both arms are credited alike.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lift_units(
        &self,
        store: &StoreId,
        offer: Option<(&OfferId, u32)>,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Unit>> {
        let span = until.since(since).max(Millis::ZERO);
        let times: [Value; 3] = [since.into(), (since - span).into(), store.as_str().into()];
        let (sql, args) = match offer {
            Some((offer, epoch)) => {
                let sql = "SELECT d.customer, MAX(d.holdout + d.control), \
                 (SELECT CAST(COUNT(*) AS BIGINT) FROM purchases p JOIN decisions x ON x.id = p.decision \
                  WHERE x.customer = d.customer AND x.store = $3 AND x.offer = $4 AND x.epoch = $5 AND x.at >= $1 AND p.at < $6), \
                 (SELECT CAST(COALESCE(SUM(p.margin), 0) AS BIGINT) FROM purchases p \
                  WHERE p.customer = d.customer AND p.at >= $1 AND p.at < $6), \
                 (SELECT CAST(COALESCE(SUM(p.margin), 0) AS BIGINT) FROM purchases p \
                  WHERE p.customer = d.customer AND p.at >= $2 AND p.at < $1) \
                 FROM decisions d WHERE d.store = $3 AND d.offer = $4 AND d.epoch = $5 AND d.at >= $1 AND d.at < $6 AND d.shadow = 0 \
                 AND d.customer IS NOT NULL GROUP BY d.customer ORDER BY d.customer";
                let key: [Value; 3] = [offer.as_str().into(), i64::from(epoch).into(), (until + Millis(1)).into()];
                (sql, times.into_iter().chain(key).collect::<Vec<_>>())
            }
            None => {
                let sql = "SELECT d.customer, MAX(d.holdout), \
                 (SELECT CAST(COUNT(*) AS BIGINT) FROM purchases p JOIN decisions x ON x.id = p.decision \
                  WHERE x.customer = d.customer AND x.store = $3 AND x.at >= $1), \
                 (SELECT CAST(COALESCE(SUM(p.margin), 0) AS BIGINT) FROM purchases p \
                  WHERE p.customer = d.customer AND p.at >= $1), \
                 (SELECT CAST(COALESCE(SUM(p.margin), 0) AS BIGINT) FROM purchases p \
                  WHERE p.customer = d.customer AND p.at >= $2 AND p.at < $1) \
                 FROM decisions d WHERE d.store = $3 AND d.at >= $1 AND d.offer IS NOT NULL AND d.shadow = 0 \
                 AND d.customer IS NOT NULL GROUP BY d.customer ORDER BY d.customer";
                (sql, times.to_vec())
            }
        };
        let rows = self.fetch("read who was told", sql, args).await?;
        #[expect(clippy::cast_precision_loss, reason = "amounts of money are far below 2^53 cents")]
        let cents = |n: i64| n as f64;
        let units = rows.iter().map(|row| {
            Ok(Unit {
                treated: row.int(1)? == 0,
                converted: row.int(2)? > 0,
                value: cents(row.int(3)?),
                before: cents(row.int(4)?),
            })
        });
        units.collect()
    }
}
