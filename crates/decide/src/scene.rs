//! What all offers of one decision have in common, found once: the local time, what was told lately, what the model sees.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;

use jiff::civil::DateTime;
use model::decision::Feature;
use model::ids::OfferId;
use model::shop::QuietHours;
use model::time::{Millis, Timestamp};
use model::zone::ZoneKind;

use crate::brain::Course;
use crate::evaluate::Context;
use crate::gates::holdout::is_held_out;
use crate::intent::Wants;
use crate::rule::Facts;
use crate::{features, local, words};

/// What all offers of one decision have in common.
#[derive(Debug)]
pub struct Scene<'a> {
    /// Whether only offers in shadow are decided on, instead of only the others.
    pub(crate) shadow: bool,
    /// Whether an offer, by its place in the catalogue, may be said in the zone.
    pub(crate) here: Vec<bool>,
    /// What the zone is for; none when it is on no plan.
    pub(crate) kind: Option<ZoneKind>,
    /// The store's wall clock.
    pub(crate) local: DateTime,
    /// When the customer was told something last.
    pub(crate) last_told: Option<Timestamp>,
    /// When they were told which offer, by its place in the catalogue.
    pub(crate) told: BTreeMap<usize, Vec<Timestamp>>,
    /// When they were told anything by us or others.
    pub(crate) contacts: Vec<Timestamp>,
    /// How worn their patience is.
    pub(crate) fatigue: f64,
    /// How much they want what.
    pub(crate) wants: Wants<'a>,
    /// Whether they are in the holdout.
    pub(crate) held_out: bool,
    /// Whether people's weights and pins are put aside for them.
    pub(crate) words_aside: bool,
    /// How fast they walk, in metres a second, when that is known.
    pub(crate) speed: Option<f64>,
    /// People on ten square metres.
    pub(crate) crowding: Option<f64>,
    /// How far it is to the zone, in metres, as a channel told it.
    distance: Option<f64>,
    /// How far it is from here to what each offer is about.
    ways: Option<&'a [Option<f32>]>,
    /// What the model sees of the moment and the customer.
    pub(crate) common: Vec<Feature>,
    /// What it does not see because it is too old.
    pub(crate) stale: Vec<String>,
    segment: OnceCell<Option<usize>>,
    /// How the store's offers stand.
    courses: Option<&'a BTreeMap<OfferId, Course>>,
    /// How often anything was told within the hours that were asked for last.
    contacts_within: Cell<Option<(u32, u32)>>,
}

impl<'a> Scene<'a> {
    /// Finds what the offers of a decision have in common.
    #[must_use]
    pub fn new(context: &Context<'a>, shadow: bool) -> Self {
        let (catalogue, history, now) = (context.catalogue, context.history, context.now);
        let mut here = vec![false; catalogue.offers.len()];
        for index in catalogue.offers_in(&context.moment.zone) {
            here[*index] = true;
        }
        let mut told: BTreeMap<usize, Vec<Timestamp>> = BTreeMap::new();
        for one in history.told() {
            catalogue.index_of(&one.offer).into_iter().for_each(|place| told.entry(place).or_default().push(one.at));
        }
        let mut contacts: Vec<Timestamp> = history.told().iter().map(|told| told.at).collect();
        contacts.extend(&context.person.contacts);
        let seen = features::around(&context.moment.around, now);
        let mut scene = Self {
            shadow,
            here,
            kind: catalogue.kind_of(&context.moment.zone),
            local: local::clock(catalogue.timezone(), now),
            last_told: history.told().iter().map(|told| told.at).max(),
            told,
            contacts,
            fatigue: history.fatigue(now),
            wants: Wants::new(catalogue, context.intent.level(now, &context.policy.half_life_h)),
            held_out: is_held_out(context.seed, context.customer, catalogue.store.holdout),
            words_aside: words::is_aside(context.seed, context.customer, catalogue.store.words_aside),
            speed: seen.speed,
            crowding: seen.crowding,
            distance: seen.distance,
            ways: catalogue.ways_from(&context.moment.zone),
            common: Vec::new(),
            stale: seen.stale.clone(),
            segment: OnceCell::new(),
            courses: context.brain.courses.get(&context.moment.store),
            contacts_within: Cell::new(None),
        };
        scene.common = features::common(context, &scene, &seen);
        scene
    }

    /// How far it is to what an offer is about, in metres: as the channel tells, or by the plan.
    pub(crate) fn metres_to(&self, offer: usize) -> Option<f64> {
        self.distance.or_else(|| self.ways?.get(offer)?.map(f64::from))
    }

    /// The customer's segment, as its place in the shop's list: the first whose rule holds.
    pub(crate) fn segment(&self, context: &Context<'_>) -> Option<usize> {
        *self.segment.get_or_init(|| {
            let facts = Facts::of_customer(context, self);
            let rules = context.catalogue.segment_rules().iter();
            rules.into_iter().position(|rule| rule.as_ref().is_ok_and(|rule| rule.holds(&facts) == Ok(true)))
        })
    }

    /// The same, if a gate or a weight has asked for it.
    pub(crate) fn known_segment(&self) -> Option<usize> {
        self.segment.get().copied().flatten()
    }

    /// How an offer stands in the store, when anything is known of it.
    pub(crate) fn course(&self, offer: &OfferId) -> Option<&'a Course> {
        self.courses?.get(offer)
    }

    /// How often the customer was told anything, by us or others, in a sliding window.
    pub(crate) fn contacts_within(&self, hours: u32, now: Timestamp) -> u32 {
        if let Some((_, count)) = self.contacts_within.get().filter(|(asked, _)| *asked == hours) {
            return count;
        }
        let count = Self::within(self.contacts.iter(), hours, now);
        self.contacts_within.set(Some((hours, count)));
        count
    }

    /// How many of these times lie in a sliding window; one from the future counts too: never more than the cap.
    pub(crate) fn within<'t>(times: impl Iterator<Item = &'t Timestamp>, hours: u32, now: Timestamp) -> u32 {
        let window = Millis::hours(i64::from(hours));
        u32::try_from(times.filter(|at| now.since(**at) < window).count()).unwrap_or(u32::MAX)
    }

    /// Whether the store's clock is in these hours.
    pub(crate) fn is_quiet(&self, quiet: &QuietHours) -> bool {
        crate::gates::quiet_hours::is_quiet(self.local.time(), quiet)
    }
}
