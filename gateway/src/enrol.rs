//! `attimo-gateway enrol`: makes a key on the box, gets a certificate of the server's own authority for a one-time token,
//! and keeps both where only this box can read them. The key never leaves the box.

pub mod identity;
pub mod renewal;

use std::time::Duration;

use model::ids::GatewayId;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use identity::{Enrolment, Kept};

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest answer that is read, in bytes.
const ANSWER_LEN_MAX: usize = 64 * 1024;

/// Why a box was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is none.
    #[error("{url:?} is no server address; write --server http://host:port or https://host")]
    Url {
        /// What was given.
        url: String,
    },
    /// The token is not whole.
    #[error("the token is not whole: it has 64 hexadecimal digits, a dot and 32 more; copy it again")]
    Token,
    /// The server can't be reached.
    #[error("the server at {url} can't be reached; check the address, and that this box has a network")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The server does not let this box in.
    #[error("the server refused: {detail}; {fix}")]
    Refused {
        /// What it says.
        detail: String,
        /// What it says to do.
        fix: String,
    },
    /// Somebody else answered.
    #[error(
        "who answers at {url} is not the server that made the token: its authority has another fingerprint; check the address"
    )]
    Impostor {
        /// Where.
        url: String,
    },
    /// The answer makes no sense.
    #[error("the answer of {url} is not that of an Attimo server; check the address")]
    Answer {
        /// Where.
        url: String,
    },
    /// The certificate is another key's.
    #[error("the certificate that {url} gave is not for this box's key; ask whoever runs the server")]
    ForeignKey {
        /// Where.
        url: String,
    },
    /// A key can't be made.
    #[error("make a key")]
    Key(#[from] rcgen::Error),
    /// The certificate can't be kept.
    #[error("keep the certificate")]
    Keep(#[from] identity::Error),
    /// The network part can't start.
    #[error("start the network")]
    Client(#[source] reqwest::Error),
}

/// What the box sends.
#[derive(Debug, Serialize)]
struct Request<'a> {
    gateway: &'a str,
    token: &'a str,
    request: &'a str,
}

/// What it gets.
#[derive(Debug, Clone, Deserialize)]
pub struct Answer {
    certificate: String,
    authority: String,
    broker_name: String,
    broker_port: u16,
    issued_at: i64,
    expires_at: i64,
}

/// What a refusal says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refusal {
    detail: String,
    fix: String,
}

/// A key, and the request for a certificate of it; both as PEM.
pub(crate) fn make_request(gateway: &GatewayId) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, gateway.as_str());
    let mut params = CertificateParams::default();
    params.distinguished_name = names;
    let request = params.serialize_request(&key)?.pem()?;
    Ok((key.serialize_pem(), request))
}

/// Enrols a box: asks the server, checks that it is the one that made the token, and keeps what it gave. Settings from afar
/// that the box had are left out from then on.
///
/// # Errors
/// [`Error`] says what to do.
pub async fn enrol(gateway: &GatewayId, kept: &Kept, server: &str, token: &str) -> Result<Enrolment, Error> {
    let url = server.trim_end_matches('/').to_owned();
    let host = host_of(&url).ok_or_else(|| Error::Url { url: server.to_owned() })?;
    let fingerprint = fingerprint_of(token).ok_or(Error::Token)?;
    // Before the token is used up: a box that can't keep its certificate must not ask for one.
    kept.prepare()?;
    let (key, request) = make_request(gateway)?;
    let answer = ask(&url, &Request { gateway: gateway.as_str(), token, request: &request }).await?;
    if authority_fingerprint(&answer.authority).as_deref() != Some(fingerprint) {
        return Err(Error::Impostor { url });
    }
    if !is_of_key(&answer.certificate, &key) {
        return Err(Error::ForeignKey { url });
    }
    let enrolment = Enrolment {
        server: url,
        broker: format!("mqtts://{host}:{}", answer.broker_port),
        broker_name: answer.broker_name,
        issued_at: answer.issued_at,
        expires_at: answer.expires_at,
    };
    kept.put(&key, &answer.certificate, &answer.authority, &enrolment)?;
    // Settings from afar may name another broker, and would outlive this.
    crate::settings::forget(kept.data_dir()).map_err(|(path, source)| identity::Error::Write { path, source })?;
    Ok(enrolment)
}

async fn ask(url: &str, request: &Request<'_>) -> Result<Answer, Error> {
    runtime::mqtt::install_crypto();
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(Error::Client)?;
    let unreachable = |source| Error::Unreachable { url: url.to_owned(), source };
    let answer = client.post(format!("{url}/v1/gateways/enrol")).json(request).send().await.map_err(unreachable)?;
    let is_well = answer.status().is_success();
    let strange = || Error::Answer { url: url.to_owned() };
    if answer.content_length().is_some_and(|len| len > ANSWER_LEN_MAX as u64) {
        return Err(strange());
    }
    let bytes = answer.bytes().await.map_err(unreachable)?;
    if !is_well {
        let refusal: Refusal = serde_json::from_slice(&bytes).map_err(|_| strange())?;
        return Err(Error::Refused { detail: refusal.detail, fix: refusal.fix });
    }
    serde_json::from_slice(&bytes).map_err(|_| strange())
}

