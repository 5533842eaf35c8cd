//! The figures of one local day of a store: footfall, visits, dwell and the funnel, each by its published definition.
//!
//! Pure: rows in, figures out. People without a name are only counts here, so what needs one person's course (dwell,
//! unique visitors, engagement) rests on devices of customers who allow it and on the store's tags; staff is left out of all.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::ids::{SensorId, VisitId, ZoneId};
use model::presence::Visit;
use model::reading::{Reading, ReadingKind};
use model::shop::{SensorKind, Shop};
use model::subject::Subject;
use model::time::Timestamp;
use model::zone::ZoneKind;
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::{Count, CountKind, DecisionFact, PresenceRow};
use model::outcome::Outcome;

pub mod definitions;
mod funnel;

pub use funnel::{Funnel, Silence};

/// A visit of fewer sightings is noise.
const SIGHTINGS_MIN: u32 = 3;
/// A zone dwell from which a visitor is engaged there, in seconds.
const ENGAGED_S: f64 = 30.0;
/// Below so many, a median tells about single people: it is not given.
const QUANTILE_MIN: usize = 10;

/// Everything stored of the day.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Visits that started in the day; the subject is none when it was erased.
    pub visits: Vec<(Option<Subject>, Visit)>,
    /// Stays that began in the day.
    pub presences: Vec<PresenceRow>,
    /// Readings of the day.
    pub readings: Vec<Reading>,
    /// Counts of people without a name.
    pub counts: Vec<Count>,
    /// Decisions of the day.
    pub decisions: Vec<DecisionFact>,
    /// What became of them, whenever it did.
    pub outcomes: Vec<Outcome>,
}

/// Crossings of the entrance counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Footfall {
    /// Into the store.
    pub entered: u64,
    /// Out of the store.
    pub left: u64,
}

/// Visits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Visits {
    /// Long and sure enough.
    pub counted: u64,
    /// Still going on; of those with a name.
    pub open: u64,
}

/// Seconds in the store, over visits that ended; null when there are fewer than 10.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
pub struct Dwell {
    /// Half stay shorter.
    pub median: Option<f64>,
    /// A quarter stays shorter.
    pub p25: Option<f64>,
    /// Three quarters stay shorter.
    pub p75: Option<f64>,
}

/// One hour of the day by the store's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Hour {
    /// 0 to 23; an hour that the clock repeats is given once for both.
    pub hour: u8,
    /// Crossings into the store.
    pub footfall: u64,
    /// Visits that started; without a name, that ended.
    pub visits: u64,
}

/// One zone.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ZoneDay {
    /// Which.
    #[schema(value_type = String)]
    pub zone: ZoneId,
    /// Its name.
    pub name: String,
    /// Stays that began there.
    pub entries: u64,
    /// Median seconds a visit spent there in all; null when there are fewer than 10 visits.
    pub dwell_median_s: Option<f64>,
    /// Visits that spent at least 30 s there; of those with a name.
    pub engaged: u64,
}

/// The figures of a day.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Today {
    /// The day, by the store's clock.
    pub date: String,
    /// Crossings of the entrance counters.
    pub footfall: Footfall,
    /// Visits.
    pub visits: Visits,
    /// People with at least one visit, as far as they have a name, and tags.
    pub unique_visitors: u64,
    /// Seconds in the store.
    pub dwell_s: Dwell,
    /// By the hour.
    pub hourly: Vec<Hour>,
    /// By the zone, in the order of the plan.
    pub zones: Vec<ZoneDay>,
    /// From moment to purchase.
    pub funnel: Funnel,
    /// Why nothing was said, most often first.
    pub silences: Vec<Silence>,
}

/// The store's time zone; UTC when it is not known any more.
#[must_use]
pub fn zone_of(shop: &Shop) -> TimeZone {
    TimeZone::get(&shop.store.timezone).unwrap_or(TimeZone::UTC)
}

/// The local day of a moment.
#[must_use]
pub fn day_of(at: Timestamp, zone: &TimeZone) -> Date {
    instant(at).to_zoned(zone.clone()).date()
}

/// The half-open interval of a local day: 23, 24 or 25 hours. None at the end of time.
#[must_use]
pub fn bounds(date: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let start = |date: Date| date.to_zoned(zone.clone()).ok().map(|at| Timestamp(at.timestamp().as_millisecond()));
    Some((start(date)?, start(date.tomorrow().ok()?)?))
}

/// The figures of a day.
#[must_use]
pub fn figures(shop: &Shop, date: Date, zone: &TimeZone, rows: &Rows) -> Today {
    let staff: BTreeSet<_> = shop.tags.iter().filter(|tag| tag.staff).map(|tag| tag.id.clone()).collect();
    let is_staff = |subject: &Option<Subject>| matches!(subject, Some(Subject::Tag(tag)) if staff.contains(tag));
    let visits: Vec<_> = rows.visits.iter().filter(|(who, visit)| !is_staff(who) && counts(shop, visit)).collect();
    let presences: Vec<_> = rows.presences.iter().filter(|row| !is_staff(&row.subject)).collect();
    let open = rows.visits.iter().filter(|(who, visit)| !is_staff(who) && visit.ended.is_none()).count();
    let nameless: u64 = rows.counts.iter().filter(|count| count.kind == CountKind::Visited).map(|count| count.n).sum();
    let unique: BTreeSet<_> = visits.iter().filter_map(|(who, _)| who.as_ref()).collect();
    let funnel = funnel::count(&rows.decisions, &rows.outcomes);
    Today {
        date: date.to_string(),
        footfall: footfall(shop, &rows.readings),
        visits: Visits { counted: visits.len() as u64 + nameless, open: open as u64 },
        unique_visitors: unique.len() as u64,
        dwell_s: dwell(&visits),
        hourly: hourly(shop, zone, rows, &visits),
        zones: zones(shop, &presences, &rows.counts),
        funnel,
        silences: funnel::silences(&rows.decisions),
    }
}

