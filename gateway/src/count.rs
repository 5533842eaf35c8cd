//! What the box counts: heard, passed on, dropped by reason, and how each receiver fares.

use std::collections::BTreeMap;

use model::ids::ReceiverId;
use model::time::Timestamp;
use wire::uplink::{DROP_CODES_MAX, ReceiverHealth};

use crate::metric::{self, Name};
use crate::radio::port::Heard;

/// Most receivers that are told apart; further ones are heard and not listed.
const RECEIVERS_MAX: usize = 512;

/// Counts since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Advertisements heard.
    pub heard: u64,
    /// Sightings passed on, on either lane.
    pub sightings: u64,
    /// Readings passed on.
    pub readings: u64,
    /// What was left out, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
    /// What the own radio heard and lost on its way to the pipeline, by receiver.
    pub radios: BTreeMap<ReceiverId, Heard>,
    receivers: BTreeMap<ReceiverId, (Timestamp, u64)>,
}

impl Counts {
    /// A receiver heard something.
    pub fn heard(&mut self, receiver: &ReceiverId, at: Timestamp) {
        self.heard += 1;
        metric::add(Name::Heard, 1);
        if let Some(health) = self.receivers.get_mut(receiver) {
            *health = (at, health.1 + 1);
        } else if self.receivers.len() < RECEIVERS_MAX {
            self.receivers.insert(receiver.clone(), (at, 1));
        }
    }

    /// What an adapter of the own radio has counted since the start; what it dropped counts as left out.
    pub fn radio(&mut self, receiver: ReceiverId, heard: &Heard) {
        let before = self.radios.insert(receiver.clone(), *heard).unwrap_or_default();
        self.drop("radio-queue-full", heard.dropped.saturating_sub(before.dropped));
        metric::of_receiver(Name::ReceiverHeard, &receiver, heard.adverts);
        metric::of_receiver(Name::ReceiverDropped, &receiver, heard.dropped);
        metric::of_receiver(Name::ReceiverGaps, &receiver, heard.gaps);
        metric::of_receiver(Name::ReceiverGapMillis, &receiver, u64::try_from(heard.gap.0).unwrap_or(0));
    }

    /// Something was left out.
    pub fn drop(&mut self, reason: &'static str, count: u64) {
        if count > 0 && (self.dropped.len() < DROP_CODES_MAX || self.dropped.contains_key(reason)) {
            *self.dropped.entry(reason).or_default() += count;
            metric::add_labelled(Name::Dropped, "reason", reason, count);
        }
    }

    /// Sightings and readings went out on a lane.
    pub fn passed_on(&mut self, lane: &'static str, sightings: usize, readings: usize) {
        self.sightings += sightings as u64;
        self.readings += readings as u64;
        metric::add_labelled(Name::Sightings, "lane", lane, sightings as u64);
        metric::add(Name::Readings, readings as u64);
    }

    /// How each receiver fares, by name.
    pub fn receivers(&self) -> impl Iterator<Item = ReceiverHealth> + '_ {
        self.receivers.iter().map(|(receiver, (last_heard, heard))| ReceiverHealth {
            receiver: receiver.clone(),
            last_heard: *last_heard,
            heard: *heard,
        })
    }
}
