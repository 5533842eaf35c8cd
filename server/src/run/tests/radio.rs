//! What positions rest on: the plan, then what the shop learnt or a survey said, across starts.

use locate::calibrate::{Calibration, Source};
use model::anchor::Advertised;
use model::ids::{BootId, GatewayId, ReceiverId};
use model::sighting::{RssiSummary, Sighting, Transmitter};
use model::subject::Pseudonym;
use model::time::{Millis, Timestamp};
use model::units::Dbm;
use wire::uplink::Batch;

use super::bench::*;
use crate::live::LiveEvent;
use crate::run::owner::Owner;
use crate::run::{AckSlot, Lane, Request, Taken};
use crate::survey;

/// A walk past the wine: receivers grow weaker with the distance.
fn walk(source: Source) -> Calibration {
    let mut text = String::from("floor,x,y,seconds,receiver,rssi,frames\n");
    for step in 0..20 {
        let (x, y) = (f64::from(step), 12.5);
        for (receiver, rx, ry) in RECEIVERS {
            let rssi = -59.0 - 22.0 * (rx - x).hypot(ry - y).max(0.5).log10();
            text.push_str(&format!("ground,{x},{y},20,{receiver},{rssi:.1},40\n"));
        }
    }
    let plan = model::shop::Shop::parse(SHOP, FLOOR).expect("a shop");
    let (survey, _) = survey::read("walk.csv", &text, &plan).expect("a survey");
    Calibration { source, ..Calibration::of_survey(&survey) }
}

#[tokio::test]
async fn a_kept_survey_counts_after_the_start_and_before_what_was_learnt() {
    let bench = Bench::new();
    let store = bench.store().await;
    assert_eq!(bench.owner(&store).await.core.source(&shop()), Some(Source::Plan));
    store.put_calibration(&shop(), &walk(Source::Traffic), START).await.expect("kept");
    assert_eq!(bench.owner(&store).await.core.source(&shop()), Some(Source::Traffic));
    store.put_calibration(&shop(), &walk(Source::Survey), START).await.expect("kept");
    assert_eq!(bench.owner(&store).await.core.source(&shop()), Some(Source::Survey));
    assert!(store.delete_calibration(&shop(), Source::Survey).await.expect("forgotten"));
    assert_eq!(bench.owner(&store).await.core.source(&shop()), Some(Source::Traffic));
}

#[tokio::test]
async fn a_survey_is_noticed_while_running() {
    let bench = Bench::new();
    let store = bench.store().await;
    let mut owner = bench.owner(&store).await;
    assert_eq!(owner.check_shops().await, Ok(()));
    assert_eq!(owner.core.source(&shop()), Some(Source::Plan));
    let shown = |owner: &Owner| owner.live.snapshot(&shop(), owner.now).and_then(|now| now.source);
    assert_eq!(owner.finish(Vec::new()).await, Ok(()));
    assert_eq!(shown(&owner), Some(Source::Plan), "pages are told from the start");
    store.put_calibration(&shop(), &walk(Source::Survey), START).await.expect("kept");
    assert_eq!(owner.check_shops().await, Ok(()));
    assert_eq!(owner.core.source(&shop()), Some(Source::Survey));
    assert_eq!(shown(&owner), Some(Source::Survey));
}

#[tokio::test]
async fn what_a_shop_learnt_is_written_once_it_learnt_something() {
    let bench = Bench::new();
    let store = bench.store().await;
    let mut owner = bench.owner(&store).await;
    owner.keep_account().await;
    assert_eq!(store.calibrations(&shop()).await.expect("read"), []);
    owner.learnt.insert(shop(), walk(Source::Traffic));
    owner.keep_account().await;
    assert_eq!(store.calibrations(&shop()).await.expect("read"), [walk(Source::Traffic)]);
    assert!(owner.learnt.is_empty(), "nothing waits any more");
}

/// What a receiver heard of a transmitter at a place, without noise.
fn heard(receiver: (&str, f64, f64), transmitter: Transmitter, from: (f64, f64), at: Timestamp) -> Sighting {
    let metres = (receiver.1 - from.0).hypot(receiver.2 - from.1).max(0.5);
    #[expect(clippy::cast_possible_truncation, reason = "a signal strength fits")]
    let mean = Dbm((-59.0 - 22.0 * metres.log10()) as f32);
    let rssi = RssiSummary { mean, min: mean, max: mean, variance: None };
    let (receiver, window) = (ReceiverId::new(receiver.0).expect("an id"), Millis(500));
    Sighting { receiver, transmitter, at, window, count: 1, rssi, power_at_1m: Some(-59) }
}

/// Takes sightings that a gateway sends at a moment.
async fn send(owner: &mut Owner, seq: u64, at: Timestamp, sightings: Vec<Sighting>) {
    let gateway = GatewayId::new("shop-1").expect("an id");
    let (spool, boot, readings) = ([4; 16], BootId(1), Vec::new());
    let batch = Batch {
        gateway: gateway.clone(),
        spool,
        boot,
        seq,
        oldest: 1,
        sent_at: at,
        sightings,
        readings,
        health: None,
        live_from: 0,
        historical: false,
        clocks: None,
    };
    owner.now = at;
    let request =
        Request::Batch { gateway, lane: Lane::Durable, batch: Box::new(batch), came: at, slot: AckSlot::default() };
    assert_eq!(owner.take(request).await.expect("a store"), Taken::Stored);
}

