//! Everything that is asked over HTTP: intake, app, back office, health and the page.

pub mod access;
pub mod app;
pub mod health;
pub mod json;
pub mod office;
pub mod openapi;
pub mod problem;
pub mod views;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::routing::{delete, get, post, put};
use model::time::Millis;
use tokio::sync::Semaphore;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{Any, CorsLayer};
use tower_http::timeout::TimeoutLayer;

use crate::app::AppState;
use crate::auth::throttle::Throttle;
use crate::intake::rate::Rate;
use crate::regulate::Regulator;
use crate::{intake, web};

/// Largest body of everything but the intake.
const BODY_LEN_MAX: usize = 64 * 1024;
/// Largest list of persons to delete or suppress: 5,000 of the longest ids.
const REGULATION_LEN_MAX: usize = 2 * 1024 * 1024;
/// A request that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Dashboards that hold a stream open at once.
const PAGES_MAX: usize = 200;

/// What handlers reach.
#[derive(Debug, Clone)]
pub struct Api {
    /// The server.
    pub app: AppState,
    /// Tries to log in, per name.
    guesses_by_name: Arc<Throttle>,
    /// Tries to log in, per address.
    guesses_by_peer: Arc<Throttle>,
    /// Objections, per address.
    objections_by_peer: Arc<Throttle>,
    /// Places for open dashboards.
    pages: Arc<Semaphore>,
    /// How much each sender of events may send.
    pub(crate) rate: Arc<Rate>,
    /// Deletes and suppresses in the background.
    pub(crate) regulator: Regulator,
}

impl Api {
    fn new(app: AppState) -> Self {
        let intake = &app.config.intake;
        Self {
            rate: Arc::new(Rate::new(intake.events_per_s, intake.burst)),
            regulator: Regulator::start(app.clone()),
            app,
            guesses_by_name: Arc::new(Throttle::new(5, Millis::seconds(24))),
            guesses_by_peer: Arc::new(Throttle::new(20, Millis::seconds(3))),
            // A family's devices at once, and then one a minute.
            objections_by_peer: Arc::new(Throttle::new(20, Millis::minutes(1))),
            pages: Arc::new(Semaphore::new(PAGES_MAX)),
        }
    }
}

/// Everything that is asked over HTTP. Serve it with the peers' addresses (`into_make_service_with_connect_info`),
/// by which log-ins are slowed down.
pub fn router(state: AppState) -> Router {
    Router::new()
        .nest("/v1", open().merge(regulations()))
        // Segment's public API has no version in its paths.
        .merge(regulations())
        .nest("/api", closed())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .fallback(web::serve)
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, PATIENCE))
        .layer(CompressionLayer::new())
        .layer(axum::middleware::from_fn(web::protect))
        .with_state(Api::new(state))
}

/// What apps and pages of any origin call: they prove themselves by a key or a token, never by a cookie.
fn open() -> Router<Api> {
    let intake = Router::new()
        .route("/{call}", post(intake::http::post))
        .route("/webhooks/{source}", post(intake::webhook::post))
        .layer(DefaultBodyLimit::max(intake::body::BODY_LEN_MAX));
    Router::new()
        .route("/devices", post(app::devices::register))
        .route("/devices/{id}", put(app::devices::update))
        .route("/devices/{id}", delete(app::devices::delete))
        .route("/devices/{id}/consent", put(app::devices::consent))
        .route("/devices/{id}/preferences", put(app::contacts::preferences))
        .route("/decide", post(app::decide::decide))
        .route("/decisions/{id}/outcomes", post(app::decide::outcome))
        .route("/contacts", post(app::contacts::contact))
        .route("/pos/transactions", post(intake::pos::post))
        .route("/offers", get(app::offers::list))
        .route("/offers/{decisionId}/outcomes", post(app::offers::outcome))
        .route("/stream", get(app::stream::open))
        .route("/sightings", post(app::sightings::post))
        .route("/objections", post(crate::objections::post))
        .route("/gateways/enrol", post(crate::fleet::http::enrol))
        .route("/push/key", get(health::push_key))
        .route("/projects/{key}/settings", get(intake::http::settings))
        .layer(DefaultBodyLimit::max(BODY_LEN_MAX))
        .merge(intake)
        .fallback(health::no_such_address)
        .layer(cors())
}

/// What programs that look after people's rights call, with an API key.
fn regulations() -> Router<Api> {
    use office::regulations::{create, create_for_source, list, show, suppressions, withdraw};
    Router::new()
        .route("/regulations", get(list).post(create))
        .route("/regulations/{id}", get(show).delete(withdraw))
        .route("/regulations/sources/{source}", get(list).post(create_for_source))
        .route("/suppressions", get(suppressions))
        .layer(DefaultBodyLimit::max(REGULATION_LEN_MAX))
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::CONTENT_ENCODING,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("x-retry-count"),
            HeaderName::from_static("anonymousid"),
        ])
        .expose_headers([header::RETRY_AFTER])
        .max_age(Duration::from_secs(3_600))
}

/// What the back office calls, from our own page or with a key; no other origin is let in.
fn closed() -> Router<Api> {
    let v1 = Router::new()
        .route("/setup", get(office::session::setup).post(office::session::make))
        .route("/session", get(office::session::show).post(office::session::login).delete(office::session::logout))
        .route("/stores", get(office::stores::list))
        .route("/stores/{store}/plan", get(office::stores::plan))
        .route("/stores/{store}/now", get(office::now::get))
        .route("/stores/{store}/live", get(office::live::open))
        .route("/stores/{store}/today", get(office::today::get))
        .route("/stores/{store}/heat", get(office::heat::get))
        .route("/stores/{store}/heat.csv", get(office::heat::csv))
        .route("/stores/{store}/replay", get(office::replay::get))
        .route("/stores/{store}/decisions", get(office::decisions::list))
        .route("/stores/{store}/lift", get(office::lift::of_store))
        .route("/stores/{store}/offers", get(office::offers::list))
        .route("/stores/{store}/offers/{offer}/lift", get(office::lift::of_offer))
        .route("/stores/{store}/offers/{offer}/lever", get(office::levers::get).put(office::levers::put))
        .route("/fleet", get(office::fleet::get))
        .route("/fleet/config", get(office::fleet::config))
        .route("/fleet/config/{scope}", put(office::fleet::put))
        .route("/decisions/{id}", get(office::decisions::get))
        .route("/customers/{id}", get(office::customers::show))
        .route("/customers/{id}/split", post(office::customers::split))
        .route("/metrics", get(office::today::definitions));
    Router::new()
        .route("/openapi.json", get(openapi::serve))
        .nest("/v1", v1)
        .fallback(health::no_such_address)
        .layer(DefaultBodyLimit::max(BODY_LEN_MAX))
}

#[cfg(test)]
mod tests;
