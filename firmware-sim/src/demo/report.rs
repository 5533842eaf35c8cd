//! The report: what was true, what the server says, and nothing that the judged parts computed about themselves
//! beyond what their public API answers.

use std::collections::{BTreeMap, BTreeSet};

use model::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::observe::{Arrival, Observer};
use super::stage::Stage;
use crate::phone::{Channel, Tally};
use crate::push_service::Answers;

/// Decisions asked for at once.
const PAGE: usize = 200;
/// Most pages asked for.
const PAGES_MAX: usize = 500;

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
    pub(super) presences: TrueAndCounted<u64>,
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

/// Visits.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Visits {
    /// All that began.
    pub(super) true_all: u64,
    /// By people who carry something that sends.
    pub(super) true_with_radio: u64,
    pub(super) counted: u64,
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
        let decisions = all_decisions(stage, store.as_str()).await?;
        let tally = stage.tally();
        let sums = &stage.world.truth().sums;
        let first = stage.started();
        Ok(Self {
            seed,
            seconds: stage.world.now().since(first).as_seconds(),
            people: stage.world.people().len(),
            sightings: sightings(stage).await,
            positions: positions(observer),
            zones: zones(observer),
            presences: TrueAndCounted { truth: located_stays(stage), counted: zone_entries(&today) },
            visits: visits(stage, &today),
            footfall: TrueAndCounted {
                truth: Crossings { entered: sums.entered, left: sums.left },
                counted: Crossings {
                    entered: number(&today["footfall"]["entered"]),
                    left: number(&today["footfall"]["left"]),
                },
            },
            deliveries: deliveries(&tally, observer, stage.push_service.answers(), &today),
            outcomes: Outcomes { told: tally.outcomes.clone(), counted: outcomes(&decisions) },
            entry_to_delivery: delays(observer, &decisions),
            decisions: summary(&decisions),
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

async fn sightings(stage: &Stage) -> Sightings {
    let sums = &stage.world.truth().sums;
    let receivers = stage.world.scenario().shop.receivers.iter().map(|receiver| receiver.id.to_string());
    let (messages_published, messages_dropped) = stage.published();
    let gateway = stage.gateway_metrics().await.unwrap_or_default();
    let server = stage.api.text("/metrics").await.unwrap_or_default();
    Sightings {
        frames_sent: sums.frames,
        frames_heard: receivers.zip(sums.heard.iter().copied()).collect(),
        messages_published,
        messages_dropped,
        told_by_radio: stage.radio_told,
        gateway: counters(&gateway),
        server: counters(&server),
    }
}

/// The plain counters and gauges of a Prometheus page.
fn counters(page: &str) -> BTreeMap<String, f64> {
    let line = |line: &str| {
        let (name, value) = line.rsplit_once(' ')?;
        let is_figure = !line.starts_with('#') && !name.contains("_bucket") && !name.contains("quantile=");
        Some((name.to_owned(), value.parse().ok()?)).filter(|_| is_figure)
    };
    page.lines().filter_map(line).collect()
}

async fn all_decisions(stage: &Stage, store: &str) -> anyhow::Result<Vec<Value>> {
    let (mut all, mut seen, mut before) = (Vec::new(), BTreeSet::new(), String::new());
    for _ in 0..PAGES_MAX {
        let page = stage.api.ask(&format!("/api/v1/stores/{store}/decisions?limit={PAGE}{before}")).await?;
        let page = page["decisions"].as_array().cloned().unwrap_or_default();
        let Some(oldest) = page.last().and_then(|decision| decision["at"].as_str()) else { break };
        before = format!("&before={oldest}");
        let length = page.len();
        all.extend(page.into_iter().filter(|decision| seen.insert(decision["id"].to_string())));
        if length < PAGE {
            break;
        }
    }
    Ok(all)
}

fn summary(decisions: &[Value]) -> Decisions {
    let mut summary = Decisions { total: decisions.len() as u64, ..Decisions::default() };
    for decision in decisions {
        if decision["choice"] != "offer" {
            let code = decision["code"].as_str().unwrap_or("unknown").to_owned();
            *summary.silences.entry(code).or_default() += 1;
        } else if decision["holdout"] == true {
            summary.held_back += 1;
        } else {
            summary.offers += 1;
        }
    }
    summary
}

fn outcomes(decisions: &[Value]) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    for outcome in decisions.iter().flat_map(|d| d["outcomes"].as_array().into_iter().flatten()) {
        *counted.entry(outcome["kind"].as_str().unwrap_or("unknown").to_owned()).or_default() += 1;
    }
    counted
}

fn positions(observer: &Observer) -> Positions {
    Positions {
        samples: observer.errors_m.len(),
        median_m: quantile(&observer.errors_m, 0.5),
        p95_m: quantile(&observer.errors_m, 0.95),
        claimed_uncertainty_median_m: quantile(&observer.uncertainty_m, 0.5),
    }
}

fn zones(observer: &Observer) -> Zones {
    Zones {
        person_seconds: observer.person_seconds,
        accuracy: share(observer.right_seconds, observer.person_seconds),
        seen: share(observer.seen_seconds, observer.person_seconds),
        accuracy_when_seen: share(observer.right_seconds, observer.seen_seconds),
        ghost_seconds: observer.ghost_seconds,
        forbidden: observer.forbidden,
    }
}

/// Stays in zones by everybody who carries something that sends: these can be counted.
fn located_stays(stage: &Stage) -> u64 {
    sending(stage).map(|life| life.stays.len() as u64).sum()
}

fn sending(stage: &Stage) -> impl Iterator<Item = &crate::truth::Life> {
    let people = stage.world.people().iter().filter(|person| person.kind != crate::person::Kind::Silent);
    people.filter_map(|person| stage.world.truth().lives.get(person.id.0))
}

fn visits(stage: &Stage, today: &Value) -> Visits {
    Visits {
        true_all: stage.world.truth().sums.visits,
        true_with_radio: sending(stage).map(|life| life.visits.len() as u64).sum(),
        counted: number(&today["visits"]["counted"]),
        open: number(&today["visits"]["open"]),
    }
}

fn zone_entries(today: &Value) -> u64 {
    today["zones"].as_array().into_iter().flatten().map(|zone| number(&zone["entries"])).sum()
}

fn deliveries(tally: &Tally, observer: &Observer, answers: Answers, today: &Value) -> Deliveries {
    let mut first_by = BTreeMap::new();
    for arrival in &observer.arrivals {
        *first_by.entry(arrival.shown.channel).or_default() += 1;
    }
    Deliveries {
        shown: tally.shown,
        first_by,
        received: tally.received.clone(),
        repeats: tally.repeats,
        push_taken: answers.taken,
        push_refused: answers.refused,
        server: today["funnel"].clone(),
    }
}

fn delays(observer: &Observer, decisions: &[Value]) -> Delays {
    let entered: BTreeSet<&str> = decisions
        .iter()
        .filter(|decision| decision["trigger"] == "entered")
        .filter_map(|decision| decision["id"].as_str())
        .collect();
    let there = || observer.arrivals.iter().filter(|arrival| arrival.still_there);
    let by_entering = there().filter(|arrival| entered.contains(arrival.shown.decision.to_string().as_str()));
    Delays {
        all: delay(there()),
        by_entering: delay(by_entering),
        elsewhere: observer.arrivals.iter().filter(|arrival| !arrival.still_there).count() as u64,
    }
}

fn delay<'a>(arrivals: impl Iterator<Item = &'a Arrival>) -> Delay {
    let since = |entered: Timestamp, arrival: &Arrival| arrival.shown.at.since(entered).as_seconds();
    let seconds: Vec<f64> = arrivals.filter_map(|arrival| Some(since(arrival.entered?, arrival))).collect();
    Delay { n: seconds.len(), p50_s: quantile(&seconds, 0.5), p95_s: quantile(&seconds, 0.95) }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a run are far below 2^53")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The value below which this share of the values lies, between the two nearest.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (sorted.len().checked_sub(1)? as f64);
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(low + (high - low) * place.fract())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quantiles_lie_between_the_nearest_values() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[3.0], 0.95), Some(3.0));
        assert_eq!(quantile(&[4.0, 1.0, 2.0, 3.0], 0.5), Some(2.5));
    }

    #[test]
    fn decisions_are_summed_by_choice_and_code() {
        let decisions = [
            json!({"choice": "offer", "holdout": false, "outcomes": [{"kind": "delivered"}, {"kind": "opened"}]}),
            json!({"choice": "offer", "holdout": true, "outcomes": []}),
            json!({"choice": "silence", "code": "intent", "holdout": false}),
            json!({"choice": "silence", "code": "intent", "holdout": true}),
        ];
        let summary = summary(&decisions);
        assert_eq!((summary.total, summary.offers, summary.held_back), (4, 1, 1));
        assert_eq!(summary.silences, BTreeMap::from([("intent".to_owned(), 2)]));
        assert_eq!(outcomes(&decisions).len(), 2);
    }

    #[test]
    fn counters_are_read_and_histograms_left_out() {
        let page = "# TYPE a counter\na{lane=\"up\"} 3\nb 1.5\nc_bucket{le=\"1\"} 7\nd{quantile=\"0.5\"} 1\n";
        assert_eq!(counters(page), BTreeMap::from([("a{lane=\"up\"}".to_owned(), 3.0), ("b".to_owned(), 1.5)]));
    }
}
