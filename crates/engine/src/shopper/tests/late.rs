//! What is told late is acted on only when nothing that is told behind it says that they have gone on.

use super::*;

/// In which zone, by what and of which time the moments were that were decided.
fn moments(rig: &Rig) -> Vec<(String, Trigger, Timestamp)> {
    let moment = |decision: Decision| {
        let moment = decision.moment;
        (moment.zone.to_string(), moment.trigger, moment.at)
    };
    rig.decided().into_iter().map(moment).collect()
}

#[test]
fn a_presence_that_is_told_late_waits_for_what_is_behind_it() {
    let mut rig = keen();
    rig.input(Input::Presence(presence("wine", Entered, NOON, NOON)), after(8));
    assert_eq!((moments(&rig), rig.shopper().poll_timeout()), (vec![], Some(after(9))));
    rig.restart();
    rig.wake(after(9));
    assert_eq!(moments(&rig), [("wine".to_owned(), Trigger::Entered, NOON)]);
}

#[test]
fn whoever_has_gone_on_by_what_comes_behind_is_told_nothing_there() {
    let mut rig = keen();
    rig.input(Input::Presence(presence("wine", Entered, NOON, NOON)), after(12));
    rig.input(Input::Presence(presence("wine", Dwelling, NOON, after(8))), after(12));
    rig.input(Input::Presence(presence("wine", Left, NOON, after(8))), after(12));
    rig.wake(after(13));
    assert_eq!(moments(&rig), []);
}

#[test]
fn of_two_moments_that_are_told_late_the_newer_one_is_decided() {
    let mut rig = keen();
    rig.input(Input::Presence(presence("wine", Entered, NOON, NOON)), after(12));
    rig.input(Input::Presence(presence("wine", Dwelling, NOON, after(8))), after(12));
    rig.wake(after(13));
    assert_eq!(moments(&rig), [("wine".to_owned(), Trigger::Dwelling, after(8))]);
}

#[test]
fn what_happens_now_does_not_wait_behind_what_was_told_late() {
    let mut rig = keen();
    rig.input(Input::Presence(presence("wine", Entered, NOON, NOON)), after(12));
    rig.input(Input::Presence(presence("wine", Left, NOON, after(8))), after(12));
    rig.input(Input::Presence(presence("pasta", Entered, after(10), after(11))), after(12));
    assert_eq!(moments(&rig), [("pasta".to_owned(), Trigger::Entered, after(11))]);
}

#[test]
fn nothing_is_decided_when_it_has_waited_until_it_is_long_ago() {
    let mut rig = keen();
    rig.input(Input::Presence(presence("wine", Entered, NOON, NOON)), after(8));
    rig.wake(after(31));
    assert_eq!(moments(&rig), []);
}

#[test]
fn what_is_told_promptly_is_decided_at_once() {
    let mut rig = keen();
    rig.input(Input::Presence(presence("wine", Entered, NOON, NOON)), NOON + PROMPT);
    assert_eq!(moments(&rig), [("wine".to_owned(), Trigger::Entered, NOON)]);
}
