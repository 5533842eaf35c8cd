//! What a push service checks before it takes a message: RFC 8030 (headers), 8188 (coding) and 8292 (who sends).

use std::collections::HashSet;

use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use web_push_native::jwt_simple::algorithms::{ECDSAP256PublicKeyLike, ES256PublicKey};
use web_push_native::jwt_simple::claims::NoCustomClaims;
use web_push_native::jwt_simple::common::VerificationOptions;

/// Largest message, as RFC 8030 lets a service demand.
const BODY_MAX: usize = 4_096;
/// Longest time to live: four weeks.
const TTL_MAX: u32 = 2_419_200;
/// Longest topic.
const TOPIC_MAX: usize = 32;
/// Longest life of a signature, in seconds.
const SIGNED_FOR_MAX: u64 = 24 * 3_600;

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// There was never such a subscription.
    #[error("no such subscription")]
    Unknown,
    /// The subscription has ended.
    #[error("the subscription has ended")]
    Gone,
    /// TTL is missing or not a number.
    #[error("the TTL header is missing or not a number")]
    Ttl,
    /// Urgency is not one of the four words.
    #[error("the Urgency header is none of very-low, low, normal and high")]
    Urgency,
    /// Topic is too long or not base64url.
    #[error("the Topic header is longer than 32 characters or not base64url")]
    Topic,
    /// The body is not coded as aes128gcm.
    #[error("the Content-Encoding header is not aes128gcm")]
    Coding,
    /// The body is too large.
    #[error("the body is larger than 4096 bytes")]
    TooLarge,
    /// The signature is missing, wrong, for another origin or too long-lived.
    #[error("the Authorization header holds no valid signature for this origin")]
    Signature,
    /// Another application server's key.
    #[error("the subscription belongs to another application server")]
    ForeignKey,
    /// The body can't be opened with the phone's keys.
    #[error("the phone can't open the body")]
    Unreadable,
    /// Too many messages wait.
    #[error("too many messages wait")]
    TooMany,
}

impl Refusal {
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Gone => StatusCode::GONE,
            Self::Ttl | Self::Urgency | Self::Topic | Self::Coding | Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Signature => StatusCode::UNAUTHORIZED,
            Self::ForeignKey => StatusCode::FORBIDDEN,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Gone => "gone",
            Self::Ttl => "ttl",
            Self::Urgency => "urgency",
            Self::Topic => "topic",
            Self::Coding => "coding",
            Self::TooLarge => "too-large",
            Self::Signature => "signature",
            Self::ForeignKey => "foreign-key",
            Self::Unreadable => "unreadable",
            Self::TooMany => "too-many",
        }
    }
}

/// Checks a message and gives the time to live that is granted.
pub(super) fn check(headers: &HeaderMap, body: &[u8], origin: &str, server_key: Option<&str>) -> Result<u32, Refusal> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let ttl: u32 = text("ttl").and_then(|ttl| ttl.parse().ok()).ok_or(Refusal::Ttl)?;
    if text("urgency").is_some_and(|word| !["very-low", "low", "normal", "high"].contains(&word)) {
        return Err(Refusal::Urgency);
    }
    let is_base64url = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if text("topic").is_some_and(|topic| topic.len() > TOPIC_MAX || !topic.chars().all(is_base64url)) {
        return Err(Refusal::Topic);
    }
    if text("content-encoding") != Some("aes128gcm") {
        return Err(Refusal::Coding);
    }
    if body.len() > BODY_MAX {
        return Err(Refusal::TooLarge);
    }
    check_signature(text("authorization").unwrap_or_default(), origin, server_key)?;
    Ok(ttl.min(TTL_MAX))
}

fn check_signature(authorization: &str, origin: &str, server_key: Option<&str>) -> Result<(), Refusal> {
    let parts = authorization.strip_prefix("vapid ").ok_or(Refusal::Signature)?;
    let part = |name: &str| parts.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    let (token, key) = (part("t").ok_or(Refusal::Signature)?, part("k").ok_or(Refusal::Signature)?);
    let bytes = BASE64.decode(key).map_err(|_| Refusal::Signature)?;
    let public = ES256PublicKey::from_bytes(&bytes).map_err(|_| Refusal::Signature)?;
    let options = VerificationOptions {
        allowed_audiences: Some(HashSet::from([origin.to_owned()])),
        ..VerificationOptions::default()
    };
    let claims = public.verify_token::<NoCustomClaims>(token, Some(options)).map_err(|_| Refusal::Signature)?;
    // Expiry in the past is refused by the library; a life of more than a day is what RFC 8292 forbids besides.
    let expires = claims.expires_at.ok_or(Refusal::Signature)?.as_secs();
    let now = web_push_native::jwt_simple::prelude::Clock::now_since_epoch().as_secs();
    if expires > now + SIGNED_FOR_MAX {
        return Err(Refusal::Signature);
    }
    if server_key.is_some_and(|own| own != key) {
        return Err(Refusal::ForeignKey);
    }
    Ok(())
}
