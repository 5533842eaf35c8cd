//! Splits inside a labelled part, so that nothing is ever scored that was learned from.

use std::collections::BTreeSet;

use model::floor::Point;

use crate::names::fingerprint;
use crate::part::Part;
use crate::survey::Labelled;

/// How a labelled part is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Tracks are tested on survey points; where traffic is learned from, on the other tracks.
    PointsToTracks,
    /// Some survey points are tested on the others.
    Points {
        /// In how many parts.
        parts: u64,
    },
    /// Each track is tested on the others.
    EachTrack,
    /// Each piece of each track is tested on all other pieces.
    EachPiece {
        /// How long a piece is, in seconds.
        seconds: u32,
    },
    /// Some tracks are tested on the others, chosen by their names.
    Tracks {
        /// In how many parts.
        parts: u64,
    },
    /// All that was heard at some neighbouring places is tested on all other places.
    Places {
        /// In how many parts.
        parts: usize,
    },
}

/// One split: what is tested, and what may be learned from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fold {
    /// Tracks that are tested.
    pub test: BTreeSet<String>,
    /// Points or tracks whose labels may be used.
    pub labels: BTreeSet<String>,
    /// Tracks whose unlabelled frames may be used.
    pub traffic: BTreeSet<String>,
}

/// The splits of a labelled part, cut into pieces where those are split; `test` holds the tracks to be tested.
#[must_use]
pub fn folds(kind: Kind, labelled: &Labelled, test: &Part) -> Vec<Fold> {
    let tracks = || labelled.tracks.tracks.iter().map(|track| track.name.clone());
    let points = || labelled.points.iter().map(|(name, _)| name.clone());
    match kind {
        Kind::PointsToTracks => tracks().map(|name| one(name, points(), tracks())).collect(),
        Kind::EachTrack | Kind::EachPiece { .. } => tracks().map(|name| one(name, tracks(), tracks())).collect(),
        Kind::Points { parts } => by_name(parts, test)
            .into_iter()
            .map(|test| Fold { labels: without(points(), &test), traffic: tracks().collect(), test })
            .collect(),
        Kind::Tracks { parts } => by_name(parts, test)
            .into_iter()
            .map(|test| Fold { labels: without(tracks(), &test), traffic: without(tracks(), &test), test })
            .collect(),
        Kind::Places { parts } => by_place(parts, test)
            .into_iter()
            .map(|test| Fold { labels: without(tracks(), &test), traffic: without(tracks(), &test), test })
            .collect(),
    }
}

fn one(name: String, labels: impl Iterator<Item = String>, traffic: impl Iterator<Item = String>) -> Fold {
    let test = BTreeSet::from([name]);
    Fold { labels: without(labels, &test), traffic: without(traffic, &test), test }
}

fn without(names: impl Iterator<Item = String>, test: &BTreeSet<String>) -> BTreeSet<String> {
    names.filter(|name| !test.contains(name)).collect()
}

fn by_name(parts: u64, test: &Part) -> Vec<BTreeSet<String>> {
    let part_of = |name: &str| fingerprint(name.as_bytes()) % parts;
    let part = |part| test.tracks.iter().map(|track| track.name.clone()).filter(|name| part_of(name) == part).collect();
    (0..parts).map(part).filter(|names: &BTreeSet<String>| !names.is_empty()).collect()
}

/// Groups of neighbouring places, of about the same size: each starts at the first place that is left and takes the nearest.
fn by_place(parts: usize, test: &Part) -> Vec<BTreeSet<String>> {
    let mut places: Vec<Point> = test.truth.iter().filter_map(|truth| truth.point).collect();
    places.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    places.dedup();
    let size = places.len().div_ceil(parts.max(1)).max(1);
    let mut groups = Vec::new();
    while !places.is_empty() {
        let first = places[0];
        places.sort_by(|a, b| first.distance(*a).total_cmp(&first.distance(*b)));
        let group: Vec<Point> = places.drain(..size.min(places.len())).collect();
        places.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
        let here = test.truth.iter().filter(|truth| truth.point.is_some_and(|point| group.contains(&point)));
        groups.push(here.map(|truth| truth.track.clone()).collect());
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part() -> Part {
        let names: Vec<String> = (0..40).map(|n| format!("t{n:02}")).collect();
        let (mut rssi, mut truth) = (String::from("track,t,rx,rssi\n"), String::from("sample_id,track,t,x,y,zone\n"));
        for (n, name) in names.iter().enumerate() {
            rssi += &format!("{name},0,r,-60\n");
            truth += &format!("s{n},{name},0,{},{},z\n", n / 2, n % 2);
        }
        Part::parse(&rssi, "sample_id,track,t\n", Some(&truth)).expect("a part")
    }

    #[test]
    fn every_track_is_tested_once_and_never_learned_from_then() {
        let part = part();
        let labelled = Labelled { points: Vec::new(), tracks: part.clone() };
        for kind in
            [Kind::EachTrack, Kind::EachPiece { seconds: 9 }, Kind::Tracks { parts: 5 }, Kind::Places { parts: 8 }]
        {
            let folds = folds(kind, &labelled, &part);
            let tested: Vec<&String> = folds.iter().flat_map(|fold| &fold.test).collect();
            assert_eq!(tested.len(), 40, "{kind:?}");
            assert_eq!(tested.iter().collect::<BTreeSet<_>>().len(), 40, "{kind:?}");
            for fold in &folds {
                assert!(fold.labels.is_disjoint(&fold.test) && fold.traffic.is_disjoint(&fold.test));
                assert_eq!(fold.labels.len() + fold.test.len(), 40);
            }
        }
        assert_eq!(folds(Kind::Places { parts: 8 }, &labelled, &part).len(), 8);
    }
}
