//! How right answers are, by the definitions of `score_positions.py` beside the recordings.

use std::collections::{BTreeMap, BTreeSet};

use model::floor::Point;

use crate::part::Truth;
use crate::table::{Error, Table};

/// The error of an answer without a place, and the largest one counted, in metres.
const ERROR_MAX: f64 = 999.0;
/// A change into a stay shorter than this need not be noticed, in seconds.
const STAY_MIN: f64 = 3.0;
/// A return within this time is a flap, in seconds.
const FLAP: f64 = 10.0;

/// What is scored of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    /// Where, if it says so.
    pub point: Option<Point>,
    /// In which zone; empty in none.
    pub zone: String,
    /// On which floor; empty where it says none.
    pub floor: String,
}

/// The figures of one set of answers. What can't be computed is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    /// Questions.
    pub n: usize,
    /// Share of them with an answer.
    pub coverage: f64,
    /// Median error, in metres.
    pub median: Option<f64>,
    /// 75 % of the errors are at most this.
    pub p75: Option<f64>,
    /// 90 % of the errors are at most this.
    pub p90: Option<f64>,
    /// 95 % of the errors are at most this.
    pub p95: Option<f64>,
    /// Mean error.
    pub mean: Option<f64>,
    /// Share of the right floor.
    pub floor: Option<f64>,
    /// Share of the right zone.
    pub zone: Option<f64>,
    /// Mean of the zones' own shares.
    pub zone_macro: Option<f64>,
    /// Seconds from a change of zone to the first right answer, median.
    pub detect_median: Option<f64>,
    /// The same, 95th percentile.
    pub detect_p95: Option<f64>,
    /// Share of the changes never noticed during the stay.
    pub missed: Option<f64>,
    /// Changes of zone that count for the three above.
    pub changes: usize,
    /// True changes a minute.
    pub truth_switches: Option<f64>,
    /// Answered changes a minute.
    pub switches: Option<f64>,
    /// Answered changes into a wrong zone a minute.
    pub false_switches: Option<f64>,
    /// Returns within 10 s while nothing had changed, a minute.
    pub flaps: Option<f64>,
}

/// Reads the known path of a walk: one piece a row.
///
/// # Errors
/// [`Error`] names line and column of what is wrong.
pub fn walk_path(text: &str) -> Result<Vec<[f64; 4]>, Error> {
    let table = Table::parse("walk_path.csv", text)?;
    let columns = [table.column("x0")?, table.column("y0")?, table.column("x1")?, table.column("y1")?];
    let mut path = Vec::new();
    for row in table.rows() {
        let mut piece = [0.0; 4];
        for (place, column) in piece.iter_mut().zip(columns) {
            *place = row.number(column)?;
        }
        path.push(piece);
    }
    if path.is_empty() {
        return Err(Error::of("walk_path.csv", "has no piece", "write one row for each straight piece"));
    }
    Ok(path)
}

/// Compares answers with the truth. With a `path`, errors are distances from it and zones are not scored.
#[must_use]
pub fn score(truth: &[Truth], guesses: &BTreeMap<String, Guess>, path: Option<&[[f64; 4]]>) -> Metrics {
    let any = guesses.values().any(|guess| guess.point.is_some());
    let mut metrics = Metrics { n: truth.len(), ..Metrics::default() };
    let (mut errors, mut answered, mut floors) = (Vec::new(), 0usize, Tally::default());
    let mut zones: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut tracks: BTreeMap<&str, Vec<Moment<'_>>> = BTreeMap::new();
    for true_one in truth {
        let guess = guesses.get(&true_one.sample);
        answered += usize::from(guess.is_some());
        match guess.and_then(|guess| guess.point) {
            Some(point) => errors.extend(error(point, true_one.point, path)),
            None if any => errors.push(ERROR_MAX),
            None => {}
        }
        let zone = guess.map_or("", |guess| guess.zone.as_str());
        if !true_one.zone.is_empty() {
            zones.entry(&true_one.zone).or_default().count(zone == true_one.zone);
        }
        if let (Some(true_floor), Some(guess)) = (&true_one.floor, guess.filter(|guess| !guess.floor.is_empty())) {
            floors.count(guess.floor == *true_floor);
        }
        tracks.entry(&true_one.track).or_default().push(Moment { t: true_one.t, truth: &true_one.zone, guess: zone });
    }
    errors.sort_by(f64::total_cmp);
    metrics.coverage = share(answered, truth.len()).unwrap_or(0.0);
    metrics.median = percentile(&errors, 50.0);
    metrics.p75 = percentile(&errors, 75.0);
    metrics.p90 = percentile(&errors, 90.0);
    metrics.p95 = percentile(&errors, 95.0);
    metrics.mean = mean(&errors);
    metrics.floor = floors.share();
    if path.is_none() && !zones.is_empty() {
        let whole = zones.values().fold(Tally::default(), |sum, zone| sum.and(*zone));
        metrics.zone = whole.share();
        metrics.zone_macro = mean(&zones.values().filter_map(|zone| zone.share()).collect::<Vec<_>>());
        changes(tracks, &mut metrics);
    }
    metrics
}

