//! The next certificate, without a visit: asked for over the line that the present one opens.

use model::ids::GatewayId;
use model::time::{Millis, Timestamp};

use runtime::mqtt::Identity;

use super::identity::{self, Enrolment, Kept};
use super::{Answer, authority_fingerprint, is_of_key, make_request};

/// After so long without an answer it is asked again.
const AGAIN: Millis = Millis::hours(1);

/// What the server says when it gives none.
#[derive(Debug, serde::Deserialize)]
struct NotRenewed {
    refused: String,
    detail: String,
}

/// Asks for the next certificate when it is time, and keeps it.
#[derive(Debug)]
pub struct Renewal {
    kept: Kept,
    authority: String,
    enrolment: Enrolment,
    /// The key of the request that is under way.
    key: Option<String>,
    asked_at: Option<Millis>,
}

impl Renewal {
    /// Watches over an enrolment.
    #[must_use]
    pub const fn new(kept: Kept, authority: String, enrolment: Enrolment) -> Self {
        Self { kept, authority, enrolment, key: None, asked_at: None }
    }

    /// Until when the present certificate is valid.
    #[must_use]
    pub const fn enrolment(&self) -> &Enrolment {
        &self.enrolment
    }

    /// What is kept now.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn kept(&self) -> Result<Option<(Identity, Enrolment)>, identity::Error> {
        self.kept.get()
    }

    /// The request to send now, if it is time.
    pub fn poll(&mut self, gateway: &GatewayId, now: Timestamp, monotonic: Millis) -> Option<String> {
        let is_quiet = self.asked_at.is_none_or(|at| monotonic.0 - at.0 >= AGAIN.0);
        if now < self.enrolment.renew_at() || !is_quiet {
            return None;
        }
        self.asked_at = Some(monotonic);
        match make_request(gateway) {
            Ok((key, request)) => {
                self.key = Some(key);
                Some(request)
            }
            Err(cause) => {
                tracing::error!(%cause, "a key could not be made");
                None
            }
        }
    }

    /// Takes the server's answer; whether there is a new certificate to connect with.
    ///
    /// # Errors
    /// When it can't be kept; the present one stays in use.
    pub fn take(&mut self, payload: &[u8]) -> Result<bool, identity::Error> {
        let Some(key) = &self.key else { return Ok(false) };
        if let Ok(NotRenewed { refused, detail }) = serde_json::from_slice(payload) {
            let detail: String = detail.chars().filter(|c| !c.is_control()).take(200).collect();
            tracing::warn!(refused, "the server gives no new certificate for now: {detail}");
            return Ok(false);
        }
        let Ok(answer) = serde_json::from_slice::<Answer>(payload) else {
            tracing::warn!("the answer to the request for a certificate can't be read");
            return Ok(false);
        };
        let is_ours = authority_fingerprint(&answer.authority) == authority_fingerprint(&self.authority);
        if !is_ours || answer.expires_at <= self.enrolment.expires_at {
            tracing::warn!("the certificate in the answer is not of the known authority, or no newer; it is left");
            return Ok(false);
        }
        if !is_of_key(&answer.certificate, key) {
            tracing::warn!("the certificate in the answer is for another key; it is left");
            return Ok(false);
        }
        let enrolment = Enrolment {
            broker_name: answer.broker_name,
            issued_at: answer.issued_at,
            expires_at: answer.expires_at,
            ..self.enrolment.clone()
        };
        self.kept.put(key, &answer.certificate, &answer.authority, &enrolment)?;
        (self.enrolment, self.key, self.asked_at) = (enrolment, None, None);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_certificate_for_another_key_or_a_refusal_leaves_the_present_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let ca = CertificateParams::default().self_signed(&KeyPair::generate().expect("a key")).expect("one").pem();
        let (server, broker, broker_name) = ("http://shop".into(), "mqtts://shop:8883".into(), "broker".into());
        let enrolment = Enrolment { server, broker, broker_name, issued_at: 0, expires_at: 90 };
        let mut renewal = Renewal::new(Kept::new(folder.path()), ca.clone(), enrolment.clone());
        let gateway = GatewayId::new("gw-1").expect("an id");
        assert!(renewal.poll(&gateway, Timestamp(60), Millis(0)).is_some(), "it is time");
        let own = KeyPair::from_pem(renewal.key.as_ref().expect("a key")).expect("a key");
        let answer = |key: &KeyPair| {
            let certificate = CertificateParams::default().self_signed(key).expect("a certificate").pem();
            json!({
                "certificate": certificate, "authority": ca, "broker_name": "broker", "broker_port": 0,
                "issued_at": 60, "expires_at": 150,
            })
        };
        let refusal = json!({"refused": "renewal-too-often", "detail": "ask again tomorrow"});
        for left in [refusal, answer(&KeyPair::generate().expect("another key"))] {
            assert!(!renewal.take(left.to_string().as_bytes()).expect("nothing to keep"));
            assert!(renewal.kept().expect("readable").is_none() && *renewal.enrolment() == enrolment);
        }
        assert!(renewal.take(answer(&own).to_string().as_bytes()).expect("kept"));
        assert_eq!(renewal.enrolment().expires_at, 150);
    }
}
