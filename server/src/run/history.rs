//! What was kept back while a line was down, told afterwards: it makes stays, visits, counts and heat, and no moment.
//!
//! Each box and store has a machine of its own for it, on the time of what it tells, beside the one for what happens now.
//! What comes out is committed and never reaches a customer's machine.

use std::collections::BTreeMap;

use engine::shop::{Command, Input, Shop};
use model::ids::{GatewayId, StoreId};
use model::reading::Reading;
use model::sighting::Sighting;
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use wire::uplink::Batch;

use super::Taken;
use super::owner::Owner;
use super::requests::dropped;

/// A box that sends nothing of the past for so long has told it all.
const SILENCE: Millis = Millis::minutes(2);
/// Most steps in which a machine ends what is open; far more than there are visits.
const STEPS_MAX: usize = 100_000;

/// The machines that tell the past.
#[derive(Debug, Default)]
pub(super) struct Histories(BTreeMap<(StoreId, GatewayId), History>);

#[derive(Debug)]
struct History {
    shop: Shop,
    /// The time of what was told last.
    told: Timestamp,
    /// When it was told, by our clock.
    at: Timestamp,
    /// Where each subject was seen last, for the heat map.
    seen: BTreeMap<Subject, Timestamp>,
}

/// One thing that was heard.
enum Heard {
    Sighting(Sighting),
    Reading(Reading),
}

impl Heard {
    const fn at(&self) -> Timestamp {
        match self {
            Self::Sighting(sighting) => sighting.at,
            Self::Reading(reading) => reading.at,
        }
    }
}

impl Owner {
    /// Takes a batch that was kept back.
    pub(super) fn past(&mut self, gateway: &GatewayId, batch: Batch) -> Taken {
        // The box is there, though its receivers were heard long ago.
        self.live.heard(gateway, batch.health.as_ref(), &[], self.now);
        let sightings = batch.sightings.into_iter().map(Heard::Sighting);
        let mut all: Vec<Heard> = sightings.chain(batch.readings.into_iter().map(Heard::Reading)).collect();
        all.sort_by_key(Heard::at);
        for heard in all {
            match heard {
                Heard::Sighting(sighting) => self.past_sighting(gateway, sighting),
                Heard::Reading(reading) => self.past_reading(gateway, reading),
            }
        }
        metrics::counter!("batches_total").increment(1);
        metrics::counter!("batches_historical_total").increment(1);
        Taken::Stored
    }

    /// Ends what boxes have told in full.
    pub(super) fn close_histories(&mut self) {
        let now = self.clock.now();
        let done = self.histories.0.extract_if(.., |_, history| now.since(history.at) > SILENCE);
        for ((store, gateway), mut history) in done.collect::<Vec<_>>() {
            for _ in 0..STEPS_MAX {
                let Some(due) = history.shop.poll_timeout().filter(|_| !history.shop.is_empty()) else { break };
                history.shop.handle_timeout(due);
            }
            self.keep_past(&store, &mut history);
            tracing::info!(%store, %gateway, "{gateway} has told what it had kept back");
        }
    }

    fn past_sighting(&mut self, gateway: &GatewayId, mut sighting: Sighting) {
        let Some(store) = self.places.store_of_receiver(&sighting.receiver).cloned() else {
            return dropped("unknown-receiver");
        };
        sighting.at = self.plausible(sighting.at);
        metrics::counter!("sightings_total", "source" => "history").increment(1);
        // Receivers and fixed beacons are nobody, and the calibration learns from what is heard now.
        if self.places.anchor(&store, &sighting.transmitter).is_some() {
            return;
        }
        match self.identity.past_subject(&sighting.transmitter, sighting.at, &store, &self.places) {
            Ok(subject) => {
                let at = sighting.at;
                self.tell_past(store, gateway, Input::Sighting { subject, sighting }, at);
            }
            Err(reason) => dropped(reason),
        }
    }

    fn past_reading(&mut self, gateway: &GatewayId, mut reading: Reading) {
        let Some(store) = self.places.store_of_sensor(&reading.sensor).cloned() else {
            return dropped("unknown-sensor");
        };
        reading.at = self.plausible(reading.at);
        let at = reading.at;
        self.tell_past(store, gateway, Input::Reading(reading), at);
    }

    fn tell_past(&mut self, store: StoreId, gateway: &GatewayId, input: Input, at: Timestamp) {
        let key = (store, gateway.clone());
        let known = self.histories.0.remove(&key);
        let fresh = || {
            let shop = self.core.unvisited(&key.0)?;
            Some(History { shop, told: at, at: self.now, seen: BTreeMap::new() })
        };
        let Some(mut history) = known.or_else(fresh) else { return };
        history.told = history.told.max(at);
        history.at = self.now;
        history.shop.handle(input, history.told);
        self.keep_past(&key.0, &mut history);
        self.histories.0.insert(key, history);
    }

    fn keep_past(&mut self, store: &StoreId, history: &mut History) {
        while let Some(command) = history.shop.poll_command() {
            match command {
                Command::Presence(presence) => {
                    let is_known = self.identity.may_name(&presence.subject);
                    self.effects.changes.presence(presence, is_known);
                }
                Command::Visit(visit) => {
                    if visit.ended.is_some() {
                        history.seen.remove(&visit.subject);
                    }
                    let is_known = self.identity.may_name(&visit.subject);
                    self.effects.changes.visit(visit, is_known);
                }
                Command::Reading(reading) => {
                    self.effects.readings.push((store.clone(), reading.clone()));
                    self.effects.changes.readings.push((store.clone(), reading));
                }
                Command::Position(position) => {
                    if let Some(before) = history.seen.insert(position.subject.clone(), position.at) {
                        self.live.past_position(store, &position, before);
                    }
                }
                // These are about now, or lead to moments.
                Command::Quiet { .. } | Command::Attribution(_) | Command::PutBack(_) | Command::Occupancy(_) => {}
            }
        }
    }
}
