use std::sync::Arc;

use model::time::Timestamp;
use runtime::clock::ManualClock;
use tokio::net::UnixDatagram;
use tokio::sync::watch;
use wire::state::PrivacyMode;

use super::*;
use crate::spool::{Limits, worker};
use crate::status::Pulse;
use crate::uplink::Link;

const NOON: Timestamp = Timestamp(1_790_000_000_000);
const SILENCE: Millis = Millis::seconds(15);

/// A box at work: everything turned just now, and its radio hears.
const fn at_work(now: Millis, adverts: u64) -> Signs {
    let flow = Flow { turns: None, waiting: 0, taken: 0 };
    Signs { pipeline_at: now, uplink_at: now, spool_answers: true, radio_claims: true, radio_adverts: adverts, flow }
}

/// Nobody says anything, and the line to the receivers' broker is kept.
const fn pinging(turns: u64) -> Flow {
    Flow { turns: Some(turns), waiting: 0, taken: 0 }
}

#[test]
fn a_box_at_work_and_a_quiet_shop_are_well_for_ever() {
    let mut busy = Vitals::new(SILENCE, Millis::ZERO);
    let mut quiet = Vitals::new(SILENCE, Millis::ZERO);
    for minute in 0_u32..1_440 {
        let now = Millis::seconds(i64::from(minute) * 60);
        let minute = u64::from(minute);
        let crowd = Flow { turns: Some(minute), waiting: 9, taken: minute };
        assert_eq!(busy.look(&Signs { flow: crowd, ..at_work(now, minute) }, now), None);
        assert_eq!(
            quiet.look(&Signs { radio_claims: false, flow: pinging(minute), ..at_work(now, 0) }, now),
            None,
            "it says that it is quiet"
        );
    }
}

#[test]
fn each_part_that_stands_still_is_named() {
    let now = Millis::seconds(1_000);
    let past = Millis(now.0 - TURN_MAX.0 - 1);
    for (signs, expect) in [
        (Signs { pipeline_at: past, ..at_work(now, 1) }, Stuck::Pipeline),
        (Signs { uplink_at: past, ..at_work(now, 1) }, Stuck::Uplink),
        (Signs { spool_answers: false, ..at_work(now, 1) }, Stuck::Spool),
    ] {
        assert_eq!(Vitals::new(SILENCE, now).look(&signs, now), Some(expect));
    }
    let late = Signs { pipeline_at: Millis(now.0 - TURN_MAX.0), ..at_work(now, 1) };
    assert_eq!(Vitals::new(SILENCE, now).look(&late, now), None, "late is not yet still");
}

#[test]
fn a_radio_that_claims_to_hear_is_believed_only_as_long_as_something_comes() {
    let mut vitals = Vitals::new(SILENCE, Millis::ZERO);
    let until = Millis(SILENCE.0 + RADIO_GRACE.0);
    assert_eq!(vitals.look(&at_work(until, 0), until), None);
    let now = Millis(until.0 + 1);
    assert_eq!(vitals.look(&at_work(now, 0), now), Some(Stuck::Radio));
    assert_eq!(vitals.look(&at_work(now, 1), now), None, "one advertisement, and it is believed again");
    let later = Millis(now.0 + until.0 + 1);
    assert_eq!(vitals.look(&Signs { radio_claims: false, ..at_work(later, 1) }, later), None, "it says so itself");
    assert_eq!(vitals.look(&at_work(later, 1), later), None, "and has its time again when it starts anew");
}

/// What is found of a box whose own radio is off, looked at every 5 s for two minutes.
fn found_of(flow: impl Fn(u64) -> Flow) -> Option<(Stuck, u64)> {
    let mut vitals = Vitals::new(SILENCE, Millis::ZERO);
    (0_u32..24).map(|look| u64::from(look) * 5).find_map(|second| {
        let now = Millis::seconds(i64::try_from(second).expect("seconds"));
        let signs = Signs { radio_claims: false, flow: flow(second), ..at_work(now, 0) };
        vitals.look(&signs, now).map(|stuck| (stuck, second))
    })
}

#[test]
fn messages_that_wait_must_be_taken() {
    let flow = |waiting, taken| Flow { turns: None, waiting, taken };
    assert_eq!(found_of(|_| flow(3, 7)), Some((Stuck::Intake, 20)), "three wait, and none is taken");
    assert_eq!(
        found_of(|second| flow(1_024, second)),
        None,
        "a crowd: the queue is never empty, and each has its turn"
    );
    assert_eq!(found_of(|_| flow(0, 7)), None, "nobody says anything");
    assert_eq!(found_of(|second| flow(usize::from(second % 15 == 0), 7)), None, "it was taken between two looks");
}

