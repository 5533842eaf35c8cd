//! What is aimed at on each recording: `pass` is the floor, `stretch` better than what was reached when the design was tried.
//!
//! They were set for the parts of the recordings that are kept back; on the labelled parts they tell the order of size.

use crate::play::Config;
use crate::score::Metrics;

/// A figure that has a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Median error, in metres.
    Median,
    /// 75th percentile of the error.
    P75,
    /// 95th percentile of the error.
    P95,
    /// Share of the right zone.
    Zone,
    /// Mean of the zones' shares.
    Macro,
    /// Share of the right floor.
    Floor,
    /// Time to notice, median, in seconds.
    Detect,
    /// Time to notice, 95th percentile.
    DetectP95,
    /// Share of changes missed.
    Missed,
    /// False switches a minute.
    False,
    /// Flaps a minute.
    Flaps,
    /// All switches a minute.
    Switches,
}

/// One limit: the figure, what passes, and what is aimed at where that is more.
pub type Limit = (Figure, f64, Option<f64>);

/// The limits of one recording in one configuration.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Which case.
    pub case: &'static str,
    /// With which knowledge.
    pub config: Config,
    /// The limits.
    pub limits: &'static [Limit],
}

/// All targets.
pub const TARGETS: [Target; 8] = [
    Target {
        case: "tetam tracks",
        config: Config::Survey,
        limits: &[
            (Figure::Median, 1.45, Some(1.3)),
            (Figure::P75, 2.0, Some(1.85)),
            (Figure::P95, 3.0, Some(2.7)),
            (Figure::Zone, 0.77, Some(0.80)),
            (Figure::Detect, 2.0, None),
            (Figure::DetectP95, 10.0, None),
            (Figure::Missed, 0.05, None),
            (Figure::False, 1.8, Some(1.0)),
            (Figure::Flaps, 0.5, None),
        ],
    },
    Target {
        case: "tetam tracks",
        config: Config::SelfTaught,
        limits: &[
            (Figure::Median, 1.6, Some(1.45)),
            (Figure::P75, 2.25, Some(2.1)),
            (Figure::P95, 3.5, Some(3.1)),
            (Figure::Zone, 0.72, Some(0.76)),
            (Figure::False, 1.5, None),
        ],
    },
    Target {
        case: "tetam tracks",
        config: Config::Plan,
        limits: &[
            (Figure::Median, 2.2, Some(1.6)),
            (Figure::P75, 3.3, Some(2.3)),
            (Figure::P95, 5.0, Some(3.6)),
            (Figure::Zone, 0.55, Some(0.66)),
        ],
    },
    Target {
        case: "tetam static",
        config: Config::Survey,
        limits: &[
            (Figure::Median, 2.0, Some(1.8)),
            (Figure::P75, 2.7, Some(2.5)),
            (Figure::P95, 4.9, Some(4.5)),
            (Figure::Zone, 0.79, Some(0.82)),
            (Figure::Switches, 0.15, Some(0.05)),
        ],
    },
    Target {
        case: "flat robot",
        config: Config::Survey,
        limits: &[
            (Figure::Median, 0.80, Some(0.70)),
            (Figure::P75, 1.4, Some(1.2)),
            (Figure::P95, 2.0, Some(1.8)),
            (Figure::Zone, 0.93, Some(0.95)),
            (Figure::Macro, 0.86, None),
            (Figure::Detect, 2.0, None),
            (Figure::DetectP95, 4.0, None),
            (Figure::Missed, 0.0, None),
            (Figure::False, 0.2, None),
        ],
    },
    Target {
        case: "flat robot",
        config: Config::SelfTaught,
        limits: &[
            (Figure::Median, 1.6, None),
            (Figure::P75, 2.2, None),
            (Figure::P95, 2.8, None),
            (Figure::Zone, 0.82, Some(0.87)),
            (Figure::Macro, 0.70, Some(0.78)),
            (Figure::Detect, 4.0, None),
        ],
    },
    Target {
        case: "mall",
        config: Config::Survey,
        limits: &[
            (Figure::Median, 5.3, Some(4.6)),
            (Figure::P75, 9.6, Some(8.5)),
            (Figure::P95, 21.0, Some(17.0)),
            (Figure::Zone, 0.55, Some(0.60)),
            (Figure::Floor, 0.95, Some(0.97)),
            (Figure::False, 3.0, None),
            (Figure::Missed, 0.36, None),
        ],
    },
    Target {
        case: "uji_library",
        config: Config::Survey,
        limits: &[
            (Figure::Median, 1.45, Some(1.3)),
            (Figure::P75, 2.2, Some(2.0)),
            (Figure::P95, 5.0, Some(4.0)),
            (Figure::Zone, 0.69, Some(0.74)),
        ],
    },
];

