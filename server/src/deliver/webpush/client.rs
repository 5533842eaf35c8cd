//! Posts one message to a push service (RFC 8030) and reads its answer as one of a few verdicts.

use std::time::Duration;

use model::time::{Millis, Timestamp};
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};

use super::encrypt::{self, BrowserKeys};
use super::guard::{Guard, Refused};
use super::vapid::{self, Vapid};

/// A service that does not answer within this is tried again later.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait that a service may ask for; an offer is dead long before.
const RETRY_AFTER_MAX: Millis = Millis::hours(1);

/// Why a message can't even be posted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The endpoint breaks the rule for endpoints.
    #[error("check the endpoint")]
    Endpoint(#[from] Refused),
    /// The keys are wrong or the message is too long.
    #[error("encrypt the message")]
    Encrypt(#[from] encrypt::Error),
    /// Our own key does not sign.
    #[error("sign the token")]
    Sign(#[from] vapid::Error),
}

/// What to send, and where.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// The subscription's endpoint.
    pub endpoint: &'a str,
    /// Its public key, base64url.
    pub p256dh: &'a str,
    /// Its secret, base64url.
    pub auth: &'a str,
    /// What is said; at most [`encrypt::PLAINTEXT_LEN_MAX`] bytes.
    pub payload: &'a [u8],
    /// For how long the service may keep it, in seconds.
    pub ttl_s: u32,
    /// Replaces an undelivered message with the same topic; at most 32 base64url characters.
    pub topic: &'a str,
}

/// What a push service's answer means for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The service took it.
    Sent,
    /// The subscription is over: delete it at once.
    Gone {
        /// 404 or 410.
        status: u16,
    },
    /// Our key or clock is wrong: stop sending and raise an alarm. The subscription stays.
    Unauthorized {
        /// 401 or 403.
        status: u16,
    },
    /// This message will never be taken: drop it. The subscription stays.
    Poison {
        /// The status.
        status: u16,
    },
    /// Not now.
    Retry {
        /// How long the service asks to wait.
        after: Option<Millis>,
        /// The status, or `network`.
        why: String,
    },
}

/// Sends messages to push services.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    guard: Guard,
    vapid: Vapid,
}

impl Client {
    /// Makes a client. It follows no redirect, uses no proxy and connects to public addresses only.
    ///
    /// # Errors
    /// When the TLS set-up of this machine is unusable.
    pub fn new(vapid: Vapid, guard: Guard) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .connect_timeout(Duration::from_secs(5))
            .pool_max_idle_per_host(16)
            .dns_resolver(std::sync::Arc::new(guard.clone()))
            .build()?;
        Ok(Self { http, guard, vapid })
    }

    /// The public key that pages subscribe with.
    #[must_use]
    pub fn public_key(&self) -> &str {
        self.vapid.public_key()
    }

    /// Posts one message.
    ///
    /// # Errors
    /// [`Error`] when it can't be posted at all; the subscription or the message is unusable.
    pub async fn send(&self, message: &Message<'_>, now: Timestamp) -> Result<Verdict, Error> {
        let url = self.guard.check(message.endpoint)?;
        let keys = BrowserKeys::parse(message.p256dh, message.auth)?;
        let body = encrypt::encrypt(message.payload, &keys)?;
        let request = self
            .http
            .post(url.clone())
            .header(AUTHORIZATION, self.vapid.authorization(&url, now)?)
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(CONTENT_TYPE, "application/octet-stream")
            .header("TTL", message.ttl_s)
            .header("Urgency", "high")
            .header("Topic", message.topic)
            .body(body);
        match request.send().await {
            Ok(answer) => {
                let verdict = classify(answer.status(), answer.headers(), now);
                if matches!(verdict, Verdict::Unauthorized { .. }) {
                    self.vapid.forget(&url);
                }
                Ok(verdict)
            }
            Err(error) => {
                tracing::debug!(error = %error.without_url(), "the push service could not be reached");
                Ok(Verdict::Retry { after: None, why: "network".into() })
            }
        }
    }
}

fn classify(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Verdict {
    let code = status.as_u16();
    match code {
        200..=299 => Verdict::Sent,
        404 | 410 => Verdict::Gone { status: code },
        401 | 403 => Verdict::Unauthorized { status: code },
        408 | 425 | 429 | 500..=599 => Verdict::Retry { after: retry_after(headers, now), why: code.to_string() },
        // A redirect is not followed: the endpoint was allow-listed, its target was not.
        _ => Verdict::Poison { status: code },
    }
}

/// `Retry-After` in both of its forms: seconds, or a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Millis> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<i64>() {
        Ok(seconds) => Millis::seconds(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
            Timestamp(date.as_millisecond()).since(now)
        }
    };
    Some(Millis(wait.0.clamp(0, RETRY_AFTER_MAX.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, after: Option<&str>) -> Verdict {
        let mut headers = HeaderMap::new();
        if let Some(after) = after {
            headers.insert(RETRY_AFTER, after.parse().expect("a header"));
        }
        classify(StatusCode::from_u16(status).expect("a status"), &headers, Timestamp(784_111_770_000))
    }

    #[test]
    fn every_answer_has_its_meaning() {
        assert_eq!(answer(201, None), Verdict::Sent);
        assert_eq!(answer(404, None), Verdict::Gone { status: 404 });
        assert_eq!(answer(410, None), Verdict::Gone { status: 410 });
        assert_eq!(answer(401, None), Verdict::Unauthorized { status: 401 });
        assert_eq!(answer(403, None), Verdict::Unauthorized { status: 403 });
        assert_eq!(answer(400, None), Verdict::Poison { status: 400 });
        assert_eq!(answer(413, None), Verdict::Poison { status: 413 });
        assert_eq!(answer(302, None), Verdict::Poison { status: 302 });
        assert_eq!(answer(500, None), Verdict::Retry { after: None, why: "500".into() });
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date_and_is_bounded() {
        let wait = |text| {
            let verdict = answer(429, Some(text));
            let Verdict::Retry { after, .. } = verdict else { panic!("{verdict:?}") };
            after
        };
        assert_eq!(wait("7"), Some(Millis::seconds(7)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Millis::seconds(7)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Millis::ZERO));
        assert_eq!(wait("999999999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(wait("-5"), Some(Millis::ZERO));
        assert_eq!(wait("soon"), None);
    }
}
