//! Figures as people say them.

use locate::inform::{Pair, Why};
use model::ids::{FloorId, ZoneId};
use model::shop::Shop;
use serde::Serialize;

use super::paint::Tone;

/// From this share on, a zone is good; below the other, poor.
const GOOD: f64 = 0.75;
const FAIR: f64 = 0.5;
/// From here on a line goes on below.
const LINE: usize = 100;

/// What a share of right answers is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Right three times of four.
    Good,
    /// Right every other time.
    Fair,
    /// Wrong more often than right.
    Poor,
}

impl Verdict {
    pub(super) fn of(share: f64) -> Self {
        if share >= GOOD {
            Self::Good
        } else if share >= FAIR {
            Self::Fair
        } else {
            Self::Poor
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Poor => "poor",
        }
    }

    pub(super) const fn tone(self) -> Tone {
        match self {
            Self::Good => Tone::Good,
            Self::Fair => Tone::Fair,
            Self::Poor => Tone::Poor,
        }
    }
}

/// What the verdicts mean, for below a table.
pub(super) const VERDICTS: &str =
    "good: right three times of four or more · fair: right more often than wrong · poor: wrong more often";

/// A share in per cent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Metres, with one digit behind the point.
pub(super) fn metres(metres: f64) -> String {
    format!("{metres:.1} m")
}

/// One thing, or several.
pub(super) fn count(n: usize, one: &str, several: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { several })
}

/// A span of person-seconds as hours and minutes.
pub(super) fn span(seconds: f64) -> String {
    let minutes = seconds / 60.0;
    if minutes < 1.0 {
        format!("{seconds:.0} s")
    } else if minutes < 120.0 {
        format!("{minutes:.0} min")
    } else {
        format!("{:.0} h", minutes / 60.0)
    }
}

/// A zone's name, as people say it.
pub(super) fn zone<'a>(shop: &'a Shop, id: &'a ZoneId) -> &'a str {
    shop.zone(id).map_or(id.as_str(), |zone| zone.name.as_str())
}

/// A floor's name, as people say it.
pub(super) fn floor<'a>(shop: &'a Shop, id: &'a FloorId) -> &'a str {
    shop.floors.iter().find(|floor| floor.id == *id).map_or(id.as_str(), |floor| floor.name.as_str())
}

/// Most pairs that are told.
pub(super) const PAIRS_MAX: usize = 10;

/// Says how many pairs are not told.
pub(super) fn more(pairs: usize, out: &mut String) {
    if pairs > PAIRS_MAX {
        out.push_str(&format!("  And {} more; --json has them all.\n", count(pairs - PAIRS_MAX, "pair", "pairs")));
    }
}

/// Why two zones cannot be told apart, and what helps.
pub(super) fn why(pair: &Pair) -> String {
    match pair.why {
        Why::TooClose => format!(
            "Their centres are {} apart, nearer than the radio can tell. Make them one zone, or hang a receiver at one of them.",
            metres(pair.distance_m)
        ),
        Why::TooFewReceivers => "Fewer than three receivers hear them well. Hang one nearer.".to_owned(),
        Why::SoundAlike => {
            "They sound alike: the receivers are as far from the one as from the other, as when they hang in a line. \
                            Hang one to the side."
                .to_owned()
        }
    }
}

/// Writes a paragraph in lines of readable length, each with so many spaces before it.
pub(super) fn paragraph(text: &str, indent: usize, out: &mut String) {
    let space = " ".repeat(indent);
    let mut line = space.clone();
    for word in text.split(' ') {
        if line.len() > indent && line.chars().count() + 1 + word.chars().count() > LINE {
            out.push_str(&line);
            out.push('\n');
            line.clone_from(&space);
        }
        if line.len() > indent {
            line.push(' ');
        }
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
}
