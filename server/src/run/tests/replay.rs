//! What came in is played again from the database: the same bytes with the same policy, other offers with another.

use model::decision::Decision;
use model::policy::Policy;
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
