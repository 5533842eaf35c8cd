//! Decisions with what became of them, and the outbox of deliveries.

use std::collections::{BTreeMap, BTreeSet};

use model::decision::{Choice, Decision, Explanation, Moment, Word};
use model::delivery::Delivery;
use model::ids::{CustomerId, DecisionId, PolicyId, StoreId};
use model::outcome::Outcome;
use model::policy::Policy;
use model::time::{Millis, Timestamp};
use model::units::Probability;
use serde::{Deserialize, Serialize};

use super::driver::{Row, Value, from_json, from_name};
use super::rows::{DecisionFact, DecisionRow, ERASED, OfferRow, Outbox};
use super::{Result, Store};

/// How many decisions one query looks for.
const AT_ONCE: usize = 500;

/// A decision as it is stored: without its customer, who has a column that can be erased.
#[derive(Serialize, Deserialize)]
pub(super) struct Body {
    moment: Moment,
    choice: Choice,
    propensity: Probability,
    holdout: bool,
    #[serde(default)]
    control: bool,
    #[serde(default)]
    shadow: bool,
    #[serde(default)]
    policy: Option<PolicyId>,
    #[serde(default)]
    model: u64,
    #[serde(default)]
    epoch: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    words_aside: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    words: Vec<Word>,
    explanation: Explanation,
}

impl From<&Decision> for Body {
    fn from(decision: &Decision) -> Self {
        Self {
            moment: decision.moment.clone(),
            choice: decision.choice.clone(),
            propensity: decision.propensity,
            holdout: decision.holdout,
            control: decision.control,
            shadow: decision.shadow,
            policy: Some(decision.policy.clone()),
            model: decision.model,
            epoch: decision.epoch,
            words_aside: decision.words_aside,
            words: decision.words.clone(),
            explanation: decision.explanation.clone(),
        }
    }
}

