//! What the box reaches: its server's name, its server's broker, and itself.

use std::time::Duration;

use model::ids::BootId;
use model::time::Timestamp;
use runtime::mqtt::{self, Event, Trouble};
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Finding;
use crate::config::Config;
use crate::metric::Name;
use crate::uplink::way::Way;
use crate::uplink::{About, Identity};

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(8);
/// Most bytes that are read of our own pages.
const PAGE_LEN_MAX: u64 = 256 * 1024;

/// The name, then the broker with its log-in.
pub(super) async fn uplink(config: &Config) -> Vec<Finding> {
    let identity = Identity {
        gateway: config.gateway.id.clone(),
        boot: BootId(0),
        started_at: Timestamp(0),
        about: About::default(),
    };
    let way = match Way::find(config, &identity) {
        Ok(way) => way,
        Err(cause) => return vec![Finding::wrong("broker", cause.to_string(), "enrol the box, or set uplink.url")],
    };
    let url = way.url().to_owned();
    let mqtt::Address { host, port, .. } = match mqtt::Address::parse(&url) {
        Ok(address) => address,
        Err(cause) => return vec![Finding::wrong("broker", cause.to_string(), "write mqtts://host:port")],
    };
    match tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host.as_str(), port))).await {
        Ok(Ok(mut found)) => match found.next() {
            Some(address) => {
                vec![Finding::well("dns", format!("{host} is {}", address.ip())), broker(way, &url).await]
            }
            None => vec![unknown(&host, "it has no address")],
        },
        Ok(Err(cause)) => vec![unknown(&host, &cause.to_string())],
        Err(_) => vec![unknown(&host, "DNS does not answer in time")],
    }
}

fn unknown(host: &str, why: &str) -> Finding {
    let fix =
        "see that the network is up (ip route) and names are answered (resolvectl query), or write the IP address";
    Finding::wrong("dns", format!("{host} is not known: {why}"), fix)
}

async fn broker(way: Way, url: &str) -> Finding {
    let answer = match mqtt::connect(&way.for_a_try()) {
        Ok((client, mut events)) => {
            let answer = tokio::time::timeout(PATIENCE, events.next()).await;
            client.disconnect().await;
            answer
        }
        Err(cause) => return Finding::wrong("broker", cause.to_string(), "correct the [uplink] section"),
    };
    match answer {
        Ok(Some(Event::Connected { .. })) => Finding::well("broker", format!("{url} lets this box in")),
        Ok(Some(Event::Disconnected { reason })) => {
            let fix = match Trouble::of(&reason) {
                Trouble::Refused => {
                    "make a new token on the server (attimo-server gateway token ID) and enrol the box again"
                }
                Trouble::Certificate => "see the clock and the certificate above; else enrol the box again",
                Trouble::NameUnknown => "see the network and its DNS",
                Trouble::Away => {
                    "see that the server runs, and that no firewall is between: its broker port must be open"
                }
            };
            Finding::wrong("broker", reason, fix)
        }
        Ok(Some(Event::Message { .. }) | None) | Err(_) => {
            Finding::wrong("broker", format!("{url} does not answer"), "see that the server runs, and the firewall")
        }
    }
}

#[derive(Deserialize)]
struct Healthz {
    reasons: Vec<String>,
}

/// The gateway itself, if it runs.
pub(super) async fn running(config: &Config) -> Finding {
    let start = "start it: systemctl start attimo-gateway; why it ended: journalctl -u attimo-gateway";
    let Some(text) = page(config, "/healthz").await else {
        return Finding::warning("gateway", "it does not run on this box", start);
    };
    let reasons = text.split("\r\n\r\n").nth(1).and_then(|body| serde_json::from_str::<Healthz>(body).ok());
    match reasons {
        None => Finding::warning("gateway", "something else answers on status.listen", "set another status.listen"),
        Some(Healthz { reasons }) if reasons.is_empty() => Finding::well("gateway", "it runs, and all is well"),
        Some(Healthz { reasons }) => {
            let found = format!("it runs, and says: {}", reasons.join(", "));
            Finding::warning("gateway", found, format!("see http://{}/", config.status.listen))
        }
    }
}

/// How many seconds the clock of this box is ahead of the server's, as the gateway that runs here was told.
pub(super) async fn clock_ahead(config: &Config) -> Option<f64> {
    let name = Name::ClockOffset.as_str();
    let metrics = page(config, "/metrics").await?;
    metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

/// A page of the gateway that runs on this box, as it comes; none if none does.
pub(crate) async fn page(config: &Config, path: &str) -> Option<String> {
    let asked = async {
        let mut stream = TcpStream::connect(config.status.listen).await.ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut bytes = Vec::new();
        stream.take(PAGE_LEN_MAX).read_to_end(&mut bytes).await.ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    tokio::time::timeout(PATIENCE, asked).await.ok().flatten()
}
