//! What a client sends reaches the core as what it means: read by the mapping, fed to the owner, decided on.

use model::decision::Trigger;
use model::event::Event;
use model::ids::MessageId;
use serde_json::{Value, json};

use super::bench::*;
use crate::intake::parse::{self, Endpoint};

/// An event as a client sends it, read as the server reads it.
fn sent(event: &str, properties: Value) -> Event {
    let body = json!({"userId": "ada", "event": event, "properties": properties, "messageId": event});
    let call = parse::parse(Endpoint::Track, body.to_string().as_bytes(), START).expect("a call").calls.pop();
    let call = call.expect("a call that is read");
    let what = call.says.into_iter().next().expect("it says something");
    Event { id: MessageId::new(event).expect("an id"), at: LATER, what }
}

/// A shop in which opening the app at the shelf is a moment.
async fn opening_counts(bench: &Bench) {
    let moment = "\n[[moment]]\nid = \"opened-here\"\non = [\"app_opened\"]\nscope = \"visit\"\nrest_s = 600\n";
    bench.store().await.put_shop(&shop(), &format!("{SHOP}{moment}"), FLOOR, START).await.expect("kept");
}

fn block_on<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(what)
}

#[test]
fn an_app_that_is_opened_in_the_store_makes_a_moment() {
    let bench = Bench::new();
    block_on(opening_counts(&bench));
    bench.run(async |server| {
        server.consenting("ada").await;
        server.run.event(customer("ada"), sent("Product Added", json!({"product_id": "barolo"}))).await.expect("taken");
        server.walk(0, 20).await;
        let fired = async || {
            let rows = server.decisions().await;
            let is_it = |pattern: &dyn std::fmt::Display| pattern.to_string() == "opened-here";
            let fired =
                rows.iter().filter(|row| row.decision.moment.pattern.as_ref().is_some_and(|pattern| is_it(pattern)));
            fired.map(|row| (row.decision.moment.trigger, row.decision.moment.zone.to_string())).collect::<Vec<_>>()
        };
        assert_eq!(fired().await, []);
        server.run.event(customer("ada"), sent("Application Opened", json!({}))).await.expect("taken");
        server.walk(20, 24).await;
        assert_eq!(fired().await, [(Trigger::Pattern, "wine".to_owned())]);
        server.run.event(customer("ada"), sent("Application Opened", json!({}))).await.expect("taken");
        server.walk(24, 28).await;
        assert_eq!(fired().await.len(), 1, "the same message again changes nothing");
    });
}

#[test]
fn a_complaint_calls_back_what_is_on_its_way() {
    Bench::new().run(async |server| {
        server.consenting("ada").await;
        server.run.event(customer("ada"), sent("Product Added", json!({"product_id": "barolo"}))).await.expect("taken");
        server.walk(0, 20).await;
        let told = server.decisions().await.into_iter().find(|row| row.delivery.is_some()).expect("an offer");
        server.run.event(customer("ada"), sent("Complaint Filed", json!({}))).await.expect("taken");
        let row = server.store.decision(told.decision.id).await.expect("read").expect("a decision");
        assert_eq!(row.delivery, Some(model::delivery::DeliveryState::Withheld));
    });
}
