//! What people's words about an offer brought: customers for whom they counted beside those for whom they were put aside.

use std::collections::{BTreeMap, BTreeSet};

use measure::lift::Unit;
use model::ids::{OfferId, ProductId, StoreId};
use model::time::{Millis, Timestamp};

use super::driver::Value;
use super::{Result, Store};

/// Most words about one offer that are looked at for how long the newest weight and pin hold.
const WORDS_MAX: u32 = 1_000;

/// A customer since they could first have been told, before what they bought is known.
struct Met {
    since: Timestamp,
    unit: Unit,
}

/// Since when people let an offer be said, or keep it from being said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leave {
    /// Since when it is approved; none when it never waited for that, or is not.
    pub approved: Option<Timestamp>,
    /// Since when it is banned.
    pub banned: Option<Timestamp>,
}

impl Store {
    /// Since when the newest approval or ban of an offer holds.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn leave_of(&self, store: &StoreId, offer: &OfferId) -> Result<Leave> {
        let said = self.levers_of(store, offer, WORDS_MAX).await?;
        let run = |of: fn(&model::offer::Lever) -> bool| said.iter().take_while(|row| of(&row.lever)).count();
        let (approved, banned) = (run(|lever| lever.approved), run(|lever| lever.ban));
        let begun = |run: usize| run.checked_sub(1).map(|last| said[last].at);
        Ok(Leave { approved: begun(approved).filter(|_| approved < said.len()), banned: begun(banned) })
    }

    /// Since when the weight and the pin of an offer are as they are; none when there is neither.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn word_since(&self, store: &StoreId, offer: &OfferId) -> Result<Option<Timestamp>> {
        let said = self.levers_of(store, offer, WORDS_MAX).await?;
        let Some(newest) = said.first().map(|row| row.lever).filter(model::offer::Lever::says) else {
            return Ok(None);
        };
        let same =
            |row: &&super::LeverRow| row.lever.pin == newest.pin && row.lever.weight.total_cmp(&newest.weight).is_eq();
        Ok(said.iter().take_while(same).last().map(|row| row.at))
    }

    /// One unit for each customer whom the offer might have been said to since then, whether or not it was: treated are
    /// those for whom people's words counted, and a conversion is any purchase of `products` from then on, so that
    /// neither side is credited for having been told. `share` are put aside; the holdout is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn word_units(
        &self,
        (store, offer): (&StoreId, &OfferId),
        products: &BTreeSet<&ProductId>,
        share: f64,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Unit>> {
        let key: [Value; 4] = [store.as_str().into(), offer.as_str().into(), share.into(), since.into()];
        let sql = "SELECT d.customer, CAST(MAX(w.aside) AS BIGINT), MIN(d.at) \
                   FROM decision_words w JOIN decisions d ON d.id = w.decision \
                   WHERE d.store = $1 AND w.offer = $2 AND w.share = $3 AND d.at >= $4 \
                   AND d.holdout = 0 AND d.shadow = 0 AND d.customer IS NOT NULL GROUP BY d.customer";
        let mut people: BTreeMap<String, Met> = BTreeMap::new();
        for row in self.fetch("read whom a word was about", sql, key.to_vec()).await? {
            let unit = Unit { treated: row.int(1)? == 0, converted: false, value: 0.0, before: 0.0 };
            people.insert(row.text(0)?.to_owned(), Met { since: row.time(2)?, unit });
        }
        let sql = "SELECT p.customer, p.product, p.margin, p.at FROM purchases p WHERE p.at >= $5 AND p.customer IN \
                   (SELECT d.customer FROM decision_words w JOIN decisions d ON d.id = w.decision \
                    WHERE d.store = $1 AND w.offer = $2 AND w.share = $3 AND d.at >= $4 \
                    AND d.holdout = 0 AND d.shadow = 0 AND d.customer IS NOT NULL)";
        let earliest = since - now.since(since).max(Millis::ZERO);
        let args = key.into_iter().chain([earliest.into()]).collect();
        for row in self.fetch("read what they bought", sql, args).await? {
            let Some(met) = people.get_mut(row.text(0)?) else { continue };
            let (margin, at) = (row.int(2)?, row.time(3)?);
            #[expect(clippy::cast_precision_loss, reason = "amounts of money are far below 2^53 cents")]
            let cents = margin as f64;
            if at >= met.since {
                let product: ProductId = row.id(1, "product")?;
                met.unit.converted |= products.contains(&product);
                met.unit.value += cents;
            } else if met.since.since(at) <= now.since(met.since) {
                met.unit.before += cents;
            }
        }
        Ok(people.into_values().map(|met| met.unit).collect())
    }
}
