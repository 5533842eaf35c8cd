//! Decision, delivery, answer and purchase are chained, count once, teach once, and outlive a crash.

use model::delivery::DeliveryState;
use model::event::{Event, EventKind, OrderLine};
use model::ids::{DecisionId, MessageId, ProductId};
use model::outcome::{Outcome, OutcomeKind};
use model::units::Cents;

use super::bench::*;
use crate::run::Taken;

fn bought(message: &str, order: &str) -> Event {
    let product = ProductId::new("barolo").expect("an id");
    let lines = vec![OrderLine { product, quantity: 2, price: Some(Cents(2_800)) }];
    let what = EventKind::Purchased { order: Some(order.to_owned()), lines };
    Event { id: MessageId::new(message).expect("an id"), at: LATER, what }
}

/// A customer who wants the wine stands at it and is told.
async fn told(server: &Server) -> DecisionId {
    server.consenting("ada").await;
    server.run.event(customer("ada"), viewed("m1")).await.expect("taken");
    server.walk(0, 20).await;
    let decisions = server.decisions().await;
    decisions.iter().find(|row| row.delivery.is_some()).expect("an offer").decision.id
}

#[test]
fn a_purchase_is_put_down_once_teaches_once_and_outlives_a_crash() {
    let bench = Bench::new();
    let lessons = bench.run(async |server| {
        let id = told(server).await;
        assert_eq!(server.run.delivery(customer("ada"), id, DeliveryState::Sent).await, Ok(Taken::Stored));
        let redeemed = Outcome { decision: id, kind: OutcomeKind::Redeemed, at: START };
        assert_eq!(server.run.outcome(customer("ada"), redeemed).await, Ok(Taken::Stored));
        for message in ["m2", "m3"] {
            server.run.event(customer("ada"), bought(message, "order-7")).await.expect("taken");
        }
        let credits = server.store.credits_of(id).await.expect("read");
        let barolo = ProductId::new("barolo").expect("an id");
        assert_eq!(
            credits,
            [("order-7".to_owned(), barolo, 2 * 1_500 - 200)],
            "the margin of two, less what was saved"
        );
        let row = server.store.decision(id).await.expect("read").expect("a decision");
        let purchases = row.outcomes.iter().filter(|outcome| outcome.kind == OutcomeKind::Purchased);
        assert_eq!(purchases.count(), 1);
        server.store.learnt().await.expect("read")
    });
    assert!(!lessons.is_empty(), "the answer was learnt in the commit that took it");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = bench.store().await;
        let owner = bench.owner(&store).await;
        assert_eq!(owner.core.brain().version(), 1, "one lesson, not two");
    });
}

#[test]
fn a_purchase_calls_a_queued_push_back_in_its_own_commit() {
    Bench::new().run(async |server| {
        let id = told(server).await;
        assert_eq!(server.store.granted(&shop(), &offer()).await.expect("read"), 1);
        server.run.event(customer("ada"), bought("m2", "order-8")).await.expect("taken");
        let row = server.store.decision(id).await.expect("read").expect("a decision");
        assert_eq!(row.delivery, Some(DeliveryState::Withheld));
        assert_eq!(server.store.granted(&shop(), &offer()).await.expect("read"), 0, "its unit came back");
        assert_eq!(server.store.reserved(&customer("ada")).await.expect("read"), 0);
    });
}

#[test]
fn not_for_me_calls_a_queued_push_back() {
    Bench::new().run(async |server| {
        let id = told(server).await;
        let preferences = model::preferences::Preferences {
            mute_offers: [offer()].into(),
            ..model::preferences::Preferences::default()
        };
        let muted =
            Event { id: MessageId::new("m2").expect("an id"), at: START, what: EventKind::Preferences(preferences) };
        server.run.event(customer("ada"), muted).await.expect("taken");
        let row = server.store.decision(id).await.expect("read").expect("a decision");
        assert_eq!(row.delivery, Some(DeliveryState::Withheld));
    });
}
