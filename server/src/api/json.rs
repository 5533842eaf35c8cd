//! JSON in and out: bounded bodies whose errors name the field, and times as RFC 3339 in UTC.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use model::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use super::problem::Problem;
use crate::live::to_rfc3339;

/// A moment, as RFC 3339 in UTC with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Moment(pub Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_rfc3339(self.0))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        read_moment(&text).map(Self).ok_or_else(|| serde::de::Error::custom("a time as RFC 3339 is wanted"))
    }
}

/// A moment from RFC 3339.
#[must_use]
pub fn read_moment(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = Some(text).filter(|t| t.len() <= 64)?.parse().ok()?;
    Some(Timestamp(at.as_millisecond()))
}

/// The moment in a query's field, if there is one.
///
/// # Errors
/// 400 naming the field.
pub fn moment(field: &'static str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let wrong = || Problem::invalid(field, "it is not a time as RFC 3339", "send a time such as 2026-11-22T09:00:00Z");
    text.map(|text| read_moment(text).ok_or_else(wrong)).transpose()
}

/// A JSON body. The content type is not asked: what can be read is read.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| refuse_bytes(&rejection))?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        serde_path_to_error::deserialize(&mut reader).map(Self).map_err(|error| {
            let field = error.path().to_string();
            let field = if field == "." { "body".to_owned() } else { field };
            Problem::invalid(field, error.inner().to_string(), "send the fields that /api/openapi.json describes")
        })
    }
}

/// What to answer when the body could not be taken.
pub fn refuse_bytes(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::too_large("the body is larger than this endpoint takes", "send less at once");
    }
    Problem::invalid("body", "the body could not be read to its end", "send it again")
}
