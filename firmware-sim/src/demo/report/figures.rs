//! How the report's figures come about: sums of the truth, sums of the server's answers, and differences between both.

use std::collections::{BTreeMap, BTreeSet};

use model::time::Timestamp;
use serde_json::Value;

use super::super::observe::{Arrival, Observer};
use super::super::stage::Stage;
use super::{Decisions, Delay, Delays, Deliveries, Positions, Presences, Sightings, Visits, Zones};
use crate::person::Kind;
use crate::phone::Tally;
use crate::push_service::Answers;
use crate::truth::{Life, Span};

/// Decisions asked for at once.
const PAGE: usize = 200;
/// Most pages asked for.
const PAGES_MAX: usize = 500;
/// A shorter stay than this many seconds is walking through.
const STAY_S: f64 = 3.0;

pub(super) async fn sightings(stage: &Stage) -> Sightings {
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

pub(super) async fn all_decisions(stage: &Stage, store: &str) -> anyhow::Result<Vec<Value>> {
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

pub(super) fn summary(decisions: &[Value]) -> Decisions {
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

pub(super) fn outcomes(decisions: &[Value]) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    for outcome in decisions.iter().flat_map(|d| d["outcomes"].as_array().into_iter().flatten()) {
        *counted.entry(outcome["kind"].as_str().unwrap_or("unknown").to_owned()).or_default() += 1;
    }
    counted
}

pub(super) fn positions(observer: &Observer) -> Positions {
    Positions {
        samples: observer.errors_m.len(),
        median_m: quantile(&observer.errors_m, 0.5),
        p95_m: quantile(&observer.errors_m, 0.95),
        claimed_uncertainty_median_m: quantile(&observer.uncertainty_m, 0.5),
    }
}

pub(super) fn zones(observer: &Observer) -> Zones {
    Zones {
        person_seconds: observer.person_seconds,
        accuracy: share(observer.right_seconds, observer.person_seconds),
        seen: share(observer.seen_seconds, observer.person_seconds),
        accuracy_when_seen: share(observer.right_seconds, observer.seen_seconds),
        ghost_seconds: observer.ghost_seconds,
        forbidden: observer.forbidden,
    }
}

pub(super) fn presences(stage: &Stage, today: &Value) -> Presences {
    let stays = || sending(stage).flat_map(|life| &life.stays).map(|stay| seconds(stay.span, stage.world.now()));
    Presences {
        true_all: stage.world.truth().sums.stays,
        true_with_radio: stays().count() as u64,
        true_with_radio_lasting: stays().filter(|seconds| *seconds >= STAY_S).count() as u64,
        counted: today["zones"].as_array().into_iter().flatten().map(|zone| number(&zone["entries"])).sum(),
    }
}

pub(super) fn visits(stage: &Stage, today: &Value) -> Visits {
    let (now, least) = (stage.world.now(), f64::from(stage.world.scenario().shop.store.visit_min_s));
    let visits = || sending(stage).flat_map(|life| &life.visits);
    Visits {
        true_all: stage.world.truth().sums.visits,
        true_with_radio: visits().count() as u64,
        true_with_radio_lasting: visits().filter(|visit| seconds(**visit, now) >= least).count() as u64,
        counted: number(&today["visits"]["counted"]),
        true_open: visits().filter(|visit| visit.to.is_none()).count() as u64,
        open: number(&today["visits"]["open"]),
    }
}

/// The lives of everybody who carries something that sends.
fn sending(stage: &Stage) -> impl Iterator<Item = &Life> {
    let people = stage.world.people().iter().filter(|person| person.kind != Kind::Silent);
    people.filter_map(|person| stage.world.truth().lives.get(person.id.0))
}

fn seconds(span: Span, now: Timestamp) -> f64 {
    span.to.unwrap_or(now).since(span.from).as_seconds()
}

pub(super) fn deliveries(tally: &Tally, observer: &Observer, answers: Answers, today: &Value) -> Deliveries {
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

pub(super) fn delays(observer: &Observer, decisions: &[Value]) -> Delays {
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

pub(super) fn number(value: &Value) -> u64 {
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
