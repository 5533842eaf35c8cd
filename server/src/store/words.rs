//! What people's words about an offer brought: customers for whom they counted beside those for whom they were put aside.

use std::collections::{BTreeMap, BTreeSet};

use measure::lift::Unit;
use model::ids::{OfferId, ProductId, StoreId};
use model::offer::Lever;
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

/// Since when people's newest words on an offer hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Words {
    /// Since when its weight and pin are as they are; none when there is neither.
    pub moved: Option<Timestamp>,
    /// Since when it is approved; none when it never waited for that, or is not.
    pub approved: Option<Timestamp>,
    /// Since when it is banned.
    pub banned: Option<Timestamp>,
}

impl Store {
    /// Since when people's newest words on an offer hold.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn words_of(&self, store: &StoreId, offer: &OfferId) -> Result<Words> {
        let said = self.levers_of(store, offer, WORDS_MAX).await?;
        let since =
            |holds: &dyn Fn(&Lever) -> bool| said.iter().take_while(|row| holds(&row.lever)).last().map(|row| row.at);
        let newest = said.first().map(|row| row.lever).filter(Lever::says);
        let same = |one: &Lever, other: Lever| one.pin == other.pin && one.weight.total_cmp(&other.weight).is_eq();
        let has_waited = said.iter().any(|row| !row.lever.approved);
        Ok(Words {
            moved: newest.and_then(|newest| since(&|lever| same(lever, newest))),
            approved: since(&|lever| lever.approved).filter(|_| has_waited),
            banned: since(&|lever| lever.ban),
        })
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
