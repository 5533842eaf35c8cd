use wire::uplink::clock::Belief;

use super::*;
use crate::enrol::identity::Enrolment;

const DAY: i64 = 86_400_000;

#[test]
fn a_clock_that_is_not_set_is_wrong() {
    for (belief, ahead_s, expected) in [
        (Belief::NeverSet, None, State::Wrong),
        (Belief::NeverSet, Some(0.0), State::Wrong),
        (Belief::Free, None, State::Well),
        (Belief::Synchronised, Some(-299.0), State::Well),
        (Belief::Synchronised, Some(-301.0), State::Warning),
        (Belief::Free, Some(301.0), State::Warning),
    ] {
        let found = checks::clock(belief, ahead_s);
        assert_eq!(found.state, expected, "{belief:?} {ahead_s:?}: {found:?}");
    }
}

#[test]
fn a_certificate_is_well_then_warned_of_then_wrong() {
    let enrolment = Enrolment {
        server: "http://shop".into(),
        broker: "mqtts://shop:8883".into(),
        broker_name: "broker".into(),
        issued_at: 0,
        expires_at: 90 * DAY,
    };
    for (day, state) in [(1, State::Well), (84, State::Warning), (90, State::Wrong), (200, State::Wrong)] {
        let finding = checks::certificate_ends(&enrolment, Timestamp(day * DAY));
        assert_eq!(finding.state, state, "{finding:?}");
        assert_eq!(finding.fix.is_some(), state != State::Well, "{finding:?}");
    }
}

#[test]
fn what_is_free_is_read_from_the_table_of_df() {
    let table = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 100 40 60 40% /\n";
    assert_eq!(checks::free_of(table), Some(60));
    assert_eq!(checks::free_of("nonsense"), None);
    assert_eq!(checks::free_of(""), None);
}

#[test]
fn a_report_says_what_to_do() {
    let findings = vec![Finding::well("clock", "set"), Finding::wrong("dns", "gone", "look at the cable")];
    let text = Report { well: false, findings }.text();
    assert!(text.contains("WRONG") && text.contains("do: look at the cable") && text.contains("something is wrong"));
}

#[test]
fn a_system_without_a_bus_without_a_radio_and_without_this_radio_are_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bus, listed) = (folder.path().join("bus"), folder.path().join("bluetooth"));
    let told = |adapter| {
        let found = checks::radio_of(adapter, &bus, &listed);
        assert_eq!(found.fix.is_some(), found.state == State::Wrong, "it says what to do: {found:?}");
        (found.state, found.found)
    };
    let wrong = |text: &str| (State::Wrong, text.to_owned());
    assert_eq!(told(None), wrong("there is no system bus, and so no Bluetooth service"));
    std::fs::write(&bus, "").expect("a file");
    assert_eq!(told(Some("hci77")), wrong("the system has no Bluetooth radio"));
    std::fs::create_dir(&listed).expect("a folder");
    assert_eq!(told(None), wrong("the system has no Bluetooth radio"));
    std::fs::create_dir(listed.join("hci0")).expect("a folder");
    assert_eq!(told(Some("hci77")), wrong("there is no adapter hci77"));
    assert_eq!(told(Some("hci0")), (State::Well, "1 adapter(s)".to_owned()));
    assert_eq!(told(None), (State::Well, "1 adapter(s)".to_owned()));
}