/// The host of an address, without its port; in brackets if it has colons.
fn host_of(url: &str) -> Option<String> {
    let parsed = reqwest::Url::parse(url).ok()?;
    let is_http = matches!(parsed.scheme(), "http" | "https");
    let host = parsed.host_str().filter(|_| is_http && parsed.username().is_empty())?;
    Some(host.to_owned())
}

fn fingerprint_of(token: &str) -> Option<&str> {
    let (secret, fingerprint) = token.trim().split_once('.')?;
    let is_hex = |text: &str, len: usize| text.len() == len && text.bytes().all(|b| b.is_ascii_hexdigit());
    (is_hex(secret, 64) && is_hex(fingerprint, 32)).then_some(fingerprint)
}

/// The first half of the SHA-256 of a certificate, in hexadecimal digits.
fn authority_fingerprint(pem: &str) -> Option<String> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    Some(hex::encode(&Sha256::digest(&der)[..16]))
}

/// Whether a certificate is for a key; both as PEM. One that is not would cut the box off.
fn is_of_key(certificate: &str, key: &str) -> bool {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let Ok(certificate) = CertificateDer::from_pem_slice(certificate.as_bytes()) else { return false };
    let Ok(key) = PrivateKeyDer::from_pem_slice(key.as_bytes()) else { return false };
    runtime::mqtt::install_crypto();
    let Some(provider) = rustls::crypto::CryptoProvider::get_default() else { return false };
    let Ok(key) = provider.key_provider.load_private_key(key) else { return false };
    rustls::sign::CertifiedKey::new(vec![certificate.into_owned()], key).keys_match().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_of_another_key_is_known_as_such() {
        let key = KeyPair::generate().expect("a key");
        let other = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::default().self_signed(&key).expect("a certificate").pem();
        assert!(is_of_key(&certificate, &key.serialize_pem()));
        assert!(!is_of_key(&certificate, &other.serialize_pem()));
        assert!(!is_of_key("no certificate", &key.serialize_pem()));
    }

    /// A server that lets everybody in, and the token for it.
    async fn server() -> (String, String) {
        use rcgen::{BasicConstraints, CertificateSigningRequestParams, IsCa, Issuer};
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = params.self_signed(&key).expect("an authority").pem();
        let token = format!("{}.{}", "a".repeat(64), authority_fingerprint(&authority).expect("a fingerprint"));
        let issuer = std::sync::Arc::new(Issuer::new(params, key));
        let answer = move |axum::Json(body): axum::Json<serde_json::Value>| {
            let request = CertificateSigningRequestParams::from_pem(body["request"].as_str().expect("a request"));
            let certificate = request.expect("a request").signed_by(&issuer).expect("a certificate").pem();
            let answer = serde_json::json!({
                "certificate": certificate, "authority": authority, "broker_name": "broker", "broker_port": 8883,
                "issued_at": 0, "expires_at": 1,
            });
            async move { axum::Json(answer) }
        };
        let router = axum::Router::new().route("/v1/gateways/enrol", axum::routing::post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (url, token)
    }

    #[tokio::test]
    async fn a_box_that_is_enrolled_again_forgets_settings_from_afar() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = folder.path().join("settings.json");
        std::fs::write(&settings, "{}").expect("written");
        let (url, token) = server().await;
        let (id, kept) = (GatewayId::new("gw-1").expect("an id"), Kept::new(folder.path()));
        let strange = format!("{}.{}", "a".repeat(64), "b".repeat(32));
        enrol(&id, &kept, &url, &strange).await.expect_err("another server");
        assert!(settings.exists(), "nothing was changed");
        enrol(&id, &kept, &url, &token).await.expect("enrolled");
        assert!(!settings.exists() && kept.path().exists());
    }

    #[test]
    fn a_token_that_is_not_whole_is_refused_before_anything_is_asked() {
        let whole = format!("{}.{}", "a".repeat(64), "b".repeat(32));
        assert_eq!(fingerprint_of(&whole), Some("b".repeat(32).as_str()));
        for token in ["", "x.y", &whole[1..], &whole[..96], &whole.replace('b', "z"), &whole.replace('.', "")] {
            assert_eq!(fingerprint_of(token), None, "{token}");
        }
    }

    #[test]
    fn an_address_has_a_scheme_and_a_host() {
        assert_eq!(host_of("http://10.0.0.5:8080").as_deref(), Some("10.0.0.5"));
        assert_eq!(host_of("https://shop.example").as_deref(), Some("shop.example"));
        assert_eq!(host_of("http://[::1]:8080").as_deref(), Some("[::1]"));
        for url in ["shop.example", "mqtt://shop.example", "http://", "http://a@b"] {
            assert_eq!(host_of(url), None, "{url}");
        }
    }
}
