//! The page for the person in front of the box, the answer for whoever watches over it, and its metrics.

mod page;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use model::time::{Millis, Timestamp};
use runtime::clock::Clock;
use runtime::mqtt::Trouble;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wire::state::PrivacyMode;
use wire::uplink::clock::Belief;

use crate::count::Counts;
use crate::radio::state::State as RadioState;
use crate::spool::Standing;
use crate::uplink::Link;

/// The pipeline tells its counts every second; if it did not for so long, it hangs.
const PULSE_MAX: Millis = Millis::seconds(10);

/// With a wall clock further than this from the server's, somebody should look.
pub const SKEW_MAX: Millis = Millis::minutes(5);

/// What the pipeline told last.
#[derive(Debug, Clone, Default)]
pub struct Pulse {
    /// When, on the monotonic clock.
    pub at: Millis,
    /// What it has counted.
    pub counts: Counts,
    /// How what receivers and sensors say gets into it.
    pub flow: Flow,
}

/// How what receivers and sensors say gets into the pipeline, over MQTT and HTTP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flow {
    /// Turns of the client of the receivers' broker, pings and attempts to connect included; none without such a broker.
    pub turns: Option<u64>,
    /// Messages that wait to be taken.
    pub waiting: usize,
    /// Messages that were taken.
    pub taken: u64,
}

/// How the receivers' broker stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Intake {
    /// None is configured.
    #[default]
    Off,
    /// It is there.
    Connected,
    /// It is not.
    Gone {
        /// Why.
        reason: String,
    },
}

/// Where everything that the page shows comes from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The box's name.
    pub gateway: String,
    /// Its store.
    pub store: String,
    /// What it keeps of strangers.
    pub privacy: PrivacyMode,
    /// When this run began.
    pub started_at: Timestamp,
    /// The pipeline.
    pub pulse: watch::Receiver<Pulse>,
    /// The spool.
    pub spool: watch::Receiver<Standing>,
    /// The uplink.
    pub link: watch::Receiver<Link>,
    /// The receivers' broker.
    pub intake: watch::Receiver<Intake>,
    /// The own radio.
    pub radio: watch::Receiver<RadioState>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// The answer of `/healthz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// `ok` or `degraded`.
    pub status: &'static str,
    /// What is wrong, one code each.
    pub reasons: Vec<&'static str>,
}

impl Sources {
    /// What is wrong now.
    #[must_use]
    pub fn health(&self) -> Health {
        let spool = *self.spool.borrow();
        let link = self.link.borrow().clone();
        let is_expired = link.certificate_ends.is_some_and(|ends| self.clock.now() + link.drift >= ends);
        let wrong = [
            ("pipeline-hangs", self.clock.monotonic().0 - self.pulse.borrow().at.0 > PULSE_MAX.0),
            ("disk-refuses", spool.pending > 0),
            ("spool-full", spool.is_full),
            ("uplink-gone", !link.connected),
            ("certificate-expired", is_expired),
            ("receivers-gone", matches!(*self.intake.borrow(), Intake::Gone { .. })),
            ("clock-never-set", link.belief == Some(Belief::NeverSet)),
            ("clock-off", link.skew().is_some_and(|skew| skew.0.abs() > SKEW_MAX.0)),
            ("radio-silent", matches!(*self.radio.borrow(), RadioState::Silent { .. })),
        ];
        // Why the uplink is gone, as far as it is known.
        let trouble = link.trouble.filter(|_| !link.connected).map(Trouble::code);
        let reasons: Vec<&'static str> =
            wrong.into_iter().filter_map(|(code, is)| is.then_some(code)).chain(trouble).collect();
        Health { status: if reasons.is_empty() { "ok" } else { "degraded" }, reasons }
    }
}

/// Serves until it is stopped.
///
/// # Errors
/// What the system says when it can't go on.
pub async fn serve(listener: TcpListener, sources: Sources, stop: CancellationToken) -> std::io::Result<()> {
    let router = Router::new()
        .route("/", get(show_page))
        .route("/healthz", get(show_health))
        .route("/metrics", get(show_metrics))
        .with_state(sources);
    axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn show_page(State(sources): State<Sources>) -> Response {
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, Html(page::render(&sources))).into_response()
}

async fn show_health(State(sources): State<Sources>) -> Response {
    let health = sources.health();
    let status = if health.reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(health)).into_response()
}

async fn show_metrics() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], runtime::telemetry::render_metrics()).into_response()
}

#[cfg(test)]
mod tests;
