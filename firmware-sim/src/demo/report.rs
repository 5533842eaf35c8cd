//! The report: what was true, what the server says, and nothing that the judged parts computed about themselves
//! beyond what their public API answers.

mod figures;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::observe::Observer;
use super::stage::Stage;
use crate::phone::Channel;

/// The whole report.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) seed: u64,
    pub(super) seconds: f64,
    pub(super) people: usize,
    pub(super) sightings: Sightings,
    pub(super) positions: Positions,
    pub(super) zones: Zones,
    pub(super) presences: Presences,
    pub(super) visits: Visits,
    pub(super) footfall: TrueAndCounted<Crossings>,
    pub(super) decisions: Decisions,
    pub(super) deliveries: Deliveries,
    pub(super) outcomes: Outcomes,
    pub(super) entry_to_delivery: Delays,
    pub(super) peak_memory_kib: BTreeMap<&'static str, u64>,
    pub(super) lost_inputs: u64,
    pub(super) failures: Vec<String>,
}

/// What went over the air, and what became of it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sightings {
    pub(super) frames_sent: u64,
    pub(super) frames_heard: BTreeMap<String, u64>,
    pub(super) messages_published: BTreeMap<String, u64>,
    pub(super) messages_dropped: u64,
    pub(super) told_by_radio: u64,
    /// Counters of the gateway, from its `/metrics`.
    pub(super) gateway: BTreeMap<String, f64>,
    /// Counters of the server, from its `/metrics`.
    pub(super) server: BTreeMap<String, f64>,
}

/// How far positions are off.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Positions {
    pub(super) samples: usize,
    pub(super) median_m: Option<f64>,
    pub(super) p95_m: Option<f64>,
    pub(super) claimed_uncertainty_median_m: Option<f64>,
}

/// How often the zone is right.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Zones {
    pub(super) person_seconds: u64,
    /// Share of the time in which the server named the right zone; not being seen counts as wrong.
    pub(super) accuracy: Option<f64>,
    /// Share of the time in which the server knew a position at all.
    pub(super) seen: Option<f64>,
    /// Share of the seen time in which the zone was right.
    pub(super) accuracy_when_seen: Option<f64>,
    pub(super) ghost_seconds: u64,
    /// Names shown of people who do not allow it; must be 0.
    pub(super) forbidden: u64,
}

/// A true figure beside the server's.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TrueAndCounted<T> {
    #[serde(rename = "true")]
    pub(super) truth: T,
    pub(super) counted: T,
}

/// People over the door line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Crossings {
    pub(super) entered: u64,
    pub(super) left: u64,
}

/// Stays in zones.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Presences {
    /// All that began.
    pub(super) true_all: u64,
    /// By people who carry something that sends.
    pub(super) true_with_radio: u64,
    /// Of these, longer than walking through takes.
    pub(super) true_with_radio_lasting: u64,
    /// What the server counts, with and without a name.
    pub(super) counted: u64,
}

/// Visits.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Visits {
    /// All that began.
    pub(super) true_all: u64,
    /// By people who carry something that sends.
    pub(super) true_with_radio: u64,
    /// Of these, as long as a visit must be to be counted.
    pub(super) true_with_radio_lasting: u64,
    /// What the server counts; without a name only when they are over.
    pub(super) counted: u64,
    /// Still going on, by people who carry something that sends.
    pub(super) true_open: u64,
    /// What the server takes for going on, of those with a name.
    pub(super) open: u64,
}

/// What was decided.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Decisions {
    pub(super) total: u64,
    pub(super) offers: u64,
    /// Offers that were made and not said, to measure lift.
    pub(super) held_back: u64,
    pub(super) silences: BTreeMap<String, u64>,
}

/// What arrived at phones.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deliveries {
    /// Offers shown by phones, each once.
    pub(super) shown: u64,
    /// Of these, by the way they came first.
    pub(super) first_by: BTreeMap<Channel, u64>,
    /// Messages that came, by way.
    pub(super) received: BTreeMap<Channel, u64>,
    pub(super) repeats: u64,
    /// Messages that the push service took and opened with the phones' keys.
    pub(super) push_taken: u64,
    pub(super) push_refused: BTreeMap<&'static str, u64>,
    /// What the server says of its deliveries.
    pub(super) server: Value,
}

/// What became of offers.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Outcomes {
    /// As the phones told them.
    pub(super) told: BTreeMap<&'static str, u64>,
    /// As the server counts decisions.
    pub(super) counted: BTreeMap<String, u64>,
}

/// Seconds from physically entering the product's zone to the offer on the phone.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delays {
    pub(super) all: Delay,
    /// Only where coming into the zone made the decision due.
    pub(super) by_entering: Delay,
    /// Offers that came when the person was not in the zone of the product.
    pub(super) elsewhere: u64,
}

/// One distribution.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delay {
    pub(super) n: usize,
    pub(super) p50_s: Option<f64>,
    pub(super) p95_s: Option<f64>,
}

impl Report {
    /// Asks the server for its figures and sets them beside the truth.
    pub(super) async fn collect(seed: u64, stage: &Stage, observer: &Observer) -> anyhow::Result<Self> {
        let store = stage.world.scenario().shop.store.id.clone();
        let today = stage.api.ask(&format!("/api/v1/stores/{store}/today")).await?;
        let decisions = figures::all_decisions(stage, store.as_str()).await?;
        let tally = stage.tally();
        let sums = &stage.world.truth().sums;
        let first = stage.started();
        Ok(Self {
            seed,
            seconds: stage.world.now().since(first).as_seconds(),
            people: stage.world.people().len(),
            sightings: figures::sightings(stage).await,
            positions: figures::positions(observer),
            zones: figures::zones(observer),
            presences: figures::presences(stage, &today),
            visits: figures::visits(stage, &today),
            footfall: TrueAndCounted {
                truth: Crossings { entered: sums.entered, left: sums.left },
                counted: Crossings {
                    entered: figures::number(&today["footfall"]["entered"]),
                    left: figures::number(&today["footfall"]["left"]),
                },
            },
            deliveries: figures::deliveries(&tally, observer, stage.push_service.answers(), &today),
            outcomes: Outcomes { told: tally.outcomes.clone(), counted: figures::outcomes(&decisions) },
            entry_to_delivery: figures::delays(observer, &decisions),
            decisions: figures::summary(&decisions),
            peak_memory_kib: stage.memory_kib(),
            lost_inputs: stage.lost_inputs,
            failures: tally.failures,
        })
    }

    /// Whether nothing came through at all.
    pub(super) const fn is_dead(&self) -> bool {
        self.positions.samples == 0
    }
}