#[derive(Debug, Clone, Copy)]
struct Moment<'a> {
    t: f64,
    truth: &'a str,
    guess: &'a str,
}

#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    right: usize,
    all: usize,
}

impl Tally {
    const fn count(&mut self, right: bool) {
        self.right += right as usize;
        self.all += 1;
    }

    const fn and(self, other: Self) -> Self {
        Self { right: self.right + other.right, all: self.all + other.all }
    }

    fn share(self) -> Option<f64> {
        share(self.right, self.all)
    }
}

/// What is counted about changes of zone, over all tracks.
#[derive(Debug, Default)]
struct Changes {
    seconds: f64,
    delays: Vec<f64>,
    missed: usize,
    changes: usize,
    truth: usize,
    all: usize,
    wrong: usize,
    flaps: usize,
}

fn changes(tracks: BTreeMap<&str, Vec<Moment<'_>>>, metrics: &mut Metrics) {
    let mut counts = Changes::default();
    for mut track in tracks.into_values() {
        track.sort_by(|a, b| a.t.total_cmp(&b.t).then_with(|| (a.truth, a.guess).cmp(&(b.truth, b.guess))));
        if let [first, .., last] = track.as_slice() {
            counts.seconds += last.t - first.t;
            counts.true_ones(&track);
            counts.answered_ones(&track);
        }
    }
    if counts.seconds <= 0.0 {
        return;
    }
    let minutes = counts.seconds / 60.0;
    let rate = |count: usize| Some(number(count) / minutes);
    counts.delays.sort_by(f64::total_cmp);
    metrics.changes = counts.changes;
    metrics.detect_median = percentile(&counts.delays, 50.0);
    metrics.detect_p95 = percentile(&counts.delays, 95.0);
    metrics.missed = share(counts.missed, counts.changes);
    metrics.truth_switches = rate(counts.truth);
    metrics.switches = rate(counts.all);
    metrics.false_switches = rate(counts.wrong);
    metrics.flaps = rate(counts.flaps);
}

impl Changes {
    /// How soon each true change was noticed.
    fn true_ones(&mut self, track: &[Moment<'_>]) {
        let mut start = 0;
        for stay in track.chunk_by(|a, b| a.truth == b.truth) {
            let (first, begins) = (stay[0], start == 0);
            start += stay.len();
            if begins {
                continue;
            }
            self.truth += 1;
            let ends = track.get(start).or(stay.last()).map_or(first.t, |moment| moment.t);
            if first.truth.is_empty() || ends - first.t < STAY_MIN {
                continue;
            }
            self.changes += 1;
            match stay.iter().find(|moment| moment.guess == first.truth) {
                Some(noticed) => self.delays.push(noticed.t - first.t),
                None => self.missed += 1,
            }
        }
    }

    /// How often the answer changed, how often to a wrong zone, and how often it came back at once for nothing.
    fn answered_ones(&mut self, track: &[Moment<'_>]) {
        let mut last = "";
        // When the answer changed before, and away from which zone.
        let mut before: Option<(f64, &str)> = None;
        for moment in track.iter().filter(|moment| !moment.guess.is_empty()) {
            if !last.is_empty() && moment.guess != last {
                self.all += 1;
                self.wrong += usize::from(moment.guess != moment.truth);
                if let Some((from, zone)) = before
                    && zone == moment.guess
                    && moment.t - from <= FLAP
                {
                    let span = track.iter().filter(|other| from - 1e-9 <= other.t && other.t <= moment.t);
                    let zones: BTreeSet<&str> = span.map(|other| other.truth).collect();
                    self.flaps += usize::from(zones.len() == 1);
                }
                before = Some((moment.t, last));
            }
            last = moment.guess;
        }
    }
}

/// The error of an answer; none where neither a path nor a place is known.
fn error(point: Point, truth: Option<Point>, path: Option<&[[f64; 4]]>) -> Option<f64> {
    match path {
        Some(path) => path.iter().map(|piece| from_piece(point, *piece)).min_by(f64::total_cmp),
        None => truth.map(|truth| point.distance(truth).min(ERROR_MAX)),
    }
}

/// The distance from a straight piece of a path.
fn from_piece(point: Point, [x0, y0, x1, y1]: [f64; 4]) -> f64 {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let length = dx * dx + dy * dy;
    let along = if length == 0.0 { 0.0 } else { ((point.x - x0) * dx + (point.y - y0) * dy) / length };
    let along = along.clamp(0.0, 1.0);
    point.distance(Point { x: x0 + along * dx, y: y0 + along * dy })
}

/// The percentile of sorted numbers, linear between neighbours.
#[must_use]
pub fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = number(last) * percent / 100.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
    let low = place.floor() as usize;
    let high = (low + 1).min(last);
    Some(sorted[low] + (sorted[high] - sorted[low]) * (place - number(low)))
}

fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / number(numbers.len()))
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| number(part) / number(whole))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
