//! One commit of the owner task: all that a handful of inputs caused, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use engine::core::{Epoch, Which};
use engine::shopper::Purchase;
use learn::logistic::Row as Learnt;
use model::consent::ConsentRecord;
use model::decision::{Choice, Decision};
use model::delivery::{Delivery, DeliveryState};
use model::ids::{CustomerId, DecisionId, DeviceId, GatewayId, MessageId, StoreId, VisitId, ZoneId};
use model::outcome::Outcome;
use model::presence::{Presence, PresenceKind, Visit};
use model::reading::Reading;
use model::subject::Subject;
use model::time::Timestamp;

use super::decisions::Body;
use super::driver::{Step, Table, Value, to_json, to_name};
use super::inputs::Recorded;
use super::merging::{LeverRow, Merged};
use super::reservations::{self, Check, RefusedDecision, Reservation};
use super::rows::{CountKind, Device, Lease};
use super::traffic::{ReadingBody, subject_text};
use super::watch::QUARTER_MS;
use super::{Result, Store, erase, learning, tables};

/// All that is to be committed together. Presences and visits of people without a name become counts.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    pub(crate) consents: Vec<(CustomerId, ConsentRecord)>,
    pub(crate) devices: BTreeMap<DeviceId, Device>,
    /// Devices that got another customer.
    pub(crate) rehomed: BTreeSet<DeviceId>,
    /// Devices that are forgotten.
    pub(crate) unlinked: BTreeSet<DeviceId>,
    /// Customers who may not be located any more.
    pub(crate) hidden: BTreeSet<CustomerId>,
    pub(crate) forgotten: BTreeSet<CustomerId>,
    /// When who is forgotten withdrew, by a trace that names nobody.
    pub(crate) withdrawals: BTreeMap<String, Timestamp>,
    /// What the core keeps of customers, packed.
    pub(crate) profiles: BTreeMap<CustomerId, Option<Vec<u8>>>,
    pub(crate) presences: BTreeMap<(VisitId, ZoneId, Timestamp), Stay>,
    pub(crate) visits: BTreeMap<VisitId, (Option<String>, Visit)>,
    pub(crate) counts: BTreeMap<(StoreId, i64, Option<ZoneId>, CountKind), u64>,
    pub(crate) readings: Vec<(StoreId, Reading)>,
    pub(crate) decisions: BTreeMap<DecisionId, Decision>,
    pub(crate) deliveries: BTreeMap<DecisionId, Delivery>,
    pub(crate) delivery_states: Vec<(CustomerId, DecisionId, DeliveryState)>,
    /// Why deliveries of `delivery_states` are withheld.
    pub(crate) withheld: BTreeMap<DecisionId, &'static str>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) message_ids: BTreeMap<MessageId, Timestamp>,
    pub(crate) watermarks: BTreeMap<(GatewayId, [u8; 16]), (u64, Timestamp)>,
    /// The numbers below them that are missing and may still come.
    pub(crate) watermark_gaps: BTreeMap<(GatewayId, [u8; 16]), String>,
    pub(crate) leases: Vec<Lease>,
    /// What the decisions that are said take of caps and budgets.
    pub(crate) reservations: BTreeMap<DecisionId, Reservation>,
    pub(crate) merged: Vec<Merged>,
    /// Merges that were wrong, and when that was said.
    pub(crate) parted: Vec<(Merged, Timestamp)>,
    pub(crate) levers: Vec<LeverRow>,
    pub(crate) learnt: Vec<(Which, Learnt)>,
    pub(crate) epochs: Vec<Epoch>,
    pub(crate) purchases: Vec<(CustomerId, Purchase)>,
    /// Deliveries that are not wanted any more.
    pub(crate) cancelled: Vec<(CustomerId, DecisionId)>,
    /// What came in about customers, to be played again.
    pub(crate) inputs: Vec<Recorded>,
}

/// A stay with the moments of its changes.
#[derive(Debug, Clone)]
pub(crate) struct Stay {
    subject: Option<String>,
    last: Presence,
    dwelling_at: Option<Timestamp>,
    left_at: Option<Timestamp>,
}

/// What a commit gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Committed {
    /// Units given per lease asked for, in the same order; fewer than asked when fewer were left.
    pub leased: Vec<u64>,
    /// What is taken of the budget of each of these in all.
    pub used: Vec<u64>,
    /// Decisions that others' commits had made one too many; they are logged as silence.
    pub refused: Vec<RefusedDecision>,
    /// Deliveries that were called back before anybody took them up.
    pub cancelled: Vec<(CustomerId, DecisionId)>,
}

