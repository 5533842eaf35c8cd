//! The owner with a real store: consent, order of batches, and what a crash leaves behind.

mod bench;
mod clocks;
mod course;
mod crooked;
mod export;
mod history;
mod learning;
mod mapped;
mod radio;
mod replay;

use model::decision::Refusal;
use model::delivery::DeliveryState;
use model::ids::DecisionId;
use model::outcome::{Outcome, OutcomeKind};
use model::time::{Millis, Timestamp};

use self::bench::*;
use super::effects::Effects;
use super::*;
use crate::live::LiveEvent;
use crate::store::as_refused;

#[test]
fn what_the_commit_refused_reads_the_same_in_the_log_and_on_the_pages() {
    let (decision, _) = crate::testing::decision("ada", 7, START, Millis::minutes(1));
    let mut effects = Effects::default();
    effects.events.push(LiveEvent::Decision(Arc::new(decision.clone())));
    effects.changes.decisions.insert(decision.id, decision.clone());
    let refusal = Refusal::Budget { budget: 7, kept: 0 };
    effects.refuse(&[(decision.customer.clone(), decision.id, refusal.clone())]);
    let logged = as_refused(&decision, &refusal);
    assert!(logged.explanation.en.starts_with("Not sent"), "{logged:?}");
    assert_eq!(effects.changes.decisions[&decision.id], logged);
    assert!(matches!(effects.events.as_slice(), [LiveEvent::Decision(shown)] if **shown == logged));
    let kept = as_refused(&decision, &Refusal::Budget { budget: 7, kept: 3 }).explanation;
    assert!(kept.en.contains("all of 7 but the last 3"), "{}", kept.en);
    assert!(kept.it.contains("delle 7 restano nello stesso istante solo le ultime 3"), "{}", kept.it);
}

#[test]
fn nothing_is_kept_of_who_consents_to_nothing() {
    let bench = Bench::new();
    bench.run(async |server| {
        assert_eq!(server.run.device(device("ada"), None).await, Ok(Taken::NotAllowed));
        assert_eq!(server.run.device(device("ada"), Some(consent(false))).await, Ok(Taken::NotAllowed));
        assert_eq!(server.run.event(customer("ada"), viewed("m1")).await, Ok(Taken::NotAllowed));
        server.walk(0, 20).await;
        assert!(server.store.visits(&shop(), Timestamp(0), LATER).await.expect("read").is_empty());
        let counts = server.store.counts(&shop(), Timestamp(0), LATER).await.expect("read");
        assert!(!counts.is_empty(), "people without a name are counted");
    });
    let file = std::fs::read(bench.database()).expect("a file");
    assert!(!file.windows(8).any(|bytes| bytes == b"ada-9f3c"), "the name is nowhere in the file");
}

#[test]
fn an_event_counts_once_and_an_outcome_too() {
    Bench::new().run(async |server| {
        server.consenting("ada").await;
        assert_eq!(server.run.event(customer("ada"), viewed("m1")).await, Ok(Taken::Stored));
        assert_eq!(server.run.event(customer("ada"), viewed("m1")).await, Ok(Taken::Duplicate));
        let both = vec![(customer("ada"), viewed("m2")), (customer("ada"), viewed("m2"))];
        assert_eq!(server.run.events(both).await, Ok(vec![Taken::Stored, Taken::Duplicate]));
        let unknown = Outcome { decision: DecisionId(1), kind: OutcomeKind::Opened, at: START };
        assert_eq!(server.run.outcome(customer("ada"), unknown).await, Ok(Taken::Unknown));
    });
}

#[test]
fn batches_are_taken_in_order_and_once() {
    Bench::new().run(async |server| {
        assert_eq!(server.batch(2, 1).await, Taken::Unknown, "a gap");
        assert_eq!(server.batch(1, 1).await, Taken::Stored);
        assert_eq!(server.batch(1, 1).await, Taken::Duplicate);
        assert_eq!(server.batch(3, 1).await, Taken::Unknown, "2 is still missing");
        assert_eq!(server.batch(2, 1).await, Taken::Stored);
        assert_eq!(server.batch(9, 9).await, Taken::Stored, "the spool holds nothing older");
        assert_eq!(server.batch(5, 5).await, Taken::Duplicate);
    });
}

