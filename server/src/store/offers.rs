//! How each offer of a store fares: whom it was said to, what came of it, and what is left of its budget.

use std::collections::BTreeMap;

use model::ids::{OfferId, StoreId};

use super::{Result, Store};

/// How an offer fared in one epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfferFigures {
    /// Decisions that said it, and whose delivery did not fail.
    pub told: u64,
    /// Decisions that chose it for somebody who is kept without it.
    pub kept_back: u64,
    /// Decisions that chose it in shadow.
    pub shadow: u64,
    /// Of those told, how many opened it.
    pub opened: u64,
    /// Of those told, how many used it.
    pub redeemed: u64,
    /// Of those told, how many bought what it is about.
    pub purchased: u64,
    /// Customers who were told, and those of them who bought.
    pub treated: (u64, u64),
    /// Customers who would have been told, and those of them who bought.
    pub control: (u64, u64),
}

impl Store {
    /// How every offer of a store fared, by its epochs.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn offer_figures(&self, store: &StoreId) -> Result<BTreeMap<(OfferId, u32), OfferFigures>> {
        let mut figures: BTreeMap<(OfferId, u32), OfferFigures> = BTreeMap::new();
        let id = vec![store.as_str().into()];
        let sql = "SELECT d.offer, d.epoch, \
            CAST(SUM(CASE WHEN d.holdout + d.control + d.shadow = 0 AND COALESCE(v.state, 'sent') = 'sent' THEN 1 ELSE 0 END) AS BIGINT), \
            CAST(SUM(CASE WHEN d.shadow = 0 AND d.holdout + d.control > 0 THEN 1 ELSE 0 END) AS BIGINT), \
            CAST(SUM(CASE WHEN d.shadow = 0 THEN 0 ELSE 1 END) AS BIGINT) \
            FROM decisions d LEFT JOIN deliveries v ON v.decision = d.id \
            WHERE d.store = $1 AND d.offer IS NOT NULL GROUP BY d.offer, d.epoch";
        for row in self.fetch("count who was told", sql, id.clone()).await? {
            let offer = figures.entry((row.id(0, "offer")?, epoch(row.int(1)?))).or_default();
            (offer.told, offer.kept_back, offer.shadow) = (row.unsigned(2)?, row.unsigned(3)?, row.unsigned(4)?);
        }
        let sql = "SELECT d.offer, d.epoch, o.kind, CAST(COUNT(*) AS BIGINT) \
            FROM outcomes o JOIN decisions d ON d.id = o.decision \
            WHERE d.store = $1 AND d.offer IS NOT NULL AND d.holdout + d.control + d.shadow = 0 \
            AND o.kind IN ('opened', 'redeemed', 'purchased') GROUP BY d.offer, d.epoch, o.kind";
        for row in self.fetch("count what came of offers", sql, id.clone()).await? {
            let offer = figures.entry((row.id(0, "offer")?, epoch(row.int(1)?))).or_default();
            let count = row.unsigned(3)?;
            match row.text(2)? {
                "opened" => offer.opened = count,
                "redeemed" => offer.redeemed = count,
                _ => offer.purchased = count,
            }
        }
        // A customer is one unit of the comparison, as in the report on one offer.
        let sql = "SELECT u.offer, u.epoch, u.kept, CAST(COUNT(*) AS BIGINT), CAST(SUM(u.bought) AS BIGINT) FROM \
            (SELECT d.offer AS offer, d.epoch AS epoch, d.customer AS customer, \
             CAST(MAX(CASE WHEN d.holdout + d.control > 0 THEN 1 ELSE 0 END) AS BIGINT) AS kept, \
             MAX(CASE WHEN EXISTS (SELECT 1 FROM purchases p WHERE p.decision = d.id) THEN 1 ELSE 0 END) AS bought \
             FROM decisions d WHERE d.store = $1 AND d.offer IS NOT NULL AND d.shadow = 0 AND d.customer IS NOT NULL \
             GROUP BY d.offer, d.epoch, d.customer) u GROUP BY u.offer, u.epoch, u.kept";
        for row in self.fetch("count both arms", sql, id).await? {
            let offer = figures.entry((row.id(0, "offer")?, epoch(row.int(1)?))).or_default();
            let arm = if row.int(2)? > 0 { &mut offer.control } else { &mut offer.treated };
            *arm = (row.unsigned(3)?, row.unsigned(4)?);
        }
        Ok(figures)
    }

    /// How many of each budget of a store were given out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn budgets_given(&self, store: &StoreId) -> Result<BTreeMap<OfferId, u64>> {
        let sql = "SELECT offer, granted FROM budgets WHERE store = $1 ORDER BY offer";
        let rows = self.fetch("read the budgets", sql, vec![store.as_str().into()]).await?;
        rows.iter().map(|row| Ok((row.id(0, "offer")?, row.unsigned(1)?))).collect()
    }
}

fn epoch(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
