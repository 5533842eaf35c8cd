//! Every refusal as an RFC 9457 problem document: a stable code, a plain sentence, the field and the fix.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::time::Millis;
use serde::Serialize;
use utoipa::ToSchema;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// A URI of the kind of problem.
    #[serde(rename = "type")]
    kind: Box<str>,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// The stable code.
    code: &'static str,
    /// What is wrong this time.
    detail: Box<str>,
    /// The field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<Box<str>>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Box<str>>,
    #[serde(skip)]
    retry_after_s: Option<u32>,
}

impl Problem {
    /// A refusal with a code of its own.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:attimo:problem:{code}").into(),
            title,
            status: status.as_u16(),
            code,
            detail: Into::<String>::into(detail).into(),
            field: None,
            fix: None,
            retry_after_s: None,
        }
    }

    /// Names the field.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(Into::<String>::into(field).into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(Into::<String>::into(fix).into());
        self
    }

    /// A field of the request is wrong.
    #[must_use]
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", "The request is not valid", detail).field(field).fix(fix)
    }

    /// Nothing proves who asks.
    #[must_use]
    pub fn unauthorized(fix: impl Into<String>) -> Self {
        let detail = "the request carries no valid proof of who asks";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Who asks is not known", detail).fix(fix)
    }

    /// It is known who asks, and it is not allowed.
    #[must_use]
    pub fn forbidden(code: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, "That is not allowed", detail).fix(fix)
    }

    /// There is no such thing.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", format!("there is no such {what}"))
    }

    /// Too large.
    #[must_use]
    pub fn too_large(detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large", detail).fix(fix)
    }

    /// Too often.
    #[must_use]
    pub fn too_often(wait: Millis) -> Self {
        let seconds = u32::try_from((wait.0 + 999).div_euclid(1_000)).unwrap_or(u32::MAX).max(1);
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-often", "Too many tries", "too many tries");
        Self { retry_after_s: Some(seconds), ..problem.fix(format!("wait {seconds} s")) }
    }

    /// The server can't do it now.
    #[must_use]
    pub fn unavailable(detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The server can't do it now", detail);
        Self { retry_after_s: Some(2), ..problem.fix("try again in a moment") }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }
}

/// The chain is logged here, once; outside only sees that it did not work.
impl From<crate::store::Error> for Problem {
    fn from(error: crate::store::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a request failed in the store");
        Self::unavailable("the database did not answer")
    }
}

impl From<crate::run::Stopped> for Problem {
    fn from(_: crate::run::Stopped) -> Self {
        Self::unavailable("the server is stopping")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