impl Store {
    /// One decision.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn decision(&self, id: DecisionId) -> Result<Option<DecisionRow>> {
        let sql = "SELECT d.id, d.customer, d.body, v.state FROM decisions d \
                   LEFT JOIN deliveries v ON v.decision = d.id WHERE d.id = $1";
        let Some(row) = self.fetch_one("read a decision", sql, vec![id.to_string().into()]).await? else {
            return Ok(None);
        };
        let sql = "SELECT decision, kind, at FROM outcomes WHERE decision = $1 ORDER BY at, kind";
        let outcomes = self.fetch("read outcomes", sql, vec![id.to_string().into()]).await?;
        decision(&row, &mut by_decision(&outcomes)?).map(Some)
    }

    /// Those of many decisions that told somebody an offer, with when they were made.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn said(&self, decisions: &BTreeSet<DecisionId>) -> Result<BTreeMap<DecisionId, Timestamp>> {
        // An id is 32 digits, so many are one text, which both databases take apart alike.
        let sql = "WITH RECURSIVE place(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM place WHERE n + 1 < $2) \
                   SELECT d.id, d.at FROM place JOIN decisions d ON d.id = SUBSTR($1, place.n * 32 + 1, 32) \
                   WHERE d.offer IS NOT NULL AND d.holdout = 0 AND d.control = 0 AND d.shadow = 0";
        let mut said = BTreeMap::new();
        let all: Vec<String> = decisions.iter().map(DecisionId::to_string).collect();
        for some in all.chunks(AT_ONCE) {
            let count = i64::try_from(some.len()).unwrap_or(i64::MAX);
            for row in
                self.fetch("read which decisions were said", sql, vec![some.concat().into(), count.into()]).await?
            {
                said.insert(row.id(0, "decision")?, row.time(1)?);
            }
        }
        Ok(said)
    }

    /// Decisions of a store in `[from, before)`, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn decisions(
        &self,
        store: &StoreId,
        from: Timestamp,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<DecisionRow>> {
        let args = vec![store.as_str().into(), from.into(), before.into(), i64::from(limit).into()];
        let sql = "SELECT d.id, d.customer, d.body, v.state FROM decisions d \
                   LEFT JOIN deliveries v ON v.decision = d.id \
                   WHERE d.store = $1 AND d.at >= $2 AND d.at < $3 ORDER BY d.at DESC, d.id DESC LIMIT $4";
        let rows = self.fetch("read decisions", sql, args.clone()).await?;
        let sql = "SELECT decision, kind, at FROM outcomes WHERE decision IN (SELECT id FROM decisions \
                   WHERE store = $1 AND at >= $2 AND at < $3 ORDER BY at DESC, id DESC LIMIT $4) ORDER BY at, kind";
        let mut outcomes = by_decision(&self.fetch("read outcomes", sql, args).await?)?;
        rows.iter().map(|row| decision(row, &mut outcomes)).collect()
    }

    /// Decisions of every store in `[from, to)` after a place in their order, oldest first, each with what the shop
    /// earned on purchases that are put down to it, in cents.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn decision_log(
        &self,
        from: Timestamp,
        to: Timestamp,
        after: Option<(Timestamp, DecisionId)>,
        limit: u32,
    ) -> Result<Vec<(DecisionRow, i64)>> {
        let (at, id) = after.map_or((i64::MIN, String::new()), |(at, id)| (at.0, id.to_string()));
        let args: Vec<Value> = vec![from.into(), to.into(), at.into(), id.into(), i64::from(limit).into()];
        let sql = "SELECT d.id, d.customer, d.body, v.state, (SELECT CAST(COALESCE(SUM(p.margin), 0) AS BIGINT) \
                   FROM purchases p WHERE p.decision = d.id) FROM decisions d \
                   LEFT JOIN deliveries v ON v.decision = d.id WHERE d.at >= $1 AND d.at < $2 \
                   AND (d.at > $3 OR (d.at = $3 AND d.id > $4)) ORDER BY d.at, d.id LIMIT $5";
        let rows = self.fetch("read the log of decisions", sql, args.clone()).await?;
        let sql = "SELECT decision, kind, at FROM outcomes WHERE decision IN (SELECT id FROM decisions \
                   WHERE at >= $1 AND at < $2 AND (at > $3 OR (at = $3 AND id > $4)) ORDER BY at, id LIMIT $5) \
                   ORDER BY at, kind";
        let mut outcomes = by_decision(&self.fetch("read outcomes", sql, args).await?)?;
        rows.iter().map(|row| Ok((decision(row, &mut outcomes)?, row.int(4)?))).collect()
    }

    /// What figures need to know of the decisions of a store in `[from, to)`, oldest first; those in shadow are nobody's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn decision_facts(&self, store: &StoreId, from: Timestamp, to: Timestamp) -> Result<Vec<DecisionFact>> {
        let sql = "SELECT d.id, d.at, d.zone, d.offer, d.code, \
                   CAST(CASE WHEN d.holdout + d.control > 0 THEN 1 ELSE 0 END AS BIGINT), v.state FROM decisions d \
                   LEFT JOIN deliveries v ON v.decision = d.id \
                   WHERE d.store = $1 AND d.shadow = 0 AND d.at >= $2 AND d.at < $3 ORDER BY d.at, d.id";
        let rows = self.fetch("read decisions", sql, vec![store.as_str().into(), from.into(), to.into()]).await?;
        rows.iter().map(fact).collect()
    }

    /// The outcomes of decisions that a store made in `[from, to)`, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn outcomes(&self, store: &StoreId, from: Timestamp, to: Timestamp) -> Result<Vec<Outcome>> {
        let sql = "SELECT o.decision, o.kind, o.at FROM outcomes o JOIN decisions d ON d.id = o.decision \
                   WHERE d.store = $1 AND d.at >= $2 AND d.at < $3 ORDER BY o.at, o.decision, o.kind";
        let rows = self.fetch("read outcomes", sql, vec![store.as_str().into(), from.into(), to.into()]).await?;
        rows.iter().map(outcome).collect()
    }

    /// The offers made to a customer since a moment, newest first; at most 100.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn offers_of(&self, customer: &CustomerId, since: Timestamp) -> Result<Vec<OfferRow>> {
        let args = vec![customer.as_str().into(), since.into()];
        let sql = "SELECT v.body, v.state, d.body FROM deliveries v JOIN decisions d ON d.id = v.decision \
                   WHERE v.customer = $1 AND v.decided_at >= $2 ORDER BY v.decided_at DESC LIMIT 100";
        let rows = self.fetch("read a customer's offers", sql, args.clone()).await?;
        let sql = "SELECT o.decision, o.kind, o.at FROM outcomes o JOIN deliveries v ON v.decision = o.decision \
                   WHERE v.customer = $1 AND v.decided_at >= $2 ORDER BY o.at, o.kind";
        let mut outcomes = by_decision(&self.fetch("read outcomes", sql, args).await?)?;
        rows.iter().map(|row| offer(row, &mut outcomes)).collect()
    }

    /// Claims deliveries that are due: nobody else gets them before `lease` has passed, also after a crash.
    /// What a worker claims it finishes with [`crate::run::Handle::delivery`] or [`Store::postpone_delivery`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_deliveries(&self, now: Timestamp, lease: Millis, limit: u32) -> Result<Vec<Outbox>> {
        let sql = "UPDATE deliveries SET state = 'sending', attempts = attempts + 1, leased_until = $2 \
                   WHERE id IN (SELECT id FROM deliveries WHERE state IN ('pending', 'sending') AND expires_at > $1 \
                   AND leased_until <= $1 ORDER BY decided_at LIMIT $3) RETURNING body, attempts";
        let args = vec![now.into(), (now + lease).into(), i64::from(limit).into()];
        let step = super::driver::Step::Execute { sql, args };
        let done = self.transact("claim deliveries", vec![step]).await?;
        let mut claimed = done.iter().flat_map(|done| &done.rows).map(outbox).collect::<Result<Vec<_>>>()?;
        claimed.sort_by_key(|outbox| (outbox.delivery.decided_at, outbox.delivery.id));
        Ok(claimed)
    }

    /// Gives a claimed delivery back, to be claimed again not before `until`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn postpone_delivery(&self, decision: DecisionId, until: Timestamp) -> Result<()> {
        let sql =
            "UPDATE deliveries SET state = 'pending', leased_until = $2 WHERE decision = $1 AND state = 'sending'";
        self.execute("postpone a delivery", sql, vec![decision.to_string().into(), until.into()]).await.map(|_| ())
    }

    /// Deliveries that were not finished in time; the worker reports each as expired.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn late_deliveries(&self, now: Timestamp, limit: u32) -> Result<Vec<Delivery>> {
        let sql = "SELECT body FROM deliveries WHERE state IN ('pending', 'sending') AND expires_at <= $1 \
                   ORDER BY expires_at LIMIT $2";
        let rows = self.fetch("read late deliveries", sql, vec![now.into(), i64::from(limit).into()]).await?;
        rows.iter().map(|row| row.json(0, "delivery")).collect()
    }
}