/// Whether a visit is long and sure enough to be counted.
fn counts(shop: &Shop, visit: &Visit) -> bool {
    stay_s(visit) >= f64::from(shop.store.visit_min_s) && visit.sightings >= SIGHTINGS_MIN
}

fn stay_s(visit: &Visit) -> f64 {
    visit.last_heard.since(visit.started).as_seconds()
}

/// Counters at an entrance; counters elsewhere count something else.
fn doors(shop: &Shop) -> BTreeSet<&SensorId> {
    let at_entrance = |zone: &ZoneId| shop.zone(zone).is_some_and(|zone| zone.kind == ZoneKind::Entrance);
    let counter = |kind: SensorKind| match kind {
        SensorKind::CounterDelta | SensorKind::CounterCumulative => true,
        SensorKind::CounterLevel | SensorKind::Presence | SensorKind::Shelf => false,
    };
    shop.sensors.iter().filter(|s| counter(s.kind) && at_entrance(&s.zone)).map(|s| &s.id).collect()
}

fn footfall(shop: &Shop, readings: &[Reading]) -> Footfall {
    let doors = doors(shop);
    readings.iter().filter(|reading| doors.contains(&reading.sensor)).fold(Footfall::default(), |sum, reading| {
        match reading.kind {
            ReadingKind::Crossing { entered, left } => {
                Footfall { entered: sum.entered + u64::from(entered), left: sum.left + u64::from(left) }
            }
            ReadingKind::Level(_) | ReadingKind::Presence(_) | ReadingKind::ShelfDelta(_) => sum,
        }
    })
}

fn dwell(visits: &[&(Option<Subject>, Visit)]) -> Dwell {
    let ended = visits.iter().filter(|(_, visit)| visit.ended.is_some());
    let mut seconds: Vec<f64> = ended.map(|(_, visit)| stay_s(visit)).collect();
    seconds.sort_by(f64::total_cmp);
    Dwell { median: quantile(&seconds, 0.5), p25: quantile(&seconds, 0.25), p75: quantile(&seconds, 0.75) }
}

/// By linear interpolation between order statistics; none below the number at which single people show through.
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    if sorted.len() < QUANTILE_MIN {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 visits a day")]
    let place = q * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the length")]
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    Some(sorted[below] + (sorted[above] - sorted[below]) * place.fract())
}

fn hourly(shop: &Shop, zone: &TimeZone, rows: &Rows, visits: &[&(Option<Subject>, Visit)]) -> Vec<Hour> {
    let mut hours: Vec<Hour> = (0..24).map(|hour| Hour { hour, footfall: 0, visits: 0 }).collect();
    let hour = |at: Timestamp| usize::try_from(instant(at).to_zoned(zone.clone()).hour()).unwrap_or(0).min(23);
    let doors = doors(shop);
    for reading in rows.readings.iter().filter(|reading| doors.contains(&reading.sensor)) {
        if let ReadingKind::Crossing { entered, .. } = reading.kind {
            hours[hour(reading.at)].footfall += u64::from(entered);
        }
    }
    for (_, visit) in visits {
        hours[hour(visit.started)].visits += 1;
    }
    for count in rows.counts.iter().filter(|count| count.kind == CountKind::Visited) {
        hours[hour(count.quarter)].visits += count.n;
    }
    hours
}

fn zones(shop: &Shop, presences: &[&PresenceRow], counts: &[Count]) -> Vec<ZoneDay> {
    let mut per_visit: BTreeMap<&ZoneId, BTreeMap<VisitId, f64>> = BTreeMap::new();
    let mut entries: BTreeMap<&ZoneId, u64> = BTreeMap::new();
    for row in presences {
        *entries.entry(&row.zone).or_default() += 1;
        // A stay that lasts is taken as far as it is known; it grows until it ends.
        let stay = row.left_at.unwrap_or(row.at).since(row.since).as_seconds().max(0.0);
        *per_visit.entry(&row.zone).or_default().entry(row.visit).or_default() += stay;
    }
    for count in counts.iter().filter(|count| count.kind == CountKind::Entered) {
        if let Some(zone) = &count.zone {
            *entries.entry(zone).or_default() += count.n;
        }
    }
    let day = |zone: &model::zone::Zone| {
        let stays = per_visit.get(&zone.id);
        let mut seconds: Vec<f64> = stays.map(|stays| stays.values().copied().collect()).unwrap_or_default();
        seconds.sort_by(f64::total_cmp);
        ZoneDay {
            zone: zone.id.clone(),
            name: zone.name.clone(),
            entries: entries.get(&zone.id).copied().unwrap_or(0),
            dwell_median_s: quantile(&seconds, 0.5),
            engaged: seconds.iter().filter(|s| **s >= ENGAGED_S).count() as u64,
        }
    };
    shop.zones().map(day).collect()
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