impl Changes {
    /// Adds a change of a stay; without the name unless it may be kept.
    pub(crate) fn presence(&mut self, presence: Presence, is_known: bool) {
        let at = presence.at;
        let kind = presence.kind;
        if let Subject::Anonymous(_) = presence.subject {
            match kind {
                PresenceKind::Entered => self.count(presence.store, at, Some(presence.zone), CountKind::Entered),
                PresenceKind::Dwelling => self.count(presence.store, at, Some(presence.zone), CountKind::Dwelt),
                PresenceKind::Left => {}
            }
            return;
        }
        let key = (presence.visit, presence.zone.clone(), presence.since);
        let subject = is_known.then(|| subject_text(&presence.subject)).flatten();
        let stay = self.presences.entry(key).or_insert_with(|| Stay {
            subject: subject.clone(),
            last: presence.clone(),
            dwelling_at: None,
            left_at: None,
        });
        stay.subject = subject;
        match kind {
            PresenceKind::Entered => {}
            PresenceKind::Dwelling => stay.dwelling_at = Some(at),
            PresenceKind::Left => stay.left_at = Some(at),
        }
        stay.last = presence;
    }

    /// Adds a visit that started, went on or ended; without the name unless it may be kept.
    pub(crate) fn visit(&mut self, visit: Visit, is_known: bool) {
        match (&visit.subject, visit.ended) {
            (Subject::Anonymous(_), Some(ended)) => self.count(visit.store, ended, None, CountKind::Visited),
            (Subject::Anonymous(_), None) => {}
            (Subject::Device(_) | Subject::Tag(_), _) => {
                let subject = is_known.then(|| subject_text(&visit.subject)).flatten();
                self.visits.insert(visit.id, (subject, visit));
            }
        }
    }

    fn count(&mut self, store: StoreId, at: Timestamp, zone: Option<ZoneId>, kind: CountKind) {
        let quarter = at.0 - at.0.rem_euclid(QUARTER_MS);
        *self.counts.entry((store, quarter, zone, kind)).or_default() += 1;
    }

    /// The steps in an order that the references between tables allow; forgetting comes last.
    fn steps(&self, checks: &mut Vec<Check>) -> Vec<Step> {
        let mut steps = Vec::new();
        reservations::lock_steps(&mut steps, &self.reservations, &self.decisions);
        self.identity_steps(&mut steps);
        self.decision_steps(&mut steps, checks);
        self.traffic_steps(&mut steps);
        let rows = self.message_ids.iter().map(|(id, at)| vec![id.as_str().into(), (*at).into()]);
        insert(&mut steps, &tables::MESSAGE_IDS, rows.collect());
        let rows = self.watermarks.iter().map(|((gateway, spool), (seq, at))| {
            vec![gateway.as_str().into(), spool.as_slice().into(), whole(*seq).into(), (*at).into()]
        });
        insert(&mut steps, &tables::WATERMARKS, rows.collect());
        let rows = self.watermark_gaps.iter().map(|((gateway, spool), gaps)| {
            vec![gateway.as_str().into(), spool.as_slice().into(), gaps.as_str().into()]
        });
        insert(&mut steps, &tables::WATERMARK_GAPS, rows.collect());
        insert(&mut steps, &tables::LEARNT, self.learnt.iter().map(learning::learnt_row).collect());
        insert(&mut steps, &tables::EPOCHS, self.epochs.iter().map(learning::epoch_row).collect());
        steps.extend(self.purchases.iter().map(|(customer, purchase)| learning::purchase_step(customer, purchase)));
        insert(&mut steps, &tables::INPUTS, self.inputs.iter().map(Recorded::row).collect());
        steps.extend(self.levers.iter().map(LeverRow::step));
        for (merged, at) in &self.parted {
            merged.undo_steps(&mut steps, *at);
        }
        for merged in &self.merged {
            merged.steps(&mut steps);
        }
        let rows = self.withdrawals.iter().map(|(trace, at)| vec![trace.as_str().into(), (*at).into()]);
        insert(&mut steps, &tables::WITHDRAWALS, rows.collect());
        erase::steps(&mut steps, self);
        steps
    }

    fn identity_steps(&self, steps: &mut Vec<Step>) {
        let newest: BTreeMap<&CustomerId, &ConsentRecord> =
            self.consents.iter().map(|(id, record)| (id, record)).collect();
        insert(steps, &tables::CUSTOMERS, newest.into_iter().map(|(id, record)| consent_row(id, record)).collect());
        insert(steps, &tables::CONSENTS, self.consents.iter().map(|(id, record)| consent_row(id, record)).collect());
        insert(steps, &tables::DEVICES, self.devices.values().map(device_row).collect());
        for (customer, profile) in &self.profiles {
            let sql = "UPDATE customers SET profile = $1, snapshot = NULL WHERE id = $2";
            steps.push(Step::Execute { sql, args: vec![profile.clone().into(), customer.as_str().into()] });
        }
    }

