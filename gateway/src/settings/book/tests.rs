use super::*;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn desired(version: u64) -> Desired {
    Desired { version, ..Desired::default() }
}

fn ids(names: &[&str]) -> Vec<ReceiverId> {
    names.iter().map(|name| ReceiverId::new(name).expect("an id")).collect()
}

fn told(heard: &[&str]) -> Signs {
    Signs { is_told: true, heard: ids(heard) }
}

fn outcome(book: &Book) -> (u64, Outcome, Option<u64>) {
    let report = book.report(BootId(7)).expect("a report");
    (report.version, report.outcome, report.in_force)
}

#[test]
fn settings_hold_once_the_line_is_back_and_receivers_are_heard() {
    let mut book = Book::default();
    assert_eq!(book.report(BootId(7)), None);
    assert!(book.is_news(&desired(3)));
    book.try_out(desired(3), ids(&["a", "b"]), NOW);
    assert!(!book.is_news(&desired(3)) && book.is_news(&desired(4)));
    assert_eq!(book.begin(NOW), (Some(desired(3)), true));
    assert_eq!(outcome(&book), (3, Outcome::Trying, Some(3)));
    assert!(book.look(&Signs::default(), NOW).expect("missing").contains("line"));
    assert!(book.look(&told(&["a"]), NOW).expect("missing").contains(": b"));
    assert_eq!(book.look(&told(&["a", "b", "c"]), NOW), None);
    assert_eq!(outcome(&book), (3, Outcome::Applied, Some(3)));
    assert_eq!(book.begin(NOW), (Some(desired(3)), false));
}

#[test]
fn a_box_that_is_not_well_goes_back_and_does_not_try_the_same_again() {
    let mut book = Book::default();
    book.try_out(desired(3), ids(&[]), NOW);
    assert_eq!(book.look(&told(&[]), NOW), None);
    book.try_out(desired(4), ids(&["a"]), NOW);
    book.roll_back(None, "the line to the server did not come back", NOW);
    assert_eq!(outcome(&book), (4, Outcome::RolledBack, Some(3)));
    assert!(!book.is_news(&desired(4)), "the same is told again at every connection");
    assert_eq!(book.begin(NOW), (Some(desired(3)), false));
}

#[test]
fn a_box_that_is_killed_again_and_again_goes_back() {
    let mut book = Book::default();
    book.try_out(desired(3), ids(&["a"]), NOW);
    for _ in 0..STARTS_MAX {
        // What was kept is all that a killed box has.
        let kept = serde_json::to_vec(&book).expect("written");
        book = serde_json::from_slice(&kept).expect("read");
        assert_eq!(book.begin(NOW), (Some(desired(3)), true));
    }
    assert_eq!(book.begin(NOW), (None, false));
    assert_eq!(outcome(&book), (3, Outcome::RolledBack, None));
}

#[test]
fn one_receiver_in_five_may_have_gone_and_all_where_that_is_wanted() {
    let mut book = Book::default();
    let five = ["a", "b", "c", "d", "e"];
    book.try_out(desired(3), ids(&five), NOW);
    assert!(book.look(&told(&five[2..]), NOW).is_some());
    assert_eq!(book.look(&told(&five[1..]), NOW), None);
    book.try_out(Desired { may_lose_receivers: true, ..desired(4) }, ids(&five), NOW);
    assert_eq!(book.look(&told(&[]), NOW), None);
}

#[test]
fn refused_settings_change_nothing_and_name_the_key() {
    let mut book = Book::default();
    let refused = Refused { field: "uplink.url".into(), problem: "no".into(), fix: "enrol the box".into() };
    book.refuse(&desired(9), &refused, NOW);
    assert_eq!(outcome(&book), (9, Outcome::Refused, None));
    let report = book.report(BootId(7)).expect("a report");
    assert_eq!((report.field.as_deref(), report.reason.as_deref()), (Some("uplink.url"), Some("no; enrol the box")));
    assert_eq!(book.begin(NOW), (None, false));
}

#[test]
fn settings_that_follow_in_the_middle_of_a_trial_have_to_prove_the_same() {
    let mut book = Book::default();
    book.try_out(desired(3), ids(&["a", "b"]), NOW);
    book.try_out(desired(4), ids(&["c"]), NOW);
    assert_eq!(book.trial().expect("a trial").receivers, ids(&["a", "b", "c"]));
    book.roll_back(None, "b was not heard", NOW);
    book.try_out(desired(5), ids(&["c"]), NOW);
    assert_eq!(book.trial().expect("a trial").receivers, ids(&["c"]), "by now everybody has had time");
    book.try_out(Desired { may_lose_receivers: true, ..desired(6) }, ids(&["c"]), NOW);
    assert!(book.trial().expect("a trial").receivers.is_empty(), "they are given up on purpose");
}

#[test]
fn settings_of_another_server_are_others_although_their_version_is_known() {
    let other = |version| {
        let mut other = desired(version);
        other.settings.insert("log".into(), serde_json::json!({"filter": "debug"}));
        other
    };
    let mut book = Book::default();
    book.try_out(desired(3), ids(&[]), NOW);
    assert!(book.is_news(&other(3)), "while they are tried");
    assert!(!book.is_news(&Desired { may_lose_receivers: true, ..desired(3) }), "they are tried already");
    assert_eq!(book.look(&told(&[]), NOW), None);
    assert!(book.is_news(&other(3)) && !book.is_news(&desired(3)), "once they hold");
    let flag = Desired { may_lose_receivers: true, ..desired(3) };
    assert!(!book.is_news(&flag), "they hold: how they were to be tried is of no interest");
    book.try_out(desired(4), ids(&["a"]), NOW);
    book.roll_back(None, "a was not heard", NOW);
    assert!(book.is_news(&other(4)) && !book.is_news(&desired(4)), "after they could not be");
    assert!(book.is_news(&Desired { may_lose_receivers: true, ..desired(4) }), "they may go better so");
    // A server that was restored counts anew from where it was.
    book.try_out(other(2), ids(&[]), NOW);
    assert_eq!(book.look(&told(&[]), NOW), None);
    assert_eq!(outcome(&book), (2, Outcome::Applied, Some(2)));
}

#[test]
fn what_was_said_of_newer_settings_stays_when_an_older_trial_ends() {
    let refused = Refused { field: "uplink.url".into(), problem: "no".into(), fix: "enrol the box".into() };
    for is_well in [true, false] {
        let mut book = Book::default();
        book.try_out(desired(3), ids(&["a"]), NOW);
        book.refuse(&desired(4), &refused, NOW);
        if is_well {
            assert_eq!(book.look(&told(&["a"]), NOW), None);
        } else {
            book.roll_back(None, "a was not heard", NOW);
        }
        assert_eq!(outcome(&book), (4, Outcome::Refused, is_well.then_some(3)));
        assert!(!book.is_news(&desired(4)));
    }
}
