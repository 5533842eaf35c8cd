//! The course of an offer in the running server: in shadow it is kept and never sent, and harm stops it over a restart.

use engine::core::Input;
use model::decision::{Choice, Refusal};
use model::event::{Event, EventKind, OrderLine};
use model::ids::{CustomerId, MessageId, ProductId, VisitId, ZoneId};
use model::presence::{Presence, PresenceKind, PresenceReason};
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use model::units::Probability;

use super::bench::*;
use crate::run::owner::Owner;
use crate::store::Store;

/// A folder with another shop than the usual one.
async fn with_shop(bench: &Bench, text: &str) -> Store {
    let store = bench.store().await;
    store.put_shop(&shop(), text, FLOOR, START).await.expect("kept");
    store
}

fn block_on<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(what)
}

#[test]
fn an_offer_in_shadow_is_decided_kept_and_exported_and_never_sent() {
    let bench = Bench::new();
    let dark = "\n[[offer]]\nid = \"dark\"\nproduct = \"barolo\"\ndiscount = 100\nintent_min = 0.05\n\
                [offer.stage]\nkind = \"shadow\"\n[offer.content.en]\ntitle = \"Dark\"\nbody = \"\"\n";
    block_on(with_shop(&bench, &format!("{SHOP}{dark}")));
    let folder = tempfile::tempdir().expect("a folder");
    bench.run(async |server| {
        server.consenting("ada").await;
        server.run.event(customer("ada"), viewed("m1")).await.expect("taken");
        server.walk(0, 20).await;
        let rows = server.decisions().await;
        let (shadows, live): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.decision.shadow);
        assert!(!shadows.is_empty() && shadows.len() == live.len(), "one beside each moment");
        assert!(shadows.iter().all(|row| row.delivery.is_none()), "none is on its way");
        let chosen = |row: &&&crate::store::DecisionRow| matches!(&row.decision.choice, Choice::Offer { offer } if offer.as_str() == "dark");
        assert!(shadows.iter().any(|row| chosen(&row)), "it would have been said");
        assert!(live.iter().any(|row| row.delivery.is_some()) && !live.iter().any(|row| chosen(&row)));
        super::export::export(server, folder.path(), crate::export::Format::Ndjson).await;
        let text = std::fs::read_to_string(folder.path().join("decisions.ndjson")).expect("written");
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let dark = lines.iter().filter(|line| line["shadow"] == true && line["action"] == "dark");
        assert!(dark.clone().count() > 0 && dark.clone().all(|line| line["delivery"].is_null()), "{text}");
    });
}

fn person(n: u128) -> CustomerId {
    CustomerId::new(&format!("person-{n}")).expect("an id")
}

/// Somebody who wants the wine comes to it; with an order, they buy it if they are not told.
async fn come(owner: &mut Owner, n: u128, buys: bool) -> Option<bool> {
    let at = START + Millis::seconds(i64::try_from(n).expect("small"));
    owner.now = at;
    let record = model::consent::ConsentRecord { at: START, ..consent(true) };
    owner.feed(Input::Consent { customer: person(n), record }).await.expect("fed");
    owner.feed(Input::Event { customer: person(n), event: viewed(&format!("v{n}")) }).await.expect("fed");
    let presence = Presence {
        store: shop(),
        subject: Subject::Device(model::ids::DeviceId(n)),
        zone: ZoneId::new("wine").expect("an id"),
        kind: PresenceKind::Entered,
        at,
        since: at,
        probability: Probability::ONE,
        visit: VisitId(n),
        reason: PresenceReason::default(),
    };
    owner.feed(Input::Presence { customer: person(n), presence }).await.expect("fed");
    let mut decisions = owner.effects.changes.decisions.values();
    let decision = decisions.find(|decision| decision.customer == person(n))?.clone();
    if buys && decision.is_ghost() && matches!(decision.choice, Choice::Offer { .. }) {
        let lines = vec![OrderLine { product: ProductId::new("barolo").expect("an id"), quantity: 1, price: None }];
        let what = EventKind::Purchased { order: Some(format!("order-{n}")), lines };
        let id = MessageId::new(&format!("b{n}")).expect("an id");
        owner.feed(Input::Event { customer: person(n), event: Event { id, at, what } }).await.expect("fed");
    }
    let stopped = |refusal: &Refusal| matches!(refusal, Refusal::Approval { stopped: true, .. });
    Some(decision.explanation.candidates.iter().any(|one| one.refused.as_ref().is_some_and(stopped)))
}

#[test]
fn an_offer_that_does_harm_is_stopped_by_the_running_server_and_stays_so_after_a_restart() {
    let bench = Bench::new();
    block_on(async {
        // It learns so slowly that it would go on by itself.
        let text = SHOP.replace("holdout = 0.0", "holdout = 0.5").replace("budget = 5\n", "");
        let text = format!("{text}\n[policy]\npseudo_views = 10000.0\n");
        let store = with_shop(&bench, &text).await;
        let mut owner = bench.owner(&store).await;
        let mut stopped = false;
        for n in 1..800 {
            stopped |= come(&mut owner, n, n % 4 == 0).await == Some(true);
        }
        assert!(stopped, "those who come later are not told any more");
        owner.finish(Vec::new()).await.expect("committed");
        let epoch = store.epochs().await.expect("read").pop().expect("there is one");
        assert_eq!(epoch.why.as_deref(), Some("harm"));
        assert!(epoch.stopped.is_some_and(|at| at > START && at < LATER));
        drop(owner);
        let mut next = bench.owner(&store).await;
        assert_eq!(come(&mut next, 900, false).await, Some(true), "refused with approval after the restart");
    });
}

#[test]
fn what_the_stores_counted_is_watched_from_the_database() {
    let bench = Bench::new();
    block_on(async {
        let store = bench.store().await;
        let mut owner = bench.owner(&store).await;
        let quarter = |n: i64| Timestamp(START.0.div_euclid(900_000) * 900_000 + n * 900_000);
        let mut changes = crate::store::Changes::default();
        for day in 1..=28 {
            for near in -3..=3 {
                let key =
                    (shop(), quarter(near - day * 96).0, ZoneId::new("wine").ok(), crate::store::CountKind::Entered);
                changes.counts.insert(key, 40);
            }
        }
        store.commit(&changes).await.expect("committed");
        assert_eq!(owner.watch(quarter(0) + Millis::minutes(3)).await, 0, "it begins to watch");
        assert_eq!(owner.watch(quarter(1) + Millis::minutes(3)).await, 1, "nobody came where 40 do");
        assert_eq!(owner.watch(quarter(2) + Millis::minutes(3)).await, 0, "it is said once");
    });
}
