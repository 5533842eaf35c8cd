//! A person: who it is, what it allows, what it carries, and how it is inclined. What it does is `shopper`.

use model::consent::Consent;
use wire::ble::rolling::AirKey;

use crate::chance::{Chance, Draws};
use crate::scenario::{Habits, People};
use crate::truth::PersonId;

/// What kind of person it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// With the app and every consent.
    AppFull,
    /// With the app and every consent until it is withdrawn during the run.
    AppWithdraws,
    /// With the app, located and profiled, but no offers by push.
    AppNoPush,
    /// With the app and a profile only.
    AppProfileOnly,
    /// With the app and no consent.
    AppNoConsent,
    /// With the store's cart of this number, counted from 0.
    Cart(usize),
    /// With an ordinary phone.
    Anonymous,
    /// With nothing that sends.
    Silent,
}

/// One person.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Its number.
    pub id: PersonId,
    /// What kind it is.
    pub kind: Kind,
    /// What it allows now.
    pub consent: Consent,
    /// The key of its rolling id: drawn from the seed, replaced by the server's when there is one.
    pub air: AirKey,
    /// The chain's prefix on the air.
    pub prefix: [u8; 4],
    /// How it is inclined.
    pub inclination: Inclination,
}

/// How one person is inclined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inclination {
    /// Walking speed in m/s.
    pub speed: f64,
    /// To open an offer.
    pub opens: f64,
    /// To dismiss one that is not opened.
    pub dismisses: f64,
    /// To go to the product of an opened offer.
    pub goes: f64,
    /// To redeem it there.
    pub redeems: f64,
}

impl Kind {
    /// What such a person allows at the start.
    #[must_use]
    pub const fn consent(self) -> Consent {
        match self {
            Self::AppFull | Self::AppWithdraws => Consent { locating: true, profiling: true, marketing_push: true },
            Self::AppNoPush => Consent { locating: true, profiling: true, marketing_push: false },
            Self::AppProfileOnly => Consent { locating: false, profiling: true, marketing_push: false },
            Self::AppNoConsent | Self::Cart(_) | Self::Anonymous | Self::Silent => {
                Consent { locating: false, profiling: false, marketing_push: false }
            }
        }
    }

    /// Whether such a person has the store's app.
    #[must_use]
    pub const fn has_app(self) -> bool {
        match self {
            Self::AppFull | Self::AppWithdraws | Self::AppNoPush | Self::AppProfileOnly | Self::AppNoConsent => true,
            Self::Cart(_) | Self::Anonymous | Self::Silent => false,
        }
    }
}

/// Everybody of a scenario, in a mixed order.
#[must_use]
pub fn everybody(people: &People, habits: &Habits, prefix: [u8; 4], chance: &Chance) -> Vec<Person> {
    let mut kinds = kinds(people);
    shuffle(&mut kinds, &mut chance.branch("order", 0).draws());
    let person = |(number, kind): (usize, Kind)| {
        let branch = chance.branch("person", number as u64);
        Person {
            id: PersonId(number),
            kind,
            consent: kind.consent(),
            air: AirKey(branch.branch("air", 0).draws().bytes()),
            prefix,
            inclination: Inclination::new(habits, &mut branch.branch("inclination", 0).draws()),
        }
    };
    kinds.into_iter().enumerate().map(person).collect()
}

impl Inclination {
    fn new(habits: &Habits, draws: &mut Draws) -> Self {
        let mut around = |centre: f64| (centre + draws.between(-0.2, 0.2)).clamp(0.0, 1.0);
        let [opens, dismisses, goes, redeems] =
            [habits.opens, habits.dismisses, habits.goes, habits.redeems].map(&mut around);
        let speed = draws.normal(habits.speed[0], habits.speed[1]).clamp(0.6, 1.8);
        Self { speed, opens, dismisses, goes, redeems }
    }
}

fn kinds(people: &People) -> Vec<Kind> {
    let withdraws = people.withdraws.min(people.app_full);
    let mut kinds = vec![Kind::AppWithdraws; withdraws];
    kinds.extend(vec![Kind::AppFull; people.app_full - withdraws]);
    kinds.extend(vec![Kind::AppNoPush; people.app_no_push]);
    kinds.extend(vec![Kind::AppProfileOnly; people.app_profile_only]);
    kinds.extend(vec![Kind::AppNoConsent; people.app_no_consent]);
    kinds.extend((0..people.cart).map(Kind::Cart));
    kinds.extend(vec![Kind::Anonymous; people.anonymous]);
    kinds.extend(vec![Kind::Silent; people.silent]);
    kinds
}

/// Mixes a list.
pub(crate) fn shuffle<T>(list: &mut [T], draws: &mut Draws) {
    for last in (1..list.len()).rev() {
        list.swap(last, draws.below(last + 1));
    }
}
