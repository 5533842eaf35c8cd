//! The app of the shop, as a developer would write it against the HTTP API.

use anyhow::Context;
use serde_json::{Value, json};

use crate::push::Subscription;
use crate::walker::Air;

/// What the customer said yes to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Consent {
    /// To be located.
    pub locating: bool,
    /// To have a profile.
    pub profiling: bool,
    /// To get offers.
    pub marketing_push: bool,
}

impl Consent {
    /// Yes to everything.
    pub const ALL: Self = Self { locating: true, profiling: true, marketing_push: true };

    fn to_json(self) -> Value {
        json!({ "locating": self.locating, "profiling": self.profiling, "marketingPush": self.marketing_push })
    }
}

/// The app on one phone.
#[derive(Debug, Clone)]
pub struct App {
    http: reqwest::Client,
    base: String,
    write_key: String,
}

/// A phone that registered.
#[derive(Debug, Clone)]
pub struct Phone {
    /// The device's id.
    pub id: String,
    /// What its calls are signed with.
    pub token: String,
    /// What it sends on the air.
    pub air: Air,
    /// Whether the server kept anything of it.
    pub stored: bool,
}

impl App {
    pub(super) fn new(base: &str, write_key: &str) -> Self {
        Self { http: reqwest::Client::new(), base: base.to_owned(), write_key: write_key.to_owned() }
    }

    /// Registers a phone for a customer.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn register(&self, user: &str, consent: Consent, push: Option<&Subscription>) -> anyhow::Result<Phone> {
        let body = json!({
            "platform": "web", "userId": user, "language": "en", "textVersion": "story-1",
            "consent": consent.to_json(), "push": push.map(Subscription::to_json),
        });
        let answer = self
            .http
            .post(format!("{}/v1/devices", self.base))
            .basic_auth(&self.write_key, Some(""))
            .json(&body)
            .send()
            .await?;
        let status = answer.status();
        let answer: Value = answer.json().await.with_context(|| format!("register: {status}"))?;
        anyhow::ensure!(status == 201, "register: {status} {answer}");
        let text = |value: &Value| value.as_str().map(str::to_owned).context("a text");
        let bytes = |value: &Value| anyhow::Ok(hex::decode(text(value)?)?);
        Ok(Phone {
            id: text(&answer["deviceId"])?,
            token: text(&answer["token"])?,
            air: Air {
                prefix: bytes(&answer["air"]["prefix"])?.try_into().map_err(|_| anyhow::anyhow!("4 bytes"))?,
                key: bytes(&answer["air"]["key"])?.try_into().map_err(|_| anyhow::anyhow!("16 bytes"))?,
            },
            stored: answer["stored"].as_bool().context("stored")?,
        })
    }

    /// Changes what the customer allows.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn set_consent(&self, phone: &Phone, consent: Consent) -> anyhow::Result<()> {
        let mut body = consent.to_json();
        body["textVersion"] = json!("story-1");
        let answer = self
            .http
            .put(format!("{}/v1/devices/{}/consent", self.base, phone.id))
            .bearer_auth(&phone.token)
            .json(&body)
            .send()
            .await?;
        anyhow::ensure!(answer.status().is_success(), "consent: {} {}", answer.status(), answer.text().await?);
        Ok(())
    }

    /// Sends one event as a Segment client would.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn track(&self, user: &str, message: &str, event: &str, properties: Value) -> anyhow::Result<()> {
        let body = json!({ "messageId": message, "userId": user, "event": event, "properties": properties });
        let answer = self
            .http
            .post(format!("{}/v1/track", self.base))
            .basic_auth(&self.write_key, Some(""))
            .json(&body)
            .send()
            .await?;
        anyhow::ensure!(answer.status().is_success(), "track: {} {}", answer.status(), answer.text().await?);
        Ok(())
    }

    /// The offers of a phone.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn offers(&self, phone: &Phone) -> anyhow::Result<Vec<Value>> {
        let answer = self.http.get(format!("{}/v1/offers", self.base)).bearer_auth(&phone.token).send().await?;
        anyhow::ensure!(answer.status().is_success(), "offers: {}", answer.status());
        let answer: Value = answer.json().await?;
        Ok(answer["offers"].as_array().cloned().unwrap_or_default())
    }

    /// Says what became of an offer.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn outcome(&self, phone: &Phone, decision: &str, kind: &str) -> anyhow::Result<()> {
        let url = format!("{}/v1/offers/{decision}/outcomes", self.base);
        let answer = self.http.post(url).bearer_auth(&phone.token).json(&json!({ "kind": kind })).send().await?;
        anyhow::ensure!(answer.status().is_success(), "outcome: {} {}", answer.status(), answer.text().await?);
        Ok(())
    }
}