#[test]
fn a_shopper_at_a_wanted_product_gets_an_offer_and_a_crash_makes_no_second_one() {
    let bench = Bench::new();
    let decided = bench.run(async |server| {
        server.consenting("ada").await;
        assert_eq!(server.run.event(customer("ada"), viewed("m1")).await, Ok(Taken::Stored));
        server.walk(0, 20).await;
        let decisions = server.decisions().await;
        assert!(decisions.iter().any(|row| row.delivery.is_some()), "an offer was made");
        assert_eq!(server.store.granted(&shop(), &offer()).await.expect("read"), 1);
        decisions
    });

    // The runtime is gone without a goodbye; a new one finds everything, and takes nothing twice.
    bench.run(async |server| {
        assert_eq!(server.decisions().await, decided);
        assert_eq!(server.store.open_presences(&shop()).await.expect("read").len(), 1, "still standing there");
        let visits = server.store.visits(&shop(), Timestamp(0), LATER).await.expect("read").len();
        server.walk(0, 20).await;
        assert_eq!(server.decisions().await, decided, "batches sent again decide nothing");
        assert_eq!(server.run.event(customer("ada"), viewed("m1")).await, Ok(Taken::Duplicate));
        server.walk(20, 30).await;
        let offers = server.decisions().await.iter().filter(|row| row.delivery.is_some()).count();
        assert_eq!(offers, 1, "the cap outlives the crash");
        assert_eq!(
            server.store.visits(&shop(), Timestamp(0), LATER).await.expect("read").len(),
            visits,
            "the same visit"
        );

        let made = decided.iter().find(|row| row.delivery.is_some()).expect("an offer").decision.id;
        let opened = Outcome { decision: made, kind: OutcomeKind::Opened, at: START };
        assert_eq!(server.run.outcome(customer("eve"), opened).await, Ok(Taken::Unknown), "somebody else's");
        assert_eq!(server.run.outcome(customer("ada"), opened).await, Ok(Taken::Stored));
        assert_eq!(server.run.outcome(customer("ada"), opened).await, Ok(Taken::Duplicate));
        assert_eq!(server.run.delivery(customer("ada"), made, DeliveryState::Sent).await, Ok(Taken::Stored));
        let row = server.store.decision(made).await.expect("read").expect("a decision");
        assert_eq!(row.delivery, Some(DeliveryState::Sent));
        let opens = row.outcomes.iter().filter(|outcome| outcome.kind == OutcomeKind::Opened);
        assert_eq!(opens.count(), 1);
    });
}

#[test]
fn withdrawing_everything_leaves_no_name_anywhere() {
    let bench = Bench::new();
    bench.run(async |server| {
        server.consenting("ada").await;
        server.run.event(customer("ada"), viewed("m1")).await.expect("taken");
        server.walk(0, 20).await;
        assert_eq!(server.run.consent(customer("ada"), consent(false)).await, Ok(Taken::Stored));
        assert_eq!(server.store.customer(&customer("ada")).await.expect("read"), None);
        let visits = server.store.visits(&shop(), Timestamp(0), LATER).await.expect("read");
        assert!(!visits.is_empty() && visits.iter().all(|(subject, _)| subject.is_none()));
        server.walk(20, 40).await;
        let visits = server.store.visits(&shop(), Timestamp(0), LATER).await.expect("read");
        assert!(visits.iter().all(|(subject, _)| subject.is_none()), "and nothing new gets one");
        assert!(server.decisions().await.iter().all(|row| row.decision.customer.as_str() == crate::store::ERASED));
        server.store.close().await;
    });
    let file = std::fs::read(bench.database()).expect("a file");
    assert!(!file.windows(8).any(|bytes| bytes == b"ada-9f3c"), "the name is nowhere in the file");
}

#[test]
fn a_changed_shop_is_noticed_while_running() {
    Bench::new().run(async |server| {
        let mut events = server.live.subscribe();
        let renamed = SHOP.replace("Milano", "Milano Duomo");
        server.store.put_shop(&shop(), &renamed, FLOOR, START).await.expect("kept");
        let noticed = async {
            while server.live.plan(&shop()).is_none_or(|plan| plan.store.name != "Milano Duomo") {
                events.recv().await.expect("an event");
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), noticed).await.expect("noticed");
    });
}

#[test]
fn a_clock_that_runs_ahead_can_not_block_a_later_withdrawal() {
    Bench::new().run(async |server| {
        let ahead = model::consent::ConsentRecord { at: START + Millis::hours(1_000), ..consent(true) };
        server.run.device(device("ada"), Some(ahead)).await.expect("taken");
        let less = model::consent::Consent { locating: false, profiling: true, marketing_push: false };
        let record = model::consent::ConsentRecord { consent: less, ..consent(true) };
        assert_eq!(server.run.consent(customer("ada"), record).await, Ok(Taken::Stored));
        let known = server.store.customer(&customer("ada")).await.expect("read").expect("a customer");
        assert_eq!(known.allows(), less);
    });
}

#[test]
fn a_grant_of_before_a_withdrawal_is_not_taken_when_it_comes_after_it() {
    let at = |hours: i64, all: bool| model::consent::ConsentRecord { at: START + Millis::hours(hours), ..consent(all) };
    Bench::new().run(async |server| {
        server.advance(Millis::hours(10));
        let ada = || customer("ada");
        server.run.device(device("ada"), Some(at(1, true))).await.expect("taken");
        assert_eq!(server.run.consent(ada(), at(3, false)).await, Ok(Taken::Stored));
        assert_eq!(server.run.consent(ada(), at(2, true)).await, Ok(Taken::Duplicate), "it was in a queue");
        assert_eq!(server.run.device(device("ada"), Some(at(2, true))).await, Ok(Taken::NotAllowed));
        assert_eq!(server.store.customer(&ada()).await.expect("read"), None);
        // Somebody whom the server never knew withdrew too: the order of coming does not matter.
        assert_eq!(server.run.consent(customer("bob"), at(3, false)).await, Ok(Taken::Stored));
        assert_eq!(server.run.consent(customer("bob"), at(2, true)).await, Ok(Taken::Duplicate));
        assert_eq!(server.run.consent(ada(), at(4, true)).await, Ok(Taken::Stored), "who grants anew is taken");
        assert!(server.store.customer(&ada()).await.expect("read").is_some());
    });
}
