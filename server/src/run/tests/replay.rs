//! What came in is played again from the database: the same bytes with the same policy, other offers with another.

use std::collections::BTreeMap;

use engine::core::Ask;
use model::decision::{Choice, Decision};
use model::ids::{DecisionId, ZoneId};
use model::offer::Channel;
use model::policy::{Choose, Policy};
use model::time::Millis;

use super::bench::*;
use crate::replay::{Options, Replayed, replay};
use crate::secret::ServerSecret;

const SEED: [u8; 32] = [3; 32];

fn options() -> Options {
    Options { from: START, to: START + Millis::hours(1), policy: None, store: Some(shop()), out: None }
}

async fn play(server: &Server, policy: Option<Policy>) -> Replayed {
    let seed = ServerSecret::new(SEED).seed();
    replay(&options(), policy, &server.store, seed).await.expect("played")
}

/// A customer who wants the wine stands at it for 20 seconds.
async fn a_visit(server: &Server) {
    server.consenting("ada").await;
    server.run.event(customer("ada"), viewed("m1")).await.expect("taken");
    server.walk(0, 20).await;
}

#[test]
fn the_same_inputs_and_policy_give_the_same_bytes_also_over_a_crash() {
    let bench = Bench::new();
    bench.run(a_visit);
    bench.run(async |server| {
        server.walk(20, 30).await;
        let mut lived: Vec<Decision> = server.decisions().await.into_iter().map(|row| row.decision).collect();
        lived.reverse();
        let first = play(server, None).await;
        let again = play(server, None).await;
        assert_eq!(first.lines(), again.lines());
        assert!(!first.decisions.is_empty());
        assert_eq!(json(&first.decisions), json(&lived), "and they are what was decided then");
    });
}

#[test]
fn another_policy_says_something_else() {
    Bench::new().run(async |server| {
        a_visit(server).await;
        let said = play(server, None).await.summary();
        assert_eq!(said.said.get(&offer()), Some(&1), "{said:?}");
        let off = Policy { off: vec![offer()], ..Policy::default() };
        let silent = play(server, Some(off)).await.summary();
        assert_eq!((silent.decisions, silent.said.len()), (said.decisions, 0), "{silent:?}");
    });
}

/// How often each refusal stood in the way, counted here from the decisions themselves.
fn refusals(decisions: &[Decision]) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for decision in decisions {
        for refusal in decision.explanation.candidates.iter().filter_map(|one| one.refused.as_ref()) {
            *all.entry(refusal.code().to_owned()).or_default() += 1;
        }
        for (code, n) in &decision.explanation.more {
            *all.entry(code.clone()).or_default() += u64::from(*n);
        }
    }
    all
}

/// Who was told something, and where.
fn told(decisions: &[Decision]) -> Vec<(&str, &str)> {
    let is_told = |one: &&Decision| !one.is_ghost() && matches!(one.choice, Choice::Offer { .. });
    decisions.iter().filter(is_told).map(|one| (one.customer.as_str(), one.moment.zone.as_str())).collect()
}

#[test]
fn a_back_test_says_who_would_have_been_told_what_and_which_caps_would_have_hit() {
    let bench = Bench::new();
    // In life the offer is off: nobody is told anything.
    let unlimited = SHOP.replace("budget = 5\n", "");
    let off = format!("{unlimited}\n[policy]\nid = \"mute\"\noff = [\"wine-week\"]\n");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { bench.store().await.put_shop(&shop(), &off, FLOOR, START).await.expect("kept") });
    bench.run(async |server| {
        a_visit(server).await;
        server.run.event(customer("ada"), viewed("m2")).await.expect("taken");
        // Somebody else asks at the kiosk, twice.
        server.run.consent(customer("bob"), consent(true)).await.expect("taken");
        server.run.event(customer("bob"), viewed("m3")).await.expect("taken");
        for id in [1, 2] {
            let ask =
                Ask { zone: ZoneId::new("wine").ok(), channel: Channel::Kiosk, ..Ask::new(DecisionId(id), shop()) };
            assert_eq!(server.run.decide(customer("bob"), ask).await.expect("decided").len(), 1);
        }
        let lived = play(server, None).await;
        let life = lived.summary();
        assert_eq!(life.decisions, 5, "{life:?}");
        assert_eq!((life.customers, life.said.len(), life.silences.values().sum()), (0, 0, life.decisions), "{life:?}");
        assert_eq!(life.refusals, refusals(&lived.decisions));
        assert_eq!(life.refusals.keys().collect::<Vec<_>>(), ["approval"], "only the policy stood in the way");
        assert_eq!(life.policies, BTreeMap::from([("mute".to_owned(), life.decisions)]));

        // With the house's policy both are told, once each: after that the cap of the offer says no.
        let house = play(server, Some(Policy { choose: Choose::Best, ..Policy::default() })).await;
        let sum = house.summary();
        assert_eq!(sum.decisions, life.decisions, "the same moments");
        let both = [(customer("ada"), "wine"), (customer("bob"), "wine")];
        assert_eq!(told(&house.decisions), both.each_ref().map(|(who, zone)| (who.as_str(), *zone)), "{sum:?}");
        assert_eq!((sum.customers, &sum.said), (2, &BTreeMap::from([(offer(), 2)])));
        assert_eq!(sum.refusals, refusals(&house.decisions));
        let why = BTreeMap::from([("cap".to_owned(), 2), ("still".to_owned(), 1)]);
        assert_eq!((&sum.refusals, &sum.silences), (&why, &why), "two came too soon, one while walking");
        assert!(sum.ghosts.is_empty());
        let last: serde_json::Value =
            serde_json::from_str(house.lines().lines().last().expect("a line")).expect("JSON");
        let expect = serde_json::to_value(&sum).expect("JSON");
        assert_eq!(last["summary"], expect, "the last line is the summary");
    });
}

#[test]
fn nothing_is_recorded_of_who_is_forgotten() {
    Bench::new().run(async |server| {
        a_visit(server).await;
        assert!(server.store.inputs_of(&customer("ada")).await.expect("read") > 0);
        server.run.forget(customer("ada")).await.expect("forgotten");
        assert_eq!(server.store.inputs_of(&customer("ada")).await.expect("read"), 0);
        assert!(play(server, None).await.decisions.is_empty());
    });
}

#[tokio::test]
async fn what_is_not_kept_is_said_plainly() {
    let bench = Bench::new();
    let store = bench.store().await;
    let ask = async |options: &Options| replay(options, None, &store, 1).await.expect_err("nothing").to_string();
    assert_eq!(ask(&options()).await, "nothing came in yet: run the server first");
    let turned = Options { from: START, to: START, ..options() };
    assert_eq!(ask(&turned).await, "--from must be before --to");
}

fn json(decisions: &[Decision]) -> Vec<String> {
    decisions.iter().map(|one| serde_json::to_string(one).expect("JSON")).collect()
}