/// How a result compares with a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// What was aimed at.
    Stretch,
    /// The floor.
    Pass,
    /// Less.
    Short,
}

impl Figure {
    /// What it is called in a table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Median => "median",
            Self::P75 => "p75",
            Self::P95 => "p95",
            Self::Zone => "zone",
            Self::Macro => "macro",
            Self::Floor => "floor",
            Self::Detect => "t_detect",
            Self::DetectP95 => "t_detect p95",
            Self::Missed => "miss",
            Self::False => "false",
            Self::Flaps => "flaps",
            Self::Switches => "switches",
        }
    }

    /// Its value; what could not be computed is none.
    #[must_use]
    pub const fn of(self, metrics: &Metrics) -> Option<f64> {
        match self {
            Self::Median => metrics.median,
            Self::P75 => metrics.p75,
            Self::P95 => metrics.p95,
            Self::Zone => metrics.zone,
            Self::Macro => metrics.zone_macro,
            Self::Floor => metrics.floor,
            Self::Detect => metrics.detect_median,
            Self::DetectP95 => metrics.detect_p95,
            Self::Missed => metrics.missed,
            Self::False => metrics.false_switches,
            Self::Flaps => metrics.flaps,
            Self::Switches => metrics.switches,
        }
    }

    /// Whether more of it is better.
    #[must_use]
    pub const fn is_share(self) -> bool {
        match self {
            Self::Zone | Self::Macro | Self::Floor => true,
            Self::Median
            | Self::P75
            | Self::P95
            | Self::Detect
            | Self::DetectP95
            | Self::Missed
            | Self::False
            | Self::Flaps
            | Self::Switches => false,
        }
    }
}

impl Target {
    /// How a result compares, and which figures fall short of the floor.
    #[must_use]
    pub fn judge(&self, metrics: &Metrics) -> (Verdict, Vec<Figure>) {
        let meets = |figure: Figure, limit: f64| match figure.of(metrics) {
            Some(value) if figure.is_share() => value >= limit,
            Some(value) => value <= limit,
            None => false,
        };
        let short: Vec<Figure> =
            self.limits.iter().filter(|(figure, pass, _)| !meets(*figure, *pass)).map(|(figure, ..)| *figure).collect();
        let stretched = self.limits.iter().all(|(figure, pass, stretch)| meets(*figure, stretch.unwrap_or(*pass)));
        let verdict = match (short.is_empty(), stretched) {
            (false, _) => Verdict::Short,
            (true, false) => Verdict::Pass,
            (true, true) => Verdict::Stretch,
        };
        (verdict, short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_short_passes_or_stretches() {
        let target = &TARGETS[2];
        let metrics = |median, zone| Metrics {
            median: Some(median),
            p75: Some(2.0),
            p95: Some(3.0),
            zone: Some(zone),
            ..Metrics::default()
        };
        assert_eq!(target.judge(&metrics(1.0, 0.9)), (Verdict::Stretch, vec![]));
        assert_eq!(target.judge(&metrics(2.0, 0.9)), (Verdict::Pass, vec![]));
        assert_eq!(target.judge(&metrics(2.0, 0.5)), (Verdict::Short, vec![Figure::Zone]));
        assert_eq!(target.judge(&Metrics::default()).1.len(), 4, "what is not known falls short");
    }
}