type Outcomes = BTreeMap<DecisionId, Vec<Outcome>>;

fn by_decision(rows: &[Row]) -> Result<Outcomes> {
    let mut outcomes = Outcomes::new();
    for row in rows {
        let outcome = outcome(row)?;
        outcomes.entry(outcome.decision).or_default().push(outcome);
    }
    Ok(outcomes)
}

fn outcome(row: &Row) -> Result<Outcome> {
    Ok(Outcome { decision: row.id(0, "decision")?, kind: from_name(row.text(1)?, "outcome")?, at: row.time(2)? })
}

fn decision(row: &Row, outcomes: &mut Outcomes) -> Result<DecisionRow> {
    let id: DecisionId = row.id(0, "decision")?;
    let body: Body = row.json(2, "decision")?;
    let customer = match row.opt_text(1)? {
        Some(_) => row.id(1, "customer")?,
        None => CustomerId::new(ERASED).expect("the word is a reference"),
    };
    let policy = body.policy.unwrap_or_else(|| Policy::default().id);
    Ok(DecisionRow {
        decision: Decision {
            id,
            customer,
            moment: body.moment,
            choice: body.choice,
            propensity: body.propensity,
            holdout: body.holdout,
            control: body.control,
            shadow: body.shadow,
            policy,
            model: body.model,
            epoch: body.epoch,
            words_aside: body.words_aside,
            words: body.words,
            explanation: body.explanation,
        },
        delivery: row.opt_text(3)?.map(|name| from_name(name, "delivery state")).transpose()?,
        outcomes: outcomes.remove(&id).unwrap_or_default(),
    })
}

fn fact(row: &Row) -> Result<DecisionFact> {
    Ok(DecisionFact {
        id: row.id(0, "decision")?,
        at: row.time(1)?,
        zone: row.id(2, "zone")?,
        offer: if row.opt_text(3)?.is_some() { Some(row.id(3, "offer")?) } else { None },
        code: row.opt_text(4)?.map(str::to_owned),
        holdout: row.flag(5)?,
        delivery: row.opt_text(6)?.map(|name| from_name(name, "delivery state")).transpose()?,
    })
}

fn offer(row: &Row, outcomes: &mut Outcomes) -> Result<OfferRow> {
    let delivery: Delivery = row.json(0, "delivery")?;
    let body: Body = from_json(row.text(2)?, "decision")?;
    Ok(OfferRow {
        state: from_name(row.text(1)?, "delivery state")?,
        explanation: body.explanation,
        outcomes: outcomes.remove(&delivery.decision).unwrap_or_default(),
        delivery,
    })
}

fn outbox(row: &Row) -> Result<Outbox> {
    let attempts = row.int(1)?.saturating_sub(1);
    Ok(Outbox { delivery: row.json(0, "delivery")?, attempts: u32::try_from(attempts).unwrap_or(u32::MAX) })
}
