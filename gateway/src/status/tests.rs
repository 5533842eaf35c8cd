use model::ids::ReceiverId;
use runtime::clock::ManualClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::radio::port::Heard;

const NOON: Timestamp = Timestamp(1_790_000_000_000);

struct Box {
    pulse: watch::Sender<Pulse>,
    spool: watch::Sender<Standing>,
    link: watch::Sender<Link>,
    clock: ManualClock,
    sources: Sources,
}

fn a_box() -> Box {
    let (pulse, pulse_seen) = watch::channel(Pulse::default());
    let (spool, spool_seen) = watch::channel(Standing::default());
    let (link, link_seen) = watch::channel(Link { connected: true, acked_at: Some(NOON), ..Link::default() });
    let clock = ManualClock::new(NOON);
    let sources = Sources {
        gateway: "gw-<1>".into(),
        store: "demo".into(),
        privacy: PrivacyMode::Count,
        started_at: NOON,
        pulse: pulse_seen,
        spool: spool_seen,
        link: link_seen,
        intake: watch::channel(Intake::Connected).1,
        radio: watch::channel(RadioState::Off).1,
        clock: Arc::new(clock.clone()),
    };
    Box { pulse, spool, link, clock, sources }
}

#[test]
fn health_names_everything_that_is_wrong() {
    let it = a_box();
    assert_eq!(it.sources.health(), Health { status: "ok", reasons: vec![] });
    it.spool.send_modify(|spool| spool.pending = 1);
    it.link.send_modify(|link| link.connected = false);
    it.clock.advance(Millis::seconds(11));
    let reasons = vec!["pipeline-hangs", "disk-refuses", "uplink-gone"];
    assert_eq!(it.sources.health(), Health { status: "degraded", reasons });
}

#[test]
fn a_quiet_radio_is_told_and_is_no_fault_and_a_silent_one_is() {
    let mut it = a_box();
    let (radio, seen) = watch::channel(RadioState::Quiet { adapter: "hci0".into(), since: NOON });
    it.sources.radio = seen;
    it.clock.advance(Millis::seconds(7));
    it.pulse.send_modify(|pulse| {
        pulse.at = Millis::seconds(7);
        let mut heard = Heard::default();
        (heard.gaps, heard.gap, heard.dropped) = (2, Millis::seconds(90), 5);
        pulse.counts.radio(ReceiverId::new("ceiling").expect("an id"), &heard);
    });
    assert_eq!(it.sources.health().reasons, Vec::<&str>::new());
    let html = page::render(&it.sources);
    for text in ["no advertisement on hci0 for 7 s", "Own radio ceiling", "2 gaps, 90 s together; 5 dropped"] {
        assert!(html.contains(text), "{text} in {html}");
    }
    assert!(html.contains("Left out: radio-queue-full"), "and it goes to the server: {html}");
    radio.send_replace(RadioState::Silent { reason: "no Bluetooth daemon".into() });
    assert_eq!(it.sources.health().reasons, ["radio-silent"]);
}

#[test]
fn a_receiver_and_a_sensor_that_are_gone_are_told_apart_from_those_that_hear_nothing() {
    let it = a_box();
    let sensor = |name| model::ids::SensorId::new(name).expect("an id");
    it.pulse.send_modify(|pulse| {
        for (name, is_there) in [("wine", true), ("till", false)] {
            let receiver = ReceiverId::new(name).expect("an id");
            pulse.counts.is_there(&receiver, "espresense", true);
            pulse.counts.is_there(&receiver, "espresense", is_there);
        }
        pulse.counts.heard(&ReceiverId::new("bakery").expect("an id"), "minew", NOON);
        pulse.counts.sensors_are_there([(sensor("pir"), true), (sensor("door"), false)].into());
    });
    let html = page::render(&it.sources);
    for row in [
        "<td>wine</td><td>online</td><td>never</td>",
        "<td>till</td><td>OFFLINE: look whether it has power and network</td><td>never</td>",
        "<td>bakery</td><td>does not say</td><td>0 s ago</td>",
        "<td>pir</td><td class=\"n\">online</td>",
        "<td>door</td><td class=\"n\">OFFLINE: look whether it has power and network</td>",
    ] {
        assert!(html.contains(row), "{row} in {html}");
    }
    assert_eq!(it.sources.health().reasons, Vec::<&str>::new(), "the box itself is well");
}

