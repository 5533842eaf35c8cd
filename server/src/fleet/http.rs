//! `POST /v1/gateways/enrol`: a one-time token and a request in, a certificate out.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::authority::{self, Authority};
use super::{authority::REQUEST_LEN_MAX, token_hash};
use crate::api::Api;
use crate::api::json::Body;
use crate::api::problem::Problem;

/// What a box sends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrolment {
    /// The gateway's id, as in its gateway.toml.
    gateway: String,
    /// What `attimo-server gateway token` printed; it counts once.
    token: String,
    /// A PKCS#10 request as PEM; of it only the key counts.
    request: String,
}

/// What it gets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Enrolled {
    /// Its certificate, as PEM.
    certificate: String,
    /// The authority's certificate, as PEM; the token's second half is the beginning of its fingerprint.
    authority: String,
    /// The name that the broker's certificate has.
    broker_name: &'static str,
    /// Where the broker lets gateways with a certificate in.
    broker_port: u16,
    /// In milliseconds since 1970.
    issued_at: i64,
    /// In milliseconds since 1970.
    expires_at: i64,
}

/// Gives a box its first certificate.
///
/// The token is used up by a right request only: who mistypes something may try again with the same one.
#[utoipa::path(post, path = "/v1/gateways/enrol", tag = "gateway", request_body = Enrolment,
    responses((status = 200, body = Enrolled), (status = 400, body = Problem, description = "names the field"),
        (status = 403, body = Problem, description = "`token-unknown`, `token-used`, `token-expired` or `no-tls-broker`"),
        (status = 413, body = Problem)))]
pub(crate) async fn enrol(State(api): State<Api>, Body(asked): Body<Enrolment>) -> Result<Response, Problem> {
    let app = &api.app;
    let Some(broker_port) = app.tls_port else {
        let detail = "this server has no broker for enrolled gateways";
        return Err(Problem::forbidden("no-tls-broker", detail, "set [broker] tls_listen in server.toml and restart"));
    };
    let gateway = model::ids::GatewayId::new(&asked.gateway)
        .map_err(|cause| Problem::invalid("gateway", cause.to_string(), "send the id of gateway.toml"))?;
    if asked.request.len() > REQUEST_LEN_MAX {
        return Err(Problem::too_large("the request is longer than 8 KiB", "send a PKCS#10 request as PEM"));
    }
    let now = app.clock.now();
    let authority = Authority::open(&app.store, now).await.map_err(refuse)?;
    let lasts = model::time::Millis::hours(24 * i64::from(app.config.broker.certificate_days));
    let issued = authority.sign(&asked.request, &gateway, now, lasts).map_err(|cause| match cause {
        authority::Error::Certificate(_) => {
            Problem::invalid("request", "it is no signed PKCS#10 request", "send what `attimo-gateway enrol` makes")
        }
        authority::Error::Corrupt | authority::Error::Store(_) => refuse(cause),
    })?;
    let secret = asked.token.split('.').next().unwrap_or_default();
    let refused = app.store.use_gateway_token(&token_hash(secret), &gateway, &issued, now).await?;
    if let Some(refused) = refused {
        tracing::warn!(%gateway, reason = refused.code(), "a gateway was not let in: {}", refused.code());
        let fix = "make another one: attimo-server gateway token GATEWAY";
        return Err(Problem::forbidden(refused.code(), refused.sentence(), fix));
    }
    tracing::info!(%gateway, serial = issued.serial, "gateway {gateway} was let in");
    let enrolled = Enrolled {
        certificate: issued.certificate,
        authority: authority.certificate().to_owned(),
        broker_name: authority::BROKER_NAME,
        broker_port,
        issued_at: now.0,
        expires_at: issued.expires_at.0,
    };
    Ok(Json(enrolled).into_response())
}

fn refuse(cause: authority::Error) -> Problem {
    tracing::error!(error = &cause as &dyn std::error::Error, "the authority does not work");
    Problem::unavailable("the server's authority does not work")
}

/// Most certificates that a box gets within [`DAY`]: one is enough for months, and each is kept.
pub(crate) const RENEWALS_MAX: u64 = 10;
const DAY: model::time::Millis = model::time::Millis::hours(24);

/// What is said to a box that asks too often.
#[derive(Debug, Serialize)]
struct NotRenewed {
    refused: &'static str,
    detail: String,
}

/// What became of a request for the next certificate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Renewed {
    /// What to publish to the box.
    Signed(Vec<u8>),
    /// The same, when it asked too often.
    TooOften(Vec<u8>),
    /// It is not let in any more.
    Nobody,
}

/// Signs the next certificate of a box that has a valid one.
pub(crate) async fn renew(
    store: &crate::store::Store,
    gateway: &model::ids::GatewayId,
    request: &str,
    now: model::time::Timestamp,
    lasts: model::time::Millis,
) -> Result<Renewed, authority::Error> {
    if request.len() > REQUEST_LEN_MAX || !store.gateway_is_in(gateway, now).await? {
        return Ok(Renewed::Nobody);
    }
    if store.certificates_since(gateway, now - DAY).await? >= RENEWALS_MAX {
        tracing::warn!(%gateway, "gateway {gateway} asks for certificates too often and gets none for now");
        let detail = format!("{RENEWALS_MAX} certificates were given within a day; ask again tomorrow");
        let said = NotRenewed { refused: "renewal-too-often", detail };
        return Ok(Renewed::TooOften(serde_json::to_vec(&said).unwrap_or_default()));
    }
    let authority = Authority::open(store, now).await?;
    let issued = authority.sign(request, gateway, now, lasts)?;
    if !store.renew_gateway_certificate(gateway, &issued, now).await? {
        return Ok(Renewed::Nobody);
    }
    tracing::info!(%gateway, serial = issued.serial, "gateway {gateway} has its next certificate");
    let enrolled = Enrolled {
        certificate: issued.certificate,
        authority: authority.certificate().to_owned(),
        broker_name: authority::BROKER_NAME,
        broker_port: 0,
        issued_at: now.0,
        expires_at: issued.expires_at.0,
    };
    Ok(serde_json::to_vec(&enrolled).map_or(Renewed::Nobody, Renewed::Signed))
}
