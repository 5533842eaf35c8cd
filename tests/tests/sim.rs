//! A whole day's parts in one thread on virtual time: the simulator's world, the devices' own messages, the gateway's
//! pipeline, the uplink's bytes, identity, and the core. The same seed gives the same run, byte for byte.

#[path = "sim/crowd.rs"]
mod crowd;
#[path = "sim/stage.rs"]
mod stage;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use decide::gates::holdout::is_held_out;
use engine::core::{Command, CoreConfig};
use engine::log;
use firmware_sim::person::Kind;
use model::decision::{Choice, Refusal, Trigger};
use model::outcome::OutcomeKind;
use model::subject::Subject;
use model::time::Millis;
use model::zone::ZoneKind;

use stage::{CORE_SEED, Stage};

/// Long enough for everybody to come in, and for most to go to their products.
const SPAN: Millis = Millis::seconds(100);

/// One run that every test looks at.
static RUN: LazyLock<Stage> = LazyLock::new(|| Stage::played(7, SPAN));

#[test]
fn the_same_seed_gives_the_same_run_twice() {
    let again = Stage::played(7, SPAN);
    assert_eq!(again.inputs(), RUN.inputs(), "the inputs");
    assert_eq!(again.effects(), RUN.effects(), "decisions, deliveries and all else");
    assert!(!RUN.deliveries().is_empty(), "a run without an offer proves little");
}

#[test]
fn a_recorded_log_replays_to_the_same_decisions() {
    let entries = log::read(&RUN.inputs()).expect("what was written can be read");
    let commands = log::replay(CoreConfig { seed: CORE_SEED }, entries);
    assert_eq!(log::write_commands(&commands), RUN.effects());
}

#[test]
fn another_seed_gives_another_run() {
    let moment = Millis::seconds(5);
    assert_ne!(Stage::played(8, moment).inputs(), Stage::played(7, moment).inputs());
}

#[test]
fn located_people_are_mostly_where_they_are_believed_to_be() {
    let score = RUN.score();
    assert!(score.samples > 1_000 && score.stays > 20, "{score:?}");
    assert!(score.zone_share() > 0.65, "{score:?}");
    assert!(score.stay_share() > 0.5, "{score:?}");
}

#[test]
fn offers_go_only_to_those_who_allow_them_and_to_nobody_in_the_holdout() {
    let allowed = [Kind::AppFull, Kind::AppWithdraws];
    for delivery in RUN.deliveries() {
        let person = RUN.person_of(&delivery.customer);
        assert!(allowed.contains(&person.kind), "{:?}", person.kind);
        assert!(!is_held_out(CORE_SEED, &delivery.customer, RUN.plan().store.holdout));
    }
    let held = RUN.decisions().filter(|decision| decision.holdout).count();
    assert!(held > 0, "somebody of 22 customers is in the holdout");
    for decision in RUN.decisions() {
        assert_eq!(decision.holdout, is_held_out(CORE_SEED, &decision.customer, RUN.plan().store.holdout));
    }
}

#[test]
fn every_offer_has_its_decision_and_every_decision_is_complete() {
    let mut ids = BTreeSet::new();
    for decision in RUN.decisions() {
        assert!(ids.insert(decision.id), "decided once");
        let candidates = &decision.explanation.candidates;
        assert_eq!(candidates.len(), RUN.plan().offers.len());
        let sum = decision.explanation.silence.get() + candidates.iter().map(|c| c.propensity.get()).sum::<f64>();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        assert!(!decision.explanation.en.is_empty() && !decision.explanation.it.is_empty());
    }
    let mut delivered = BTreeSet::new();
    for delivery in RUN.deliveries() {
        assert!(ids.contains(&delivery.decision));
        assert!(delivered.insert(delivery.decision), "delivered once");
    }
    let silent = RUN.decisions().filter(|d| matches!(d.choice, Choice::Silence { .. })).count();
    assert!(silent > 0 && silent < ids.len(), "some speak and some don't");
}