fn node(name: &str) -> Transmitter {
    let Advertised { uuid, major, minor } = Advertised::node(name);
    Transmitter::Beacon { uuid, major, minor }
}

#[tokio::test]
async fn receivers_that_hear_each_other_teach_the_shop_and_are_nobody() {
    let bench = Bench::new();
    let store = bench.store().await;
    let mut owner = bench.owner(&store).await;
    for second in 1..=200 {
        let at = START + Millis::seconds(second);
        let mut sightings = Vec::new();
        for receiver in RECEIVERS {
            let others = RECEIVERS.iter().filter(|other| other.0 != receiver.0);
            sightings.extend(others.map(|(name, x, y)| heard(receiver, node(name), (*x, *y), at)));
            // The shop next door has nodes too.
            sightings.push(heard(receiver, node("next-door"), (0.0, 40.0), at));
        }
        send(&mut owner, u64::try_from(second).expect("positive"), at, sightings).await;
    }
    assert_eq!(owner.core.source(&shop()), Some(Source::Traffic));
    let changes = &owner.effects.changes;
    assert!(!owner.effects.events.iter().any(|event| matches!(event, LiveEvent::Position { .. })));
    assert!(changes.visits.is_empty() && changes.presences.is_empty() && changes.counts.is_empty(), "nobody is there");
    owner.keep_account().await;
    let kept = store.calibrations(&shop()).await.expect("read");
    assert_eq!(
        kept.iter().map(|one| one.anchors.len()).collect::<Vec<_>>(),
        [RECEIVERS.len()],
        "it outlives the process"
    );
}

#[tokio::test]
async fn a_receiver_that_only_the_survey_places_is_listened_to() {
    let bench = Bench::new();
    let store = bench.store().await;
    let mut learnt = walk(Source::Survey);
    // The survey heard one that shop.toml does not have, as if it hung where r1 does.
    let readings = learnt.receivers[&ReceiverId::new("r1").expect("an id")].clone();
    learnt.receivers.insert(ReceiverId::new("extra").expect("an id"), readings);
    store.put_calibration(&shop(), &learnt, START).await.expect("kept");
    let mut owner = bench.owner(&store).await;
    for half in 1..=20 {
        let at = START + Millis(half * 500);
        let person = Transmitter::Anonymous(Pseudonym(7));
        let sightings = vec![heard(("extra", 12.0, 10.0), person, (15.0, 12.5), at)];
        send(&mut owner, u64::try_from(half).expect("positive"), at, sightings).await;
    }
    assert_eq!(owner.core.dropped(&shop()).map(|dropped| dropped.unknown_receiver), Some(0));
    let placed = |event: &&LiveEvent| matches!(event, LiveEvent::Position { .. });
    assert!(owner.effects.events.iter().filter(placed).count() > 10, "somebody is there");
    // And after a change of the plan, too.
    store.put_shop(&shop(), &SHOP.replace("Milano", "Milano Duomo"), FLOOR, START).await.expect("kept");
    assert_eq!(owner.check_shops().await, Ok(()));
    let extra = ReceiverId::new("extra").expect("an id");
    assert_eq!(owner.places.store_of_receiver(&extra), Some(&shop()));
}

#[tokio::test]
async fn a_receiver_that_hears_nobody_where_others_do_is_told_to_pages() {
    let bench = Bench::new();
    let store = bench.store().await;
    let mut owner = bench.owner(&store).await;
    let mut seq = 0;
    let mut minutes = async |owner: &mut Owner, from: i64, to: i64, deaf: &str| {
        for half in from * 120..to * 120 {
            seq += 1;
            let at = START + Millis(half * 500);
            // Somebody goes round the wine, four steps of ten seconds.
            let place = [(13.0, 11.0), (17.0, 11.0), (17.0, 14.0), (13.0, 14.0)]
                [usize::try_from(half / 20 % 4).expect("small")];
            let person = || Transmitter::Anonymous(Pseudonym(7));
            let ears = RECEIVERS.into_iter().filter(|(name, ..)| *name != deaf);
            send(owner, seq, at, ears.map(|receiver| heard(receiver, person(), place, at)).collect()).await;
        }
        owner.ill.tell(&owner.core, &owner.live, [shop()].iter(), owner.now);
    };
    let condition = |owner: &Owner| {
        let receivers = owner.live.snapshot(&shop(), owner.now).expect("a shop").receivers;
        receivers.iter().find(|receiver| receiver.id.as_str() == "r4").map(|receiver| receiver.condition)
    };
    minutes(&mut owner, 0, 2, "nobody").await;
    assert_eq!(condition(&owner), Some("well"));
    minutes(&mut owner, 2, 12, "r4").await;
    assert_eq!(condition(&owner), Some("dead"));
    minutes(&mut owner, 12, 15, "nobody").await;
    assert_eq!(condition(&owner), Some("well"), "it hears again");
}
