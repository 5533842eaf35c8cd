//! The boxes' clocks at the owner's door: what can't be written waits, and what has no time is counted.

use std::collections::BTreeMap;

use model::ids::{BootId, GatewayId, ReceiverId};
use model::sighting::{RssiSummary, Sighting, Transmitter};
use model::subject::Pseudonym;
use model::time::{Millis, Timestamp};
use model::units::Dbm;
use wire::uplink::Batch;
use wire::uplink::clock::{Belief, Clocks, Made};

use super::bench::*;
use crate::by_hand::execute;
use crate::run::owner::Owner;
use crate::run::{AckSlot, Lane, Request, Taken};

async fn take(owner: &mut Owner, gateway: &str, made: Option<Made>, sightings: Vec<Sighting>) -> Taken {
    let gateway = GatewayId::new(gateway).expect("an id");
    let batch = Batch {
        gateway: gateway.clone(),
        spool: [4; 16],
        boot: BootId(1),
        seq: 1,
        oldest: 1,
        sent_at: START,
        sightings,
        readings: Vec::new(),
        health: None,
        live_from: 0,
        historical: false,
        clocks: Some(Clocks { wall: START, monotonic: Millis(0), belief: Belief::Free, made }),
    };
    let (came, slot) = (START + Millis(10), AckSlot::default());
    owner.now = came;
    owner
        .take(Request::Batch { gateway, lane: Lane::Durable, batch: Box::new(batch), came, slot })
        .await
        .expect("a store")
}

#[tokio::test]
async fn a_clock_that_cannot_be_written_waits_alone() {
    let bench = Bench::new();
    let store = bench.store().await;
    let mut owner = bench.owner(&store).await;
    for gateway in ["como", "milano", "roma"] {
        assert_eq!(take(&mut owner, gateway, None, Vec::new()).await, Taken::Stored);
    }
    let known = async || {
        let all = store.clocks().await.expect("read");
        all.into_iter().map(|(gateway, ..)| gateway.to_string()).collect::<Vec<_>>()
    };
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON gateway_clocks WHEN NEW.gateway = 'como' \
                  BEGIN SELECT RAISE(ABORT, 'no'); END";
    execute(bench.folder(), refuse).await;
    owner.keep_clocks().await;
    assert_eq!(known().await, ["milano", "roma"]);
    execute(bench.folder(), "DROP TRIGGER refuse").await;
    owner.keep_clocks().await;
    assert_eq!(known().await, ["como", "milano", "roma"]);
}

#[tokio::test]
async fn what_nobody_knows_the_time_of_is_counted_by_item_and_once() {
    let bench = Bench::new();
    let store = bench.store().await;
    let mut owner = bench.owner(&store).await;
    let strength = Dbm(-70.0);
    let sighting = |n: u64| Sighting {
        receiver: ReceiverId::new("r1").expect("an id"),
        transmitter: Transmitter::Anonymous(Pseudonym(n)),
        at: Timestamp(4_000),
        window: Millis(500),
        count: 1,
        rssi: RssiSummary { mean: strength, min: strength, max: strength, variance: None },
        power_at_1m: None,
    };
    let made = Made { boot: BootId(9), drift: Millis::ZERO, belief: Belief::NeverSet };
    let sightings: Vec<_> = (1..=3).map(sighting).collect();
    assert_eq!(take(&mut owner, "como", Some(made), sightings.clone()).await, Taken::Stored);
    assert_eq!(take(&mut owner, "como", Some(made), sightings).await, Taken::Duplicate);
    let fleet = owner.live.fleet(START);
    let como = &fleet.gateways[&GatewayId::new("como").expect("an id")];
    assert_eq!((como.taken, &como.refused), (0, &BTreeMap::from([("time-unknown", 3)])));
}
