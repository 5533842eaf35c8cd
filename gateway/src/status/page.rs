//! The status page as HTML: no script, nothing from elsewhere, and it loads itself anew.

use std::fmt::Write as _;

use model::time::{Millis, Timestamp};
use wire::uplink::clock::Belief;

use super::{Intake, SKEW_MAX, Sources};
use crate::privacy;
use crate::radio::state::State as RadioState;
use crate::uplink::{Link, waited};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:44rem;padding:0 1rem;color:#1c1c1c;background:#fff}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}\
td,th{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #ddd}td.n{text-align:right;font-variant-numeric:tabular-nums}\
.ok{color:#0a6b2d}.bad{color:#a11212}";

/// The page as it is now.
pub(super) fn render(sources: &Sources) -> String {
    let now = sources.clock.now();
    let health = sources.health();
    let (class, word) =
        if health.reasons.is_empty() { ("ok", "All is well".to_owned()) } else { ("bad", health.reasons.join(", ")) };
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"5\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{gateway}</title><style>{STYLE}</style></head>\
         <body><h1>Gateway {gateway}, store {store}</h1><p class=\"{class}\">{word}</p>",
        gateway = escape(&sources.gateway),
        store = escape(&sources.store),
        word = escape(&word),
    );
    table(&mut html, "State", &states(sources, now));
    table(&mut html, "Counts since the start", &counts(sources));
    receivers(&mut html, sources, now);
    html.push_str("<p><a href=\"/healthz\">healthz</a> · <a href=\"/metrics\">metrics</a></p></body></html>");
    html
}

fn states(sources: &Sources, now: Timestamp) -> Vec<(String, String)> {
    let link = sources.link.borrow().clone();
    let (backlog, clock, wall) = (link.backlog, clock(&link), now + link.drift);
    let certificate = match link.certificate_ends {
        None => "none: user and password".to_owned(),
        Some(ends) if ends <= wall => {
            format!("EXPIRED {} ago: enrol the box again with a new token", span(wall.since(ends)))
        }
        Some(ends) => format!("valid for {} more days", ends.since(wall).0 / 86_400_000),
    };
    let spool = *sources.spool.borrow();
    let uplink = match (link.connected, link.reason, link.acked_at) {
        (true, _, Some(at)) => format!("connected, last acknowledgement {} ago", span(now.since(at))),
        (true, _, None) => "connected, no acknowledgement yet".to_owned(),
        (false, reason, _) => format!("gone: {}", reason.unwrap_or_else(|| "not connected yet".to_owned())),
    };
    let intake = match sources.intake.borrow().clone() {
        Intake::Off => "off".to_owned(),
        Intake::Connected => "connected".to_owned(),
        Intake::Gone { reason } => format!("gone: {reason}"),
    };
    let radio = match sources.radio.borrow().clone() {
        RadioState::Off => "off".to_owned(),
        RadioState::Starting => "starting, no advertisement yet".to_owned(),
        RadioState::Hearing => "hearing".to_owned(),
        RadioState::Quiet { adapter, since } => {
            format!(
                "no advertisement on {adapter} for {}; nobody may be there; it is started anew",
                span(now.since(since))
            )
        }
        RadioState::Silent { reason } => format!("hears nothing: {reason}"),
    };
    let objections = sources.pulse.borrow().counts.dropped.get("objected").copied().unwrap_or_default();
    let waiting = spool.waiting();
    let oldest = span(waited(spool.oldest_at, now));
    vec![
        ("Running for".into(), span(now.since(sources.started_at))),
        ("Uplink".into(), uplink),
        ("Receivers' broker".into(), intake),
        ("Own radio".into(), radio),
        (
            "Spool".into(),
            format!("{waiting} batches wait, the oldest for {oldest}; {} KiB on disk", spool.bytes / 1024),
        ),
        ("Clock".into(), clock),
        ("Certificate".into(), certificate),
        ("Privacy".into(), privacy::keeps(sources.privacy)),
        (
            "Objections".into(),
            format!(
                "{} devices are not to be heard; {objections} of their advertisements were left out",
                link.objections
            ),
        ),
        ("Backlog".into(), format!("{backlog} batches go behind what is new")),
    ]
}

fn clock(link: &Link) -> String {
    let belief = match link.belief {
        None => return "not looked at yet".to_owned(),
        Some(Belief::NeverSet) => "never set",
        Some(Belief::Free) => "set",
        Some(Belief::Synchronised) => "set, and it follows a time server",
    };
    let than = match link.skew() {
        None => "the server has not said how far it is off".to_owned(),
        Some(skew) if skew.0.abs() < 1_000 => "less than a second from the server's".to_owned(),
        Some(skew) if skew.0 > 0 => format!("{} behind the server's", span(skew)),
        Some(skew) => format!("{} ahead of the server's", span(Millis(-skew.0))),
    };
    let corrected = link.offset.is_some_and(|offset| offset.0.abs() > SKEW_MAX.0);
    format!("{belief}; {than}{}", if corrected { "; the server sets right what this box stamps" } else { "" })
}

fn counts(sources: &Sources) -> Vec<(String, String)> {
    let counts = sources.pulse.borrow().counts.clone();
    let spool = *sources.spool.borrow();
    let mut rows = vec![
        ("Advertisements heard".into(), counts.heard.to_string()),
        ("Sightings passed on".into(), counts.sightings.to_string()),
        ("Readings passed on".into(), counts.readings.to_string()),
        ("Sightings lost, spool full".into(), spool.over_bounds.sightings.to_string()),
        ("Readings lost, spool full".into(), spool.over_bounds.readings.to_string()),
        ("Sightings lost, too old".into(), spool.too_old.sightings.to_string()),
        ("Readings lost, too old".into(), spool.too_old.readings.to_string()),
        ("Sightings lost, disk refused".into(), spool.disk_refused.sightings.to_string()),
        ("Readings lost, disk refused".into(), spool.disk_refused.readings.to_string()),
    ];
    rows.extend(counts.radios.iter().map(|(receiver, radio)| {
        let (gaps, gap, dropped) = (radio.gaps, span(radio.gap), radio.dropped);
        (format!("Own radio {receiver}"), format!("{gaps} gaps, {gap} together; {dropped} dropped"))
    }));
    rows.extend(counts.dropped.iter().map(|(reason, count)| (format!("Left out: {reason}"), count.to_string())));
    rows
}

fn receivers(html: &mut String, sources: &Sources, now: Timestamp) {
    html.push_str(
        "<h2>Receivers</h2><table><tr><th>Receiver</th><th>State</th><th>Last heard</th><th>Messages</th></tr>",
    );
    let counts = sources.pulse.borrow().counts.clone();
    for health in counts.receivers() {
        let _ = write!(
            html,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td></tr>",
            escape(health.receiver.as_str()),
            liveness(health.there),
            if health.heard == 0 { "never".into() } else { format!("{} ago", span(now.since(health.last_heard))) },
            health.heard
        );
    }
    html.push_str("</table>");
    let sensors = counts.sensors().map(|(sensor, is_there)| (sensor.to_string(), liveness(Some(is_there)).to_owned()));
    let sensors: Vec<(String, String)> = sensors.collect();
    if !sensors.is_empty() {
        table(html, "Sensors that say whether they are there", &sensors);
    }
}

/// By its own word or its will. One that is there may still hear nothing.
const fn liveness(there: Option<bool>) -> &'static str {
    match there {
        Some(true) => "online",
        Some(false) => "OFFLINE: look whether it has power and network",
        None => "does not say",
    }
}

fn table(html: &mut String, title: &str, rows: &[(String, String)]) {
    let _ = write!(html, "<h2>{title}</h2><table>");
    for (name, value) in rows {
        let _ = write!(html, "<tr><td>{}</td><td class=\"n\">{}</td></tr>", escape(name), escape(value));
    }
    html.push_str("</table>");
}

fn span(span: Millis) -> String {
    match span.0.max(0) / 1_000 {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7_199 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
    }
    safe
}