#[test]
fn the_page_shows_figures_and_never_lets_a_name_become_markup() {
    let it = a_box();
    it.pulse.send_modify(|pulse| {
        pulse.counts.heard(&ReceiverId::new("wine").expect("an id"), "espresense", NOON);
        pulse.counts.drop("twin", 3);
    });
    let html = page::render(&it.sources);
    assert!(html.contains("gw-&lt;1&gt;") && !html.contains("gw-<1>"));
    for text in ["All is well", "wine", "Left out: twin", "last acknowledgement 0 s ago"] {
        assert!(html.contains(text), "{text} in {html}");
    }
}

#[test]
fn the_page_says_what_is_kept_of_strangers() {
    let mut it = a_box();
    for (mode, text) in [(PrivacyMode::Count, "mode count: strangers are"), (PrivacyMode::Day, "until local midnight")]
    {
        it.sources.privacy = mode;
        let html = page::render(&it.sources);
        assert!(html.contains(text), "{text} in {html}");
    }
}

#[test]
fn an_expired_certificate_is_told_with_what_to_do() {
    let it = a_box();
    it.link.send_modify(|link| link.certificate_ends = Some(NOON + Millis::minutes(5)));
    assert!(!page::render(&it.sources).contains("EXPIRED"));
    assert_eq!(it.sources.health().reasons, Vec::<&str>::new());
    it.clock.advance(Millis::minutes(7));
    it.pulse.send_modify(|pulse| pulse.at = Millis::minutes(7));
    assert_eq!(it.sources.health().reasons, ["certificate-expired"]);
    let html = page::render(&it.sources);
    for text in ["EXPIRED", "enrol the box again with a new token"] {
        assert!(html.contains(text), "{text} in {html}");
    }
}

async fn ask(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("a listener");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

#[tokio::test]
async fn the_three_pages_answer_over_the_network() {
    runtime::telemetry::install_metrics();
    crate::metric::add(crate::metric::Name::Heard, 1);
    let it = a_box();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(listener, it.sources.clone(), stop.clone()));
    assert!(ask(address, "/healthz").await.starts_with("HTTP/1.1 200"));
    it.link.send_modify(|link| link.connected = false);
    let sick = ask(address, "/healthz").await;
    assert!(sick.starts_with("HTTP/1.1 503") && sick.contains(r#""reasons":["uplink-gone"]"#), "{sick}");
    crate::metric::privacy(PrivacyMode::Day);
    let metrics = ask(address, "/metrics").await;
    for line in [
        "attimo_gateway_adverts_heard_total",
        "attimo_gateway_privacy_mode{mode=\"day\"} 1",
        "attimo_gateway_privacy_mode{mode=\"count\"} 0",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert!(ask(address, "/").await.contains("content-security-policy"));
    stop.cancel();
    server.await.expect("no panic").expect("an orderly end");
}

#[test]
fn the_page_says_how_far_the_clock_is_off() {
    let it = a_box();
    assert!(page::render(&it.sources).contains("not looked at yet"));
    let check = |belief, offset: Option<i64>, drift, reasons: &[&str], text: &str| {
        it.link.send_modify(|link| {
            (link.belief, link.offset, link.drift) = (Some(belief), offset.map(Millis), Millis(drift));
        });
        assert_eq!(it.sources.health().reasons, reasons);
        let html = page::render(&it.sources);
        assert!(html.contains(text), "{text} in {html}");
    };
    let decades = NOON.0;
    check(Belief::NeverSet, None, 0, &["clock-never-set"], "never set; the server has not said");
    let behind = "never set; 497222 h behind the server&#39;s".replace("&#39;", "'");
    check(Belief::NeverSet, Some(decades), 0, &["clock-never-set", "clock-off"], &behind);
    check(Belief::Free, Some(decades), decades, &[], "less than a second from the server's; the server sets right");
    check(Belief::Synchronised, Some(-90_000), 0, &[], "follows a time server; 90 s ahead of the server's</td>");
    check(Belief::Free, Some(-300_001), 0, &["clock-off"], "set; 5 min ahead of the server's; the server sets right");
}
