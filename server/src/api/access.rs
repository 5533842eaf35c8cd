//! Who may call what: each kind of proof is an extractor, so a handler can't forget to ask.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::ids::{CustomerId, DeviceId};

use super::Api;
use super::problem::Problem;
use crate::auth::token;
use crate::store::KeyKind;

/// The session's cookie.
pub const COOKIE: &str = "attimo_session";
/// The header that a page of ours sends and a foreign form can't.
pub const CSRF_HEADER: &str = "x-attimo";
/// Longest header that is looked at.
const HEADER_LEN_MAX: usize = 1_024;

/// The account's session, or an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Staff {
    /// A person who is logged in.
    Session {
        /// Log-in name.
        name: String,
    },
    /// A program with a key.
    Key {
        /// What the key was called.
        name: String,
    },
}

impl Staff {
    /// Who it is, for what is kept with a name.
    #[must_use]
    pub fn who(&self) -> String {
        match self {
            Self::Session { name } => name.clone(),
            Self::Key { name } => format!("key {name}"),
        }
    }
}

impl FromRequestParts<Api> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let fix = "log in, or send an API key as `Authorization: Bearer <key>`";
        if let Some(key) = bearer(&parts.headers) {
            let known = api.app.store.key(KeyKind::Api, &token::hash(key)).await?;
            return known.map(|key| Self::Key { name: key.name }).ok_or_else(|| Problem::unauthorized(fix));
        }
        let Some(cookie) = cookie(&parts.headers) else { return Err(Problem::unauthorized(fix)) };
        let session = api.app.store.session(&token::hash(cookie), api.app.clock.now()).await?;
        let name = session.ok_or_else(|| Problem::unauthorized(fix))?;
        check_csrf(&parts.method, &parts.headers)?;
        Ok(Self::Session { name })
    }
}

/// A cookie alone changes nothing: the page must also send a header that another site's form can't.
pub fn check_csrf(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || headers.get(CSRF_HEADER).is_some_and(|value| value == "1") {
        return Ok(());
    }
    let detail = "a change with a session needs the header `X-Attimo: 1`";
    Err(Problem::forbidden("csrf", detail, "send the header `X-Attimo: 1`"))
}

/// A device, by its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceToken(pub DeviceId);

impl FromRequestParts<Api> for DeviceToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let device = bearer(&parts.headers).and_then(|token| token::read_device(&api.app.secret, token));
        device.map(Self).ok_or_else(|| {
            Problem::unauthorized("send the device's token of `POST /v1/devices` as `Authorization: Bearer <token>`")
        })
    }
}

impl DeviceToken {
    /// A token opens its own device only.
    ///
    /// # Errors
    /// As if the other device did not exist.
    pub fn must_be(self, device: DeviceId) -> Result<DeviceId, Problem> {
        if self.0 == device { Ok(device) } else { Err(Problem::not_found("device")) }
    }
}

/// The text behind `Authorization: <scheme>`; the scheme's case does not matter.
pub fn authorization<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok().filter(|t| t.len() <= HEADER_LEN_MAX)?;
    let (given, rest) = text.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    authorization(headers, "bearer")
}

/// The session's cookie, if there is one.
pub fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).find_map(|text| {
        text.split(';').filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == COOKIE).map(|p| p.1)
    })
}

/// The write key in a header: `Basic key:` as Segment's clients send it, or `Bearer key`.
#[must_use]
pub fn write_key(headers: &HeaderMap) -> Option<String> {
    if let Some(basic) = authorization(headers, "basic") {
        let text = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
        let key = text.split(':').next().unwrap_or_default();
        return (!key.is_empty()).then(|| key.to_owned());
    }
    bearer(headers).map(str::to_owned)
}

/// Whose key it is that opens the intake: what staff called it.
///
/// # Errors
/// 401 when it does not.
pub async fn check_write_key(api: &Api, key: Option<&str>) -> Result<String, Problem> {
    let fix = "send the write key as `Authorization: Basic base64(key:)`; `attimo-server key create --kind write NAME` makes one";
    let Some(key) = key else { return Err(Problem::unauthorized(fix)) };
    let known = api.app.store.key(KeyKind::Write, &token::hash(key)).await?;
    known.map(|key| key.name).ok_or_else(|| Problem::unauthorized(fix))
}

/// Who asks on behalf of a customer: an app or shop system with a write key, a program with an API key, or a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// What it is called; for a device its id.
    pub name: String,
    /// The device, when one asks.
    pub device: Option<DeviceId>,
}

impl Asker {
    /// The customer of the device that asks; none when it is no device.
    ///
    /// # Errors
    /// 404 when nothing is kept of the device.
    pub async fn customer(&self, api: &Api) -> Result<Option<CustomerId>, Problem> {
        let Some(device) = self.device else { return Ok(None) };
        let known = api.app.store.device(device).await?.ok_or_else(|| Problem::not_found("device"))?;
        Ok(Some(known.customer))
    }
}

/// Who asks, by any of the three proofs.
///
/// # Errors
/// 401 when there is none.
pub async fn asker(api: &Api, headers: &HeaderMap, in_body: Option<&str>) -> Result<Asker, Problem> {
    if let Some(device) = bearer(headers).and_then(|token| token::read_device(&api.app.secret, token)) {
        return Ok(Asker { name: format!("device {device}"), device: Some(device) });
    }
    let fix = "send a write key, an API key or the device's token as `Authorization: Bearer`";
    let key = write_key(headers).or_else(|| in_body.map(str::to_owned)).ok_or_else(|| Problem::unauthorized(fix))?;
    let hash = token::hash(&key);
    for kind in [KeyKind::Write, KeyKind::Api] {
        if let Some(known) = api.app.store.key(kind, &hash).await? {
            // A write key is the same sender here as in the intake.
            let name = if kind == KeyKind::Write { known.name } else { format!("api {}", known.name) };
            return Ok(Asker { name, device: None });
        }
    }
    Err(Problem::unauthorized(fix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().expect("a header"))])
    }

    #[test]
    fn a_write_key_is_found_in_each_of_its_places() {
        let key = |value: &str| write_key(&headers(header::AUTHORIZATION, value));
        assert_eq!(key("Basic V1JJVEVLRVk6").as_deref(), Some("WRITEKEY"));
        assert_eq!(key("basic V1JJVEVLRVk6").as_deref(), Some("WRITEKEY"));
        assert_eq!(key("Bearer WRITEKEY").as_deref(), Some("WRITEKEY"));
        for bad in ["Basic Og==", "Basic !", "Basic /w==", "WRITEKEY", "Digest a"] {
            assert_eq!(key(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let found = |value: &str| cookie(&headers(header::COOKIE, value)).map(str::to_owned);
        assert_eq!(found("a=b; attimo_session=xyz; c=d").as_deref(), Some("xyz"));
        assert_eq!(found("xattimo_session=xyz"), None);
    }

    #[test]
    fn a_change_with_a_cookie_needs_our_header() {
        let with = headers(header::HeaderName::from_static(CSRF_HEADER), "1");
        assert!(check_csrf(&Method::GET, &HeaderMap::new()).is_ok());
        assert!(check_csrf(&Method::DELETE, &HeaderMap::new()).is_err());
        assert!(check_csrf(&Method::POST, &with).is_ok());
    }
}
