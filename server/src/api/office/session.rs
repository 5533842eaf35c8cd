//! Setting up the one account, logging in and out. There is no default password: the first start prints a one-time token.

use std::net::{IpAddr, SocketAddr};

use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::time::Millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::access::{self, COOKIE, Staff};
use crate::api::json::Body;
use crate::api::problem::Problem;
use crate::auth::{password, token};
use crate::store::Account;

/// How long a session lasts.
const SESSION: Millis = Millis::hours(24 * 14);
/// Longest log-in name, in characters.
const NAME_LEN_MAX: usize = 64;

/// Whether the account is still to be made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Setup {
    needed: bool,
}

/// The one-time token and the account to make.
#[derive(Clone, Deserialize, ToSchema)]
pub struct SetupBody {
    token: String,
    name: String,
    /// At least 12 characters.
    password: String,
}

/// A log-in.
#[derive(Clone, Deserialize, ToSchema)]
pub struct LoginBody {
    name: String,
    password: String,
}

/// Who is logged in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Session {
    name: String,
}

/// Where a request came from, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub struct Peer(Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())))
    }
}

/// Says whether the account is still to be made.
///
/// # Errors
/// 503 when the database does not answer.
#[utoipa::path(get, path = "/api/v1/setup", tag = "office", responses((status = 200, body = Setup)))]
pub async fn setup(State(api): State<Api>) -> Result<Json<Setup>, Problem> {
    Ok(Json(Setup { needed: api.app.store.account_count().await? == 0 }))
}

/// Makes the account with the one-time token, and logs in.
///
/// # Errors
/// 401 for a wrong token, 409 when there is an account already, 429 when it is tried too often, 400 naming the field.
#[utoipa::path(post, path = "/api/v1/setup", tag = "office", request_body = SetupBody,
    responses((status = 201, body = Session), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 409, body = Problem), (status = 429, body = Problem)))]
pub async fn make(State(api): State<Api>, peer: Peer, Body(body): Body<SetupBody>) -> Result<Response, Problem> {
    slow_down(&api, peer, "setup")?;
    let done = || {
        let detail = "the account was made already";
        Problem::new(StatusCode::CONFLICT, "set-up-done", "It is set up already", detail).fix("log in")
    };
    if api.app.store.account_count().await? > 0 {
        return Err(done());
    }
    let right = api.app.setup_token.as_deref().is_some_and(|expect| token::equal(expect, &body.token));
    if !right {
        return Err(
            Problem::unauthorized("use the set-up token that the server printed at its first start").field("token")
        );
    }
    let name = read_name(&body.name)?;
    check_password(&body.password)?;
    let password_hash = password::hash(body.password).await.map_err(|error| broken(&error))?;
    let account = Account { name: name.to_owned(), password_hash };
    if !api.app.store.create_first_account(&account, api.app.clock.now()).await? {
        return Err(done());
    }
    tracing::info!("the account was made; the set-up token is void");
    enter(&api, account.name, StatusCode::CREATED).await
}

/// Logs in.
///
/// # Errors
/// 401 when name or password is wrong, 429 when it is tried too often.
#[utoipa::path(post, path = "/api/v1/session", tag = "office", request_body = LoginBody,
    responses((status = 200, body = Session), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub async fn login(State(api): State<Api>, peer: Peer, Body(body): Body<LoginBody>) -> Result<Response, Problem> {
    let name: String = body.name.chars().take(NAME_LEN_MAX).collect();
    slow_down(&api, peer, &name)?;
    let wrong = || Problem::unauthorized("check name and password");
    if body.password.len() > password::LEN_MAX {
        return Err(wrong());
    }
    let account = api.app.store.account(&name).await?;
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let right = password::verify(body.password, hash).await.map_err(|error| broken(&error))?;
    match account {
        Some(account) if right => enter(&api, account.name, StatusCode::OK).await,
        Some(_) | None => {
            tracing::warn!("a log-in failed");
            Err(wrong())
        }
    }
}

/// Says who is logged in.
///
/// # Errors
/// 401 when nobody is.
#[utoipa::path(get, path = "/api/v1/session", tag = "office", security(("session" = []), ("apiKey" = [])),
    responses((status = 200, body = Session), (status = 401, body = Problem)))]
pub async fn show(staff: Staff) -> Json<Session> {
    match staff {
        Staff::Session { name } | Staff::Key { name } => Json(Session { name }),
    }
}

/// Logs out.
///
/// # Errors
/// 401 when nobody is logged in.
#[utoipa::path(delete, path = "/api/v1/session", tag = "office", security(("session" = [])),
    responses((status = 204), (status = 401, body = Problem)))]
pub async fn logout(State(api): State<Api>, _: Staff, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(cookie) = access::cookie(&headers) {
        api.app.store.delete_session(&token::hash(cookie)).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, set_cookie(&api, "", 0))]).into_response())
}

async fn enter(api: &Api, name: String, status: StatusCode) -> Result<Response, Problem> {
    let cookie = token::random();
    api.app.store.create_session(&token::hash(&cookie), &name, api.app.clock.now() + SESSION).await?;
    let cookie = set_cookie(api, &cookie, SESSION.0 / 1_000);
    Ok((status, [(header::SET_COOKIE, cookie)], Json(Session { name })).into_response())
}

fn set_cookie(api: &Api, value: &str, seconds: i64) -> HeaderValue {
    let public = api.app.config.server.public_url.as_deref();
    let secure = if public.is_some_and(|url| url.starts_with("https://")) { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

impl Api {
    /// Holds back who objects for many.
    pub(crate) fn slow_down_objections(&self, Peer(peer): Peer) -> Result<(), Problem> {
        let Some(peer) = peer else { return Ok(()) };
        self.objections_by_peer.take(&peer.to_string(), self.app.clock.now()).map_err(Problem::too_often)
    }
}

/// Counts a try against the name and against the address.
fn slow_down(api: &Api, Peer(peer): Peer, name: &str) -> Result<(), Problem> {
    let now = api.app.clock.now();
    if let Some(peer) = peer {
        api.guesses_by_peer.take(&peer.to_string(), now).map_err(Problem::too_often)?;
    }
    api.guesses_by_name.take(name, now).map_err(Problem::too_often)
}

fn read_name(name: &str) -> Result<&str, Problem> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_LEN_MAX || name.chars().any(char::is_control) {
        return Err(Problem::invalid("name", "the name has not 1 to 64 characters", "choose another name"));
    }
    Ok(name)
}

fn check_password(text: &str) -> Result<(), Problem> {
    if text.chars().count() < password::LEN_MIN {
        return Err(Problem::invalid("password", "the password is shorter than 12 characters", "choose a longer one"));
    }
    if text.len() > password::LEN_MAX {
        return Err(Problem::invalid("password", "the password is longer than 256 bytes", "choose a shorter one"));
    }
    Ok(())
}

fn broken(error: &password::Error) -> Problem {
    tracing::error!(error = error as &dyn std::error::Error, "a password could not be checked");
    Problem::unavailable("the password could not be checked")
}