    fn decision_steps(&self, steps: &mut Vec<Step>, checks: &mut Vec<Check>) {
        insert(steps, &tables::DECISIONS, self.decisions.values().map(decision_row).collect());
        let words = self.decisions.values().flat_map(|decision| {
            decision.words.iter().map(|word| {
                let aside = decision.words_aside.into();
                vec![decision.id.to_string().into(), word.offer.as_str().into(), word.share.into(), aside]
            })
        });
        insert(steps, &tables::DECISION_WORDS, words.collect());
        for (id, reservation) in &self.reservations {
            if let Some(decision) = self.decisions.get(id) {
                reservations::reserve_steps(steps, checks, decision, reservation);
            }
        }
        insert(steps, &tables::DELIVERIES, self.deliveries.values().map(delivery_row).collect());
        steps.extend(self.reservations.keys().map(|id| reservations::drop_refused_step(*id)));
        for (customer, decision, state) in &self.delivery_states {
            match state {
                DeliveryState::Failed | DeliveryState::Expired | DeliveryState::Withheld => {
                    reservations::release_steps(steps, customer, *decision);
                }
                DeliveryState::Pending | DeliveryState::Sending | DeliveryState::Sent => {}
            }
            let sql = "UPDATE deliveries SET state = $1, code = $4 WHERE decision = $2 AND customer = $3 \
                       AND state IN ('pending', 'sending')";
            let code = self.withheld.get(decision).map(|code| (*code).to_owned());
            let args = vec![to_name(state).into(), decision.to_string().into(), customer.as_str().into(), code.into()];
            steps.push(Step::Execute { sql, args });
        }
        for outcome in &self.outcomes {
            // Only for decisions that are there: one that was purged meanwhile has nothing to say any more.
            let sql = "INSERT INTO outcomes (decision, kind, at) SELECT id, $2, $3 FROM decisions WHERE id = $1 \
                       ON CONFLICT DO NOTHING";
            let args = vec![outcome.decision.to_string().into(), to_name(&outcome.kind).into(), outcome.at.into()];
            steps.push(Step::Execute { sql, args });
        }
    }

    fn traffic_steps(&self, steps: &mut Vec<Step>) {
        insert(
            steps,
            &tables::VISITS,
            self.visits.values().map(|(subject, visit)| visit_row(subject.clone(), visit)).collect(),
        );
        insert(steps, &tables::PRESENCE, self.presences.values().map(stay_row).collect());
        let counts = self.counts.iter().map(|((store, quarter, zone, kind), n)| {
            let zone = zone.as_ref().map_or("", ZoneId::as_str);
            vec![store.as_str().into(), (*quarter).into(), zone.into(), kind.name().into(), whole(*n).into()]
        });
        insert(steps, &tables::COUNTS, counts.collect());
        let readings = self.readings.iter().map(|(store, reading)| {
            let body = to_json(&ReadingBody(reading.kind));
            vec![store.as_str().into(), reading.at.into(), reading.sensor.as_str().into(), body.into()]
        });
        insert(steps, &tables::READINGS, readings.collect());
    }
}

impl Store {
    /// Commits all changes or none; when it returns, they are on disk. Without any, the database is not asked.
    ///
    /// # Errors
    /// When the database fails; the same changes may be tried again.
    pub async fn commit(&self, changes: &Changes) -> Result<Committed> {
        let mut checks = Vec::new();
        let mut steps = changes.steps(&mut checks);
        let first_cancel = steps.len();
        for (customer, decision) in &changes.cancelled {
            reservations::cancel_steps(&mut steps, customer, *decision);
        }
        let first_lease = steps.len();
        for lease in &changes.leases {
            lease_steps(&mut steps, lease);
        }
        if steps.is_empty() {
            return Ok(Committed::default());
        }
        let done = self.transact("commit", steps).await?;
        let (mut leased, mut used) = (Vec::with_capacity(changes.leases.len()), Vec::new());
        // Two steps a lease: the row, then the lease itself.
        for answer in done.iter().skip(first_lease).skip(1).step_by(2) {
            leased.push(answer.rows.first().map_or(Ok(0), |row| row.unsigned(0))?);
            // No row: nothing was left.
            let all = changes.leases.get(used.len()).map_or(0, |lease| lease.budget);
            used.push(answer.rows.first().map_or(Ok(all), |row| row.unsigned(1))?);
        }
        let refused = reservations::refused(&checks, &done, &changes.decisions);
        let answers = done[first_cancel..first_lease].chunks(reservations::CANCEL_STEPS);
        let called_back = changes.cancelled.iter().zip(answers);
        let called_back = called_back.filter(|(_, answers)| answers.last().is_some_and(|last| last.affected > 0));
        let cancelled = called_back.map(|(cancelled, _)| cancelled.clone()).collect();
        Ok(Committed { leased, used, refused, cancelled })
    }
}

