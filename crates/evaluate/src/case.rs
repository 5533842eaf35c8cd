//! The four recordings as cases: what is played, what may be known, and how it is split.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use geo::Contains as _;
use model::floor::Point;
use model::survey::Survey;

use crate::folds::{Fold, Kind, folds};
use crate::part::{Part, Truth};
use crate::play::{Answer, Config, Knowledge, learn};
use crate::score::{Guess, Metrics, score};
use crate::set::{Set, SetFiles};
use crate::survey::{Labelled, survey};
use crate::table::Error;

/// The texts of a recording's labelled folder.
#[derive(Debug, Clone, Default)]
pub struct DevFiles {
    /// `rssi.csv`.
    pub rssi: String,
    /// `queries.csv`.
    pub queries: String,
    /// `truth.csv`.
    pub truth: String,
    /// `survey_hist.csv`.
    pub histogram: Option<String>,
    /// `survey_raw120s.csv`.
    pub raw: Option<String>,
}

/// A set with what is tested on it, and how that is split.
#[derive(Debug)]
pub struct Case {
    /// What it is called.
    pub name: &'static str,
    /// The place.
    pub set: Set,
    /// What is played and asked.
    pub test: Part,
    /// What may be learned from, fold by fold.
    pub labelled: Labelled,
    /// What may be learned from without labels, fold by fold.
    pub unlabelled: Part,
    /// The splits.
    pub folds: Vec<Fold>,
}

/// How a recording is split, and what its tests are called.
const TESTS: [(&str, &str, Kind); 6] = [
    ("tetam", "tetam tracks", Kind::PointsToTracks),
    ("tetam", "tetam static", Kind::Points { parts: 9 }),
    ("flat", "flat robot", Kind::EachTrack),
    ("flat", "flat pieces", Kind::EachPiece { seconds: 120 }),
    ("mall", "mall", Kind::Tracks { parts: 5 }),
    ("uji_library", "uji_library", Kind::Places { parts: 8 }),
];

/// The recordings, by the names of their folders.
pub const RECORDINGS: [&str; 4] = ["tetam", "flat", "mall", "uji_library"];

/// The cases that a recording makes; `recording` is the name of its folder.
///
/// # Errors
/// [`Error`] names file, line and column of the first thing that is wrong.
pub fn cases(recording: &str, set: &SetFiles, dev: &DevFiles) -> Result<Vec<Case>, Error> {
    let set = Set::parse(set)?;
    let tracks = Part::parse(&dev.rssi, &dev.queries, Some(&dev.truth))?;
    let labelled = Labelled::new(&set, dev.histogram.as_deref(), tracks)?;
    let still = dev.raw.as_deref().map(|raw| Part::still(raw, |point| zone_at(&set, point))).transpose()?;
    let mut cases = Vec::new();
    for (_, name, kind) in TESTS.iter().filter(|(of, ..)| *of == recording) {
        let labelled = match kind {
            Kind::EachPiece { seconds } => {
                Labelled { tracks: labelled.tracks.pieces(f64::from(*seconds)), points: labelled.points.clone() }
            }
            Kind::PointsToTracks
            | Kind::Points { .. }
            | Kind::EachTrack
            | Kind::Tracks { .. }
            | Kind::Places { .. } => labelled.clone(),
        };
        let test = match (kind, &still) {
            (Kind::Points { .. }, Some(still)) => still.clone(),
            (Kind::Points { .. }, None) => continue,
            (
                Kind::PointsToTracks
                | Kind::EachTrack
                | Kind::EachPiece { .. }
                | Kind::Tracks { .. }
                | Kind::Places { .. },
                _,
            ) => labelled.tracks.clone(),
        };
        let mut folds = folds(*kind, &labelled, &test);
        // What was heard of a tag that stood on a point is traffic too, once nobody says where the point is.
        let mut unlabelled = labelled.tracks.tracks.clone();
        for still in still.iter().flat_map(|still| &still.tracks) {
            let of = folds.iter_mut().filter(|fold| !fold.test.contains(&still.name));
            of.for_each(|fold| fold.traffic.extend([still.name.clone()]));
            unlabelled.push(still.clone());
        }
        unlabelled.sort_by(|a, b| a.name.cmp(&b.name));
        let unlabelled = Part { tracks: unlabelled, ..Part::default() };
        cases.push(Case { name, set: set.clone(), test, labelled, unlabelled, folds });
    }
    Ok(cases)
}