#[test]
fn who_does_not_allow_it_is_never_named() {
    let effects = RUN.effects();
    let mut checked = 0;
    for person in RUN.people() {
        let device = stage::device_of(person.id).to_string();
        if !person.kind.consent().locating {
            assert!(!effects.contains(&format!("{{\"device\":\"{device}\"}}")), "{:?} is located", person.kind);
            checked += 1;
        }
        if !person.kind.consent().any() {
            assert!(!effects.contains(&format!("\"{}\"", stage::customer_of(person.id))), "{:?}", person.kind);
        }
    }
    assert!(checked > 10);
    let located = RUN.commands().filter_map(|command| match command {
        Command::Position { position, .. } => Some(&position.subject),
        Command::Presence(_)
        | Command::Visit(_)
        | Command::Reading { .. }
        | Command::Quiet { .. }
        | Command::Attribution { .. }
        | Command::Occupancy { .. }
        | Command::Decided(_)
        | Command::Deliver(_)
        | Command::Outcome { .. }
        | Command::NeedLease { .. }
        | Command::Bought { .. }
        | Command::Cancel { .. }
        | Command::Stopped { .. }
        | Command::Alarm { .. } => None,
    });
    let named = located.filter(|subject| matches!(subject, Subject::Device(_))).collect::<BTreeSet<_>>().len();
    assert!(named > 10, "those who allow it are: {named}");
}

#[test]
fn a_withdrawal_ends_it_at_once() {
    let (customer, at) = RUN.withdrawn().expect("one of the people withdraws during the run");
    assert!(!RUN.core_knows(&customer));
    let later = RUN.decisions().filter(|d| d.customer == customer && d.moment.at > at).count();
    assert_eq!(later, 0);
}

#[test]
fn most_offers_are_made_where_the_customer_truly_is() {
    let near = RUN.deliveries().iter().filter(|delivery| RUN.was_near(delivery)).count();
    let all = RUN.deliveries().len();
    println!("{near} of {all} where the customer truly is");
    assert!(near * 10 >= all * 6, "{near} of {all}");
}

/// Whoever is told because they dwell truly is there and dwells; who is told on coming in or while they look may have gone on.
#[test]
fn who_is_told_on_the_dwell_truly_dwells_and_nobody_is_told_at_the_till() {
    let (mut all, mut near, mut dwelt, mut others) = (0_u32, 0_u32, 0_u32, [0_u32; 2]);
    let more: Vec<Stage> = (8..=12).map(|seed| Stage::played(seed, SPAN)).collect();
    for stage in more.iter().chain([&*RUN]) {
        for delivery in stage.deliveries() {
            let at_the_till = stage.true_kind(&delivery.customer, delivery.decided_at) == Some(ZoneKind::Checkout);
            assert!(!at_the_till, "{delivery:?}");
            if stage.trigger(delivery) == Some(Trigger::Dwelling) {
                all += 1;
                near += u32::from(stage.was_near(delivery));
                dwelt += u32::from(stage.truly_dwelt(delivery, Millis::seconds(4)));
            } else {
                others[0] += 1;
                others[1] += u32::from(stage.was_near(delivery));
            }
        }
    }
    println!("on the dwell {near} of {all} there, {dwelt} dwelling; at other moments {} of {}", others[1], others[0]);
    assert!(all > 20 && near * 100 >= all * 95 && dwelt * 100 >= all * 95, "{near} and {dwelt} of {all}");
}

#[test]
fn what_people_do_with_an_offer_comes_back() {
    let told: BTreeSet<OutcomeKind> = RUN.reactions().collect();
    assert!(told.contains(&OutcomeKind::Delivered) && told.contains(&OutcomeKind::Opened), "{told:?}");
    let found = RUN.commands().filter(|command| matches!(command, Command::Outcome { .. })).count();
    assert!(found > 0, "somebody went to the product");
}

#[test]
fn the_door_and_the_shelf_report_too() {
    let readings = RUN.commands().filter(|command| matches!(command, Command::Reading { .. })).count();
    assert!(readings > 10, "{readings}");
}

#[test]
fn only_known_codes_are_given_for_silence() {
    let known: BTreeSet<&str> = Refusal::CODES.into_iter().chain(["no-offer", "not-worth-it", "explore"]).collect();
    for decision in RUN.decisions() {
        if let Choice::Silence { code } = &decision.choice {
            assert!(known.contains(code.as_str()), "{code}");
        }
    }
}