#[test]
fn the_client_of_the_receivers_broker_must_turn_where_there_is_one() {
    assert_eq!(found_of(|_| pinging(9)), Some((Stuck::Receivers, 65)), "not even a ping");
    assert_eq!(found_of(|second| pinging(second / 10)), None, "a quiet shop pings every 10 s");
    assert_eq!(found_of(|second| pinging(second / 15)), None, "a broker that is away is asked again and again");
    assert_eq!(found_of(|_| Flow::default()), None, "no receivers' broker is configured");
}

struct Box {
    clock: ManualClock,
    pulse: watch::Sender<Pulse>,
    link: watch::Sender<Link>,
    systemd: UnixDatagram,
    stop: CancellationToken,
    tended: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

/// A box whose pipeline turns when the test says so, before a systemd.
fn a_box(watchdog_us: Option<&str>) -> Box {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&path).expect("a socket");
    let clock = ManualClock::new(NOON);
    let limits = Limits::new(1 << 20, Millis::hours(1));
    let (spool, _) = worker::start(folder.path(), limits, Arc::new(clock.clone()), None).expect("a spool");
    let (pulse, pulse_seen) = watch::channel(Pulse::default());
    let (link, link_seen) = watch::channel(Link::default());
    let sources = Sources {
        gateway: "gw-1".into(),
        store: "demo".into(),
        privacy: PrivacyMode::Count,
        started_at: NOON,
        pulse: pulse_seen,
        spool: spool.standing(),
        link: link_seen,
        intake: watch::channel(Intake::Gone { reason: "connection refused".into() }).1,
        radio: watch::channel(State::Silent { reason: "no Bluetooth daemon".into() }).1,
        clock: Arc::new(clock.clone()),
    };
    let notifier = Notifier::new(path.to_str(), watchdog_us);
    let stop = CancellationToken::new();
    let tended = tokio::spawn(tend(notifier, sources, spool, Duration::from_secs(15), stop.clone()));
    Box { clock, pulse, link, systemd, stop, tended, _folder: folder }
}

impl Box {
    async fn next(&self) -> String {
        let mut bytes = [0; 1_024];
        let wait = tokio::time::timeout(Duration::from_secs(30), self.systemd.recv(&mut bytes));
        let length = wait.await.expect("it is told within half a minute").expect("a datagram");
        String::from_utf8(bytes[..length].to_vec()).expect("text")
    }
}

#[tokio::test]
async fn systemd_hears_of_a_box_that_works_and_not_of_one_that_stands_still() {
    let it = a_box(Some("300000"));
    assert_eq!(it.next().await, "WATCHDOG=1", "with everything outside away, which is no reason to start anew");
    let status = it.next().await;
    for words in ["The uplink is gone", "receivers' broker is gone", "the own radio can't hear"] {
        assert!(status.starts_with("STATUS=") && status.contains(words), "{words} in {status}");
    }
    assert_eq!(it.next().await, "WATCHDOG=1");
    it.next().await;
    it.clock.advance(Millis::seconds(60));
    it.link.send_modify(|link| link.turned_at = Millis::seconds(60));
    let mut told = it.next().await;
    // One look may have been under way.
    while told == "WATCHDOG=1" || told.contains("The uplink") {
        told = it.next().await;
    }
    assert_eq!(told, "STATUS=the pipeline stands still");
    assert_eq!(it.next().await, "STATUS=the pipeline stands still", "and the watchdog is not fed meanwhile");
    it.pulse.send_modify(|pulse| pulse.at = Millis::seconds(60));
    let mut told = it.next().await;
    while told == "STATUS=the pipeline stands still" {
        told = it.next().await;
    }
    assert_eq!(told, "WATCHDOG=1");
    it.stop.cancel();
    it.tended.await.expect("it ends when it is stopped");
}

#[tokio::test]
async fn without_a_watchdog_it_stays_until_it_is_stopped() {
    let mut it = a_box(None);
    let ended = tokio::time::timeout(Duration::from_millis(100), &mut it.tended).await;
    assert!(ended.is_err(), "a part that ends takes the box with it");
    it.stop.cancel();
    it.tended.await.expect("it ends when it is stopped");
}
