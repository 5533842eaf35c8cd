//! Who we are to a push service (RFC 8292): one ES256 key, and a signed token per origin that is used again until half of its life is over.

use std::collections::BTreeMap;
use std::sync::Mutex;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::time::{Millis, Timestamp};
use reqwest::Url;
use serde::Serialize;

/// Life of a token. Services refuse more than 24 h.
const LIFE: Millis = Millis::hours(12);
/// Origins remembered at once; allow-listed services are few.
const ORIGINS_MAX: usize = 64;

/// Why a key can't be made or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The stored key is not an ES256 key in PKCS#8.
    #[error("the stored push key is not an ES256 key in PKCS#8")]
    Key,
    /// The system gave no random bytes, or signing failed.
    #[error("signing failed")]
    Crypto,
}

/// Makes a new key, as PKCS#8 bytes to be stored. It must be kept for ever: subscriptions are bound to it.
///
/// # Errors
/// [`Error::Crypto`] when the system gives no random bytes.
pub fn generate_pkcs8() -> Result<Vec<u8>, Error> {
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    document.map(|d| d.as_ref().to_vec()).map_err(|_| Error::Crypto)
}

/// The server's key towards push services, with the tokens it signed.
pub struct Vapid {
    key: EcdsaKeyPair,
    public: String,
    subject: String,
    tokens: Mutex<BTreeMap<String, Token>>,
}

impl std::fmt::Debug for Vapid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vapid").field("public", &self.public).field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// A signed token and the moment from which it is renewed.
struct Token {
    jwt: String,
    renew_at: Timestamp,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    exp: i64,
    sub: &'a str,
}

impl Vapid {
    /// Takes the stored key. `subject` is a `mailto:` or `https:` address where a push service reaches the operator.
    ///
    /// # Errors
    /// [`Error::Key`] when the bytes are no such key.
    pub fn new(pkcs8: &[u8], subject: &str) -> Result<Self, Error> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(|_| Error::Key)?;
        let public = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
        Ok(Self { key, public, subject: subject.to_owned(), tokens: Mutex::default() })
    }

    /// The public key, base64url: what a page passes to `pushManager.subscribe`.
    #[must_use]
    pub fn public_key(&self) -> &str {
        &self.public
    }

    /// The `Authorization` header for a request to this endpoint.
    ///
    /// # Errors
    /// [`Error::Crypto`] when signing fails.
    pub fn authorization(&self, endpoint: &Url, now: Timestamp) -> Result<String, Error> {
        let audience = origin(endpoint);
        let mut tokens = self.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A token whose renewal lies further ahead than any token's was signed before the clock was set back.
        let fresh = |t: &&Token| now < t.renew_at && t.renew_at.since(now) <= LIFE;
        let jwt = match tokens.get(&audience).filter(fresh) {
            Some(token) => token.jwt.clone(),
            None => {
                let jwt = self.sign(&audience, now)?;
                if tokens.len() >= ORIGINS_MAX {
                    tokens.clear();
                }
                tokens.insert(audience, Token { jwt: jwt.clone(), renew_at: now + Millis(LIFE.0 / 2) });
                jwt
            }
        };
        Ok(format!("vapid t={jwt}, k={}", self.public))
    }

    /// Forgets the token of an origin: the service refused it.
    pub fn forget(&self, endpoint: &Url) {
        let mut tokens = self.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        tokens.remove(&origin(endpoint));
    }

    fn sign(&self, audience: &str, now: Timestamp) -> Result<String, Error> {
        let claims = Claims { aud: audience, exp: (now + LIFE).0 / 1_000, sub: &self.subject };
        let claims = serde_json::to_vec(&claims).map_err(|_| Error::Crypto)?;
        let head = URL_SAFE_NO_PAD.encode(br#"{"typ":"JWT","alg":"ES256"}"#);
        let text = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims));
        let signature = self.key.sign(&SystemRandom::new(), text.as_bytes()).map_err(|_| Error::Crypto)?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// Scheme, host and port; the port only when it is not the scheme's own. A service compares it as text.
pub(crate) fn origin(endpoint: &Url) -> String {
    endpoint.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;

    fn vapid() -> Vapid {
        Vapid::new(&generate_pkcs8().expect("a key"), "mailto:ops@shop.example").expect("a key")
    }

    fn token(header: &str) -> (String, Value) {
        let jwt = header.strip_prefix("vapid t=").and_then(|h| h.split_once(',')).expect("a header").0.to_owned();
        let claims = jwt.split('.').nth(1).expect("claims");
        let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("json");
        (jwt, claims)
    }

    #[test]
    fn audience_keeps_the_port_and_the_signature_verifies() {
        let vapid = vapid();
        let url = Url::parse("https://push.example:8443/p/abc?x=1").expect("a url");
        let header = vapid.authorization(&url, Timestamp(1_000_000)).expect("a header");
        let (jwt, claims) = token(&header);

        assert_eq!(claims["aud"], "https://push.example:8443");
        assert_eq!(claims["sub"], "mailto:ops@shop.example");
        let life_s = claims["exp"].as_i64().expect("a number") - 1_000;
        assert!((1..=86_400).contains(&life_s), "{life_s}");
        let key = header.rsplit_once("k=").expect("a key").1;
        assert_eq!(key, vapid.public_key());
        let (text, signature) = jwt.rsplit_once('.').expect("three parts");
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, URL_SAFE_NO_PAD.decode(key).expect("base64"))
            .verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).expect("base64"))
            .expect("the signature verifies");
    }

    #[test]
    fn default_port_is_left_out_of_the_audience() {
        assert_eq!(origin(&Url::parse("https://push.example:443/x").expect("a url")), "https://push.example");
        assert_eq!(origin(&Url::parse("http://127.0.0.1:9/x").expect("a url")), "http://127.0.0.1:9");
    }

    #[test]
    fn one_token_serves_an_origin_until_half_of_its_life() {
        let vapid = vapid();
        let here = Url::parse("https://a.example/1").expect("a url");
        let beside = Url::parse("https://a.example/2").expect("a url");
        let there = Url::parse("https://b.example/1").expect("a url");
        let first = vapid.authorization(&here, Timestamp(0)).expect("a header");
        assert_eq!(first, vapid.authorization(&beside, Timestamp(LIFE.0 / 2 - 1)).expect("a header"));
        assert_ne!(first, vapid.authorization(&there, Timestamp(0)).expect("a header"));
        let later = vapid.authorization(&here, Timestamp(LIFE.0 / 2)).expect("a header");
        assert_ne!(first, later);
        vapid.forget(&here);
        assert_ne!(later, vapid.authorization(&here, Timestamp(LIFE.0 / 2)).expect("a header"));
    }

    #[test]
    fn a_clock_set_back_a_year_makes_a_new_token() {
        let vapid = vapid();
        let url = Url::parse("https://a.example/1").expect("a url");
        let year = Millis::hours(24 * 365);
        let ahead = vapid.authorization(&url, Timestamp(0) + year).expect("a header");
        assert_ne!(ahead, vapid.authorization(&url, Timestamp(0)).expect("a header"));
    }

    #[test]
    fn bytes_that_are_no_key_are_refused() {
        assert_eq!(Vapid::new(b"nonsense", "mailto:a@b.example").err(), Some(Error::Key));
    }
}
