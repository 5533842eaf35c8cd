//! A push service on loopback (RFC 8030), as strict as the real ones: it checks headers and the server's signature,
//! keeps nothing, and hands every message, opened with the phone's own keys, to the simulated phone.

mod rules;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use web_push_native::p256::SecretKey;
use web_push_native::p256::elliptic_curve::sec1::ToEncodedPoint;

use crate::chance::Chance;
use crate::truth::PersonId;

/// Messages waiting for their phones, at most; a message beyond that is answered with 429.
const WAITING_MAX: usize = 1_024;
/// Largest body that is read before it is measured.
const READ_MAX: usize = 64 * 1024;

/// What a browser gives to its application server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Where to send.
    pub endpoint: String,
    /// The phone's public key, base64url.
    pub p256dh: String,
    /// The shared secret, base64url.
    pub auth: String,
}

/// A message that arrived at a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// Whose phone.
    pub person: PersonId,
    /// The message, opened.
    pub message: Vec<u8>,
}

/// What the service has answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// Messages taken and opened.
    pub taken: u64,
    /// Messages refused, by the reason.
    pub refused: BTreeMap<&'static str, u64>,
}

#[derive(Debug)]
struct Phone {
    person: PersonId,
    secret: SecretKey,
    auth: [u8; 16],
    gone: bool,
}

#[derive(Debug, Default)]
struct Book {
    phones: BTreeMap<String, Phone>,
    answers: Answers,
    server_key: Option<String>,
}

/// The service.
#[derive(Debug, Clone)]
pub struct PushService {
    origin: String,
    book: Arc<Mutex<Book>>,
    arrived: mpsc::Sender<Pushed>,
}

impl PushService {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When loopback can't be listened on.
    pub async fn start() -> std::io::Result<(Self, mpsc::Receiver<Pushed>)> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let (arrived, inbox) = mpsc::channel(WAITING_MAX);
        let service = Self { origin, book: Arc::default(), arrived };
        let router = Router::new()
            .route("/push/{subscription}", post(take))
            .layer(DefaultBodyLimit::max(READ_MAX))
            .with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok((service, inbox))
    }

    /// Takes messages from this application server only; `key` is what `GET /v1/push/key` says.
    pub fn restrict(&self, key: &str) {
        self.book().server_key = Some(key.to_owned());
    }

    /// Makes a subscription for a person's phone, with keys from its branch of chance.
    ///
    /// # Panics
    /// Never: a random scalar is refused once in 2^32 draws, and then another is drawn.
    #[must_use]
    pub fn subscribe(&self, person: PersonId, chance: &Chance) -> Subscription {
        let mut draws = chance.branch("push", person.0 as u64).draws();
        let secret = std::iter::repeat_with(|| SecretKey::from_slice(&draws.bytes::<32>())).find_map(Result::ok);
        let secret = secret.expect("nearly every 32 bytes are a scalar of the curve");
        let auth: [u8; 16] = draws.bytes();
        let name = hex::encode(draws.bytes::<12>());
        let public = secret.public_key().to_encoded_point(false);
        let subscription = Subscription {
            endpoint: format!("{}/push/{name}", self.origin),
            p256dh: BASE64.encode(public.as_bytes()),
            auth: BASE64.encode(auth),
        };
        self.book().phones.insert(name, Phone { person, secret, auth, gone: false });
        subscription
    }

    /// Ends a person's subscriptions, as an uninstalled app does: messages to them are answered with 410.
    pub fn end(&self, person: PersonId) {
        for phone in self.book().phones.values_mut().filter(|phone| phone.person == person) {
            phone.gone = true;
        }
    }

    /// What was answered so far.
    #[must_use]
    pub fn answers(&self) -> Answers {
        self.book().answers.clone()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, name: &str, headers: &HeaderMap, body: &[u8]) -> Result<(Pushed, u32), rules::Refusal> {
        let book = self.book();
        let phone = book.phones.get(name).ok_or(rules::Refusal::Unknown)?;
        if phone.gone {
            return Err(rules::Refusal::Gone);
        }
        let ttl = rules::check(headers, body, &self.origin, book.server_key.as_deref())?;
        let auth = phone.auth.into();
        let message = web_push_native::decrypt(body.to_vec(), &phone.secret, &auth);
        let message = message.map_err(|_| rules::Refusal::Unreadable)?;
        Ok((Pushed { person: phone.person, message }, ttl))
    }
}

async fn take(
    State(service): State<PushService>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let opened = service.open(&name, &headers, &body);
    let answer = opened
        .and_then(|(pushed, ttl)| service.arrived.try_send(pushed).map(|()| ttl).map_err(|_| rules::Refusal::TooMany));
    match answer {
        Ok(ttl) => {
            let number = {
                let mut book = service.book();
                book.answers.taken += 1;
                book.answers.taken
            };
            let location = format!("{}/message/{number}", service.origin);
            (StatusCode::CREATED, [(header::LOCATION, location)], [("ttl", ttl.to_string())]).into_response()
        }
        Err(refusal) => {
            *service.book().answers.refused.entry(refusal.code()).or_default() += 1;
            (refusal.status(), refusal.to_string()).into_response()
        }
    }
}

#[cfg(test)]
mod tests;
