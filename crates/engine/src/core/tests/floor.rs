//! What the floor tells a moment: who walks by is left in peace, and everything known stands in the decision.

use model::decision::{Around, Decision};
use model::signal::Aged;

use super::*;
use crate::shopper::Surroundings;

fn around(speed: f64, at: Timestamp) -> Input {
    let zone = ZoneId::new("wine").expect("a slug");
    let around = Around {
        speed: Some(Aged { value: speed, at }),
        crowding: Some(Aged { value: 0.5, at }),
        company: Some(Aged { value: 1, at }),
        ..Around::default()
    };
    Input::Around { customer: customer(1), surroundings: Surroundings { store: store(), zone, around } }
}

fn decided(core: &mut Core) -> Vec<Decision> {
    let is = |command| if let Command::Decided(decision) = command { Some(decision) } else { None };
    drain(core).into_iter().filter_map(is).collect()
}

#[test]
fn who_walks_by_hears_nothing_and_who_stops_does() {
    let mut core = core_with(1);
    lease(&mut core, 3, NOON);
    core.handle(around(1.4, after(1)), after(1));
    tell(&mut core, 1, "wine", PresenceKind::Entered, after(1));
    let passing = decided(&mut core);
    let refused = passing[0].explanation.candidates[0].refused.as_ref().expect("they walk by");
    assert_eq!((refused.code(), &passing[0].choice), ("still", &Choice::Silence { code: "still".into() }));
    core.handle(around(0.2, after(9)), after(9));
    tell(&mut core, 1, "wine", PresenceKind::Dwelling, after(9));
    let standing = decided(&mut core);
    assert!(standing[0].explanation.candidates[0].refused.is_none(), "{:?}", standing[0].explanation.candidates[0]);
    let seen: Vec<&str> = standing[0].explanation.features.iter().map(|feature| feature.name.as_str()).collect();
    assert!(["speed", "crowding", "company"].iter().all(|name| seen.contains(name)), "{seen:?}");
    // Half a minute later nobody knows how fast they walk, and the decision says that it does not.
    core.handle(viewed(1, "m9", after(60)), after(60));
    let later = decided(&mut core);
    assert_eq!(later[0].explanation.stale, ["speed"]);
}

#[test]
fn without_consent_to_be_located_nothing_around_is_kept() {
    let mut core = core_with(1);
    let hidden = Consent { locating: false, ..all() };
    core.handle(Input::Consent { customer: customer(1), record: record(hidden, after(1)) }, after(1));
    let before = core.state(&customer(1)).map(Cow::into_owned);
    core.handle(around(1.0, after(2)), after(2));
    assert_eq!(core.state(&customer(1)).map(Cow::into_owned), before);
}

#[test]
fn a_walk_with_its_surroundings_is_played_again_from_the_notes_to_the_same_decisions() {
    let mut core = Core::new(CoreConfig { seed: 7 });
    core.record();
    core.handle(Input::Plan(files()), NOON);
    welcome(&mut core, 1);
    lease(&mut core, 3, NOON);
    core.handle(around(1.4, after(1)), after(1));
    tell(&mut core, 1, "wine", PresenceKind::Entered, after(1));
    core.handle(around(0.1, after(9)), after(9));
    tell(&mut core, 1, "wine", PresenceKind::Dwelling, after(9));
    let live = decided(&mut core);
    let mut again = Core::new(CoreConfig { seed: 7 });
    let mut played = Vec::new();
    for entry in core.take_trace() {
        again.handle(entry.input, entry.now);
        played.extend(decided(&mut again));
    }
    assert_eq!(played, live);
    assert!(live.len() == 2);
}