impl Case {
    /// The configurations that can be: without receivers on the plan, only a survey tells anything.
    #[must_use]
    pub fn configs(&self) -> Vec<Config> {
        let placed = !self.set.plan.receivers.is_empty() || !self.set.plan.beacons.is_empty();
        Config::ALL.into_iter().filter(|config| placed || *config == Config::Survey).collect()
    }

    /// What the product is told in a configuration, fold by fold. Folds that learn from the same frames learn once.
    ///
    /// # Errors
    /// When a label names a floor that the plan does not have.
    pub fn lessons(&self, config: Config) -> Result<Vec<(&Fold, Knowledge)>, Error> {
        let mut lessons: Vec<(&Fold, Knowledge)> = Vec::with_capacity(self.folds.len());
        for fold in &self.folds {
            let known = match (config, lessons.last()) {
                (Config::SelfTaught, Some((before, learned))) if before.traffic == fold.traffic => learned.clone(),
                (Config::Plan | Config::SelfTaught | Config::Survey, _) => self.knowledge(config, fold)?,
            };
            lessons.push((fold, known));
        }
        Ok(lessons)
    }

    fn knowledge(&self, config: Config, fold: &Fold) -> Result<Knowledge, Error> {
        Ok(match config {
            Config::Plan => Knowledge::Plan,
            Config::SelfTaught => learn(&self.set, &self.traffic(fold)),
            Config::Survey => Knowledge::Survey(Arc::new(self.survey(fold)?)),
        })
    }

    /// The median error of each device, where the recording tells devices apart.
    #[must_use]
    pub fn by_device(&self, answers: &[Answer]) -> Vec<(String, f64)> {
        let devices: BTreeSet<&str> = self.test.tracks.iter().map(|track| track.device.as_str()).collect();
        let median = |device: &&str| {
            let of = |truth: &&Truth| self.test.track(&truth.track).is_some_and(|track| track.device == *device);
            let truth: Vec<Truth> = self.test.truth.iter().filter(of).cloned().collect();
            Some(((*device).to_owned(), score_answers(&truth, answers, None).median?))
        };
        devices.iter().filter(|device| !device.is_empty()).filter_map(median).collect()
    }

    /// What the labels of a fold make.
    ///
    /// # Errors
    /// When a label names a floor that the plan does not have.
    pub fn survey(&self, fold: &Fold) -> Result<Survey, Error> {
        survey(&self.set, &self.labelled, |name, _| fold.labels.contains(name))
    }

    /// The frames that a fold may learn from without labels.
    #[must_use]
    pub fn traffic(&self, fold: &Fold) -> Part {
        self.unlabelled.only(|name| fold.traffic.contains(name))
    }

    /// How right answers to this case are.
    #[must_use]
    pub fn score(&self, answers: &[Answer]) -> Metrics {
        score_answers(&self.test.truth, answers, None)
    }
}

/// How right answers are.
#[must_use]
pub fn score_answers(truth: &[Truth], answers: &[Answer], path: Option<&[[f64; 4]]>) -> Metrics {
    let guess =
        |answer: &Answer| Guess { point: Some(answer.point), zone: answer.zone.clone(), floor: answer.floor.clone() };
    let guesses: BTreeMap<String, Guess> =
        answers.iter().map(|answer| (answer.sample.clone(), guess(answer))).collect();
    score(truth, &guesses, path)
}

/// The zone at a place of the lowest floor, as the recording names it.
fn zone_at(set: &Set, point: Point) -> String {
    let place = geo::Point::new(point.x, point.y);
    let zones = set.plan.floors.first().map_or(&[][..], |floor| &floor.zones);
    let nearest = || {
        use geo::{Distance as _, Euclidean};
        zones
            .iter()
            .min_by(|a, b| Euclidean.distance(&place, &a.polygon).total_cmp(&Euclidean.distance(&place, &b.polygon)))
    };
    let zone = zones.iter().find(|zone| zone.polygon.contains(&place)).or_else(nearest);
    zone.map_or_else(String::new, |zone| set.zone_name(&zone.id).to_owned())
}