fn insert(steps: &mut Vec<Step>, table: &'static Table, rows: Vec<Vec<Value>>) {
    if !rows.is_empty() {
        steps.push(Step::Insert { table, rows });
    }
}

pub(super) fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn lease_steps(steps: &mut Vec<Step>, lease: &Lease) {
    let key: Vec<Value> = vec![lease.store.as_str().into(), lease.offer.as_str().into()];
    let sql =
        "INSERT INTO budgets (store, offer, used, granted, leased) VALUES ($1, $2, 0, 0, 0) ON CONFLICT DO NOTHING";
    steps.push(Step::Execute { sql, args: key.clone() });
    let sql = "UPDATE budgets SET leased = CASE WHEN used + $3 <= $4 THEN $3 ELSE $4 - used END, \
               used = CASE WHEN used + $3 <= $4 THEN used + $3 ELSE $4 END \
               WHERE store = $1 AND offer = $2 AND used < $4 RETURNING leased, used";
    let args = key.into_iter().chain([whole(lease.units).into(), whole(lease.budget).into()]).collect();
    steps.push(Step::Execute { sql, args });
}

fn consent_row(customer: &CustomerId, record: &ConsentRecord) -> Vec<Value> {
    vec![
        customer.as_str().into(),
        record.consent.locating.into(),
        record.consent.profiling.into(),
        record.consent.marketing_push.into(),
        record.at.into(),
        record.text_version.as_str().into(),
        record.channel.as_str().into(),
    ]
}

fn device_row(device: &Device) -> Vec<Value> {
    let push = device.push.as_ref();
    vec![
        device.id.to_string().into(),
        device.customer.as_str().into(),
        device.anonymous.as_ref().map(|id| id.as_str().to_owned()).into(),
        device.platform.as_str().into(),
        device.language.as_ref().map(to_name).into(),
        push.map(|p| p.endpoint.clone()).into(),
        push.map(|p| p.p256dh.clone()).into(),
        push.map(|p| p.auth.clone()).into(),
        device.created_at.into(),
    ]
}

fn visit_row(subject: Option<String>, visit: &Visit) -> Vec<Value> {
    vec![
        visit.id.to_string().into(),
        visit.store.as_str().into(),
        subject.into(),
        visit.started.into(),
        visit.last_heard.into(),
        visit.ended.into(),
        i64::from(visit.sightings).into(),
    ]
}

fn stay_row(stay: &Stay) -> Vec<Value> {
    let presence = &stay.last;
    vec![
        presence.visit.to_string().into(),
        presence.zone.as_str().into(),
        presence.since.into(),
        presence.store.as_str().into(),
        stay.subject.clone().into(),
        to_name(&presence.kind).into(),
        presence.at.into(),
        stay.dwelling_at.into(),
        stay.left_at.into(),
        presence.probability.get().into(),
        to_json(&presence.reason).into(),
    ]
}

fn decision_row(decision: &Decision) -> Vec<Value> {
    let (offer, code) = match &decision.choice {
        Choice::Offer { offer } => (Some(offer.as_str().to_owned()), None),
        Choice::Silence { code } => (None, Some(code.clone())),
    };
    vec![
        decision.id.to_string().into(),
        decision.moment.store.as_str().into(),
        decision.customer.as_str().into(),
        decision.moment.at.into(),
        decision.moment.zone.as_str().into(),
        decision.moment.visit.to_string().into(),
        offer.into(),
        code.into(),
        decision.holdout.into(),
        decision.control.into(),
        decision.shadow.into(),
        i64::from(decision.epoch).into(),
        decision.policy.as_str().into(),
        to_json(&Body::from(decision)).into(),
    ]
}

fn delivery_row(delivery: &Delivery) -> Vec<Value> {
    vec![
        delivery.id.to_string().into(),
        delivery.decision.to_string().into(),
        delivery.customer.as_str().into(),
        delivery.store.as_str().into(),
        delivery.decided_at.into(),
        delivery.expires_at.into(),
        to_name(&DeliveryState::Pending).into(),
        0.into(),
        0.into(),
        to_json(delivery).into(),
    ]
}
