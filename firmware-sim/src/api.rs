//! The server's public HTTP API, as an app, a shop system and a person at the back office use it.

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use model::ids::DecisionId;
use model::time::Timestamp;
use reqwest::{Client, RequestBuilder, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use wire::ble::rolling::AirKey;

use crate::push_service::Subscription;

/// Longest wait for an answer.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);

/// A client of the API.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    base: String,
    write_key: String,
    api_key: String,
}

/// A registered device.
#[derive(Debug, Clone)]
pub struct Registered {
    /// Its id.
    pub device: String,
    /// Its token.
    pub token: String,
    /// The key of its rolling id.
    pub air: AirKey,
    /// The chain's prefix.
    pub prefix: [u8; 4],
    /// Whether anything is kept of it.
    pub stored: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegisteredBody {
    device_id: String,
    token: String,
    air: AirBody,
    stored: bool,
}

#[derive(Deserialize)]
struct AirBody {
    prefix: String,
    key: String,
}

/// Who proves to be allowed to tell an outcome.
#[derive(Debug, Clone, Copy)]
pub enum Proof<'a> {
    /// The device's token.
    Device(&'a str),
    /// The receipt in a push message.
    Receipt(&'a str),
}

impl Api {
    /// A client for a server's base URL and keys.
    ///
    /// # Errors
    /// When the HTTP client can't be made.
    pub fn new(base: &str, write_key: &str, api_key: &str) -> anyhow::Result<Self> {
        runtime::mqtt::install_crypto();
        let client = Client::builder().no_proxy().build().context("make an HTTP client")?;
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { client, base, write_key: write_key.to_owned(), api_key: api_key.to_owned() })
    }

    /// Registers a device.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn register(&self, mut body: Value, push: Option<&Subscription>) -> anyhow::Result<Registered> {
        if let Some(push) = push {
            body["push"] = json!({"endpoint": push.endpoint, "keys": {"p256dh": push.p256dh, "auth": push.auth}});
        }
        let request = self.client.post(self.url("/v1/devices")).header("authorization", self.basic()).json(&body);
        let body: RegisteredBody = read(answer(request).await?).await?;
        let key = hex::decode(&body.air.key).context("read the key for the air")?;
        let key: [u8; 16] = key.try_into().ok().context("the key for the air does not have 16 bytes")?;
        let prefix: [u8; 4] =
            hex::decode(&body.air.prefix).ok().and_then(|p| p.try_into().ok()).context("bad prefix")?;
        Ok(Registered { device: body.device_id, token: body.token, air: AirKey(key), prefix, stored: body.stored })
    }

    /// Withdraws every consent of a device.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn withdraw(&self, registered: &Registered) -> anyhow::Result<()> {
        let body = json!({"locating": false, "profiling": false, "marketingPush": false, "textVersion": "demo-1"});
        let url = self.url(&format!("/v1/devices/{}/consent", registered.device));
        answer(self.client.put(url).bearer_auth(&registered.token).json(&body)).await.map(drop)
    }

    /// Sends one event, as Segment's clients do.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn event(&self, kind: &str, body: &Value) -> anyhow::Result<()> {
        let request = self.client.post(self.url(&format!("/v1/{kind}"))).header("authorization", self.basic());
        answer(request.json(body)).await.map(drop)
    }

    /// Tells what became of a decision.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn outcome(
        &self,
        proof: Proof<'_>,
        decision: DecisionId,
        kind: &str,
        at: Timestamp,
    ) -> anyhow::Result<()> {
        let proof = match proof {
            Proof::Device(token) => format!("Bearer {token}"),
            Proof::Receipt(receipt) => format!("Receipt {receipt}"),
        };
        let url = self.url(&format!("/v1/offers/{decision}/outcomes"));
        let body = json!({"kind": kind, "at": rfc3339(at)});
        answer(self.client.post(url).header("authorization", proof).json(&body)).await.map(drop)
    }

    /// Opens a device's stream.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn stream(&self, token: &str) -> anyhow::Result<Response> {
        let request = self.client.get(self.url("/v1/stream")).bearer_auth(token).header("accept", "text/event-stream");
        check(request.send().await.context("open the stream")?).await
    }

    /// The server's public key for push services.
    ///
    /// # Errors
    /// When the server does not say.
    pub async fn push_key(&self) -> anyhow::Result<String> {
        let body: Value = read(answer(self.client.get(self.url("/v1/push/key"))).await?).await?;
        body["publicKey"].as_str().map(str::to_owned).context("publicKey is missing")
    }

    /// Asks the back office, with the API key.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn ask(&self, path: &str) -> anyhow::Result<Value> {
        read(answer(self.client.get(self.url(path)).bearer_auth(&self.api_key)).await?).await
    }

    /// Asks for text, with the API key.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn text(&self, path: &str) -> anyhow::Result<String> {
        let response = answer(self.client.get(self.url(path)).bearer_auth(&self.api_key)).await?;
        response.text().await.with_context(|| format!("read {path}"))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn basic(&self) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(format!("{}:", self.write_key)))
    }
}

/// A time as the API writes it.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

/// A time as the API writes it, read; none if it is not one.
#[must_use]
pub fn read_time(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|at| Timestamp(at.as_millisecond()))
}

async fn answer(request: RequestBuilder) -> anyhow::Result<Response> {
    check(request.timeout(PATIENCE).send().await.context("ask the server")?).await
}

async fn check(response: Response) -> anyhow::Result<Response> {
    if response.status().is_success() {
        return Ok(response);
    }
    let (status, url) = (response.status(), response.url().path().to_owned());
    let body: String = response.text().await.unwrap_or_default().chars().take(500).collect();
    bail!("{url} answers {status}: {body}")
}

async fn read<T: for<'de> Deserialize<'de>>(response: Response) -> anyhow::Result<T> {
    let path = response.url().path().to_owned();
    response.json().await.with_context(|| format!("read the answer of {path}"))
}
