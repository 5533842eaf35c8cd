//! What each figure means, as the page shows it beside the number.

use serde::Serialize;
use utoipa::ToSchema;

/// One figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Definition {
    /// Its name in the API.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// How it is worked out.
    pub formula: &'static str,
    /// What it rests on.
    pub sources: &'static [&'static str],
}

const COUNTERS: &[&str] = &["counters"];
const NAMED: &[&str] = &["consented devices", "store tags"];
const ALL_RADIO: &[&str] = &["consented devices", "store tags", "anonymous counts"];
const DECISIONS: &[&str] = &["decisions", "deliveries", "outcomes"];

/// Every figure, in the order of the page.
pub const ALL: &[Definition] = &[
    Definition {
        id: "footfall",
        name: "Footfall",
        formula: "sum of crossings of counters in entrance zones, per direction; not deduplicated",
        sources: COUNTERS,
    },
    Definition {
        id: "visits.counted",
        name: "Visits",
        formula: "runs of presence of one identity with no gap longer than gap_s, started in the local day, of at least visit_min_s and 3 sightings; people without a name are counted when their visit ends",
        sources: ALL_RADIO,
    },
    Definition {
        id: "visits.open",
        name: "Visits going on",
        formula: "visits of the day that have not ended",
        sources: NAMED,
    },
    Definition {
        id: "uniqueVisitors",
        name: "Unique visitors",
        formula: "distinct identities with at least one counted visit; people without a name are not in it, because their ids rotate",
        sources: NAMED,
    },
    Definition {
        id: "dwellS",
        name: "Time in the store",
        formula: "quartiles of last heard minus first heard over counted visits that ended; null below 10 visits",
        sources: NAMED,
    },
    Definition {
        id: "zones.entries",
        name: "Entries to a zone",
        formula: "stays that began in the zone in the local day",
        sources: ALL_RADIO,
    },
    Definition {
        id: "zones.dwellMedianS",
        name: "Time in a zone",
        formula: "median over visits of the sum of their stays in the zone; null below 10 visits",
        sources: NAMED,
    },
    Definition {
        id: "zones.engaged",
        name: "Engaged visits",
        formula: "visits that spent at least 30 s in the zone",
        sources: NAMED,
    },
    Definition {
        id: "funnel",
        name: "Offer funnel",
        formula: "decisions of the local day by how far they came: moments, decided (an offer chosen), held (holdout, or kept without this offer), sent (a channel took it), delivered (shown), opened, visited (went to the product after opening), redeemed; a later step proves the earlier ones; dismissed and purchased are branches of sent",
        sources: DECISIONS,
    },
    Definition {
        id: "silences",
        name: "Why nothing was said",
        formula: "decisions of the local day that chose silence, by the code of the reason",
        sources: &["decisions"],
    },
    Definition {
        id: "now.people",
        name: "People now",
        formula: "subjects heard lately, by zone of highest belief; as of the time given with it",
        sources: ALL_RADIO,
    },
];
