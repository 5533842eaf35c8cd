//! The server's own certificate authority: made at the first start, kept with the other secrets, and trusted by nobody else.

use model::ids::GatewayId;
use model::time::{Millis, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SerialNumber,
};

use crate::broker::password_hash;
use crate::secret::random_bytes;
use crate::store::{self, Store};

/// The name under which gateways know the broker, wherever it stands: only this authority can vouch for it.
pub const BROKER_NAME: &str = "broker.attimo.internal";
/// The name under which the store keeps the authority.
const SECRET: &str = "fleet-authority";
/// How long the authority lasts.
const AUTHORITY_LASTS: Millis = Millis::hours(24 * 365 * 30);
/// How long the broker's own certificate lasts; it is made anew at each start.
const BROKER_LASTS: Millis = Millis::hours(24 * 365 * 5);
/// Certificates begin a little earlier, because clocks differ.
const SLACK: Millis = Millis::hours(24);
/// Longest request that is read, in bytes.
pub(crate) const REQUEST_LEN_MAX: usize = 8 * 1024;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Keys or certificates can't be made or read.
    #[error("make or read a certificate")]
    Certificate(#[from] rcgen::Error),
    /// What is kept of the authority can't be read.
    #[error("the stored authority can't be read")]
    Corrupt,
    /// The store failed.
    #[error("keep the authority")]
    Store(#[from] store::Error),
}

/// A certificate that was just given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate, as PEM.
    pub certificate: String,
    /// Its number, in lower-case hexadecimal digits without leading zeros.
    pub serial: String,
    /// Until when it is valid.
    pub expires_at: Timestamp,
}

/// The authority.
pub struct Authority {
    certificate: String,
    der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl std::fmt::Debug for Authority {
    // By hand, so that the key is never printed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}

impl Authority {
    /// The store's authority; it is made if there is none yet.
    ///
    /// # Errors
    /// When it can't be made, read or kept.
    pub async fn open(store: &Store, now: Timestamp) -> Result<Self, Error> {
        let kept = match store.secret(SECRET).await? {
            Some(kept) => kept,
            // Two who make one at once agree on the one that was kept first.
            None => store.secret_or_insert(SECRET, make(now)?.as_bytes()).await?,
        };
        Self::read(std::str::from_utf8(&kept).map_err(|_| Error::Corrupt)?)
    }

    fn read(text: &str) -> Result<Self, Error> {
        let cut = text.find("-----BEGIN PRIVATE KEY-----").ok_or(Error::Corrupt)?;
        let (certificate, key) = text.split_at(cut);
        let body: String = certificate.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body.trim())
            .map_err(|_| Error::Corrupt)?;
        let issuer = Issuer::from_ca_cert_pem(certificate, KeyPair::from_pem(key)?)?;
        Ok(Self { certificate: certificate.to_owned(), der, issuer })
    }

    /// Its certificate, as PEM.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The first half of the SHA-256 of its certificate, in hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex::encode(&password_hash(&self.der)[..16])
    }

    /// Signs a gateway's request. Of the request only the key counts: the name is the gateway's, whatever it says.
    ///
    /// # Errors
    /// When the request can't be read or its signature is wrong.
    pub fn sign(&self, request: &str, gateway: &GatewayId, now: Timestamp, lasts: Millis) -> Result<Issued, Error> {
        let mut request = CertificateSigningRequestParams::from_pem(request)?;
        let serial = serial();
        let expires_at = now + lasts;
        request.params = params(gateway.as_str(), now - SLACK, expires_at);
        request.params.serial_number = Some(SerialNumber::from_slice(&serial));
        request.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = request.signed_by(&self.issuer)?.pem();
        Ok(Issued { certificate, serial: to_serial(&hex::encode(serial)), expires_at })
    }

    /// A key and a certificate for the broker, as PEM.
    ///
    /// # Errors
    /// When they can't be made.
    pub fn for_broker(&self, now: Timestamp) -> Result<(String, String), Error> {
        let key = KeyPair::generate()?;
        let mut params = params("attimo-server", now - SLACK, now + BROKER_LASTS);
        params.subject_alt_names = vec![rcgen::SanType::DnsName(BROKER_NAME.try_into()?)];
        params.serial_number = Some(SerialNumber::from_slice(&serial()));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok((key.serialize_pem(), certificate))
    }
}

/// A serial number without leading zeros, as different readers print it differently.
pub(crate) fn to_serial(digits: &str) -> String {
    digits.trim_start_matches('0').to_ascii_lowercase()
}

fn make(now: Timestamp) -> Result<String, Error> {
    let key = KeyPair::generate()?;
    let mut params = params("Attimo gateways", now - SLACK, now + AUTHORITY_LASTS);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(SerialNumber::from_slice(&serial()));
    let certificate = params.self_signed(&key)?.pem();
    Ok(format!("{certificate}{}", key.serialize_pem()))
}

fn params(name: &str, from: Timestamp, until: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    params.distinguished_name = names;
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let after = |at: Timestamp| std::time::Duration::from_secs(u64::try_from(at.0 / 1_000).unwrap_or(0));
    params.not_before = epoch + after(from);
    params.not_after = epoch + after(until);
    params
}

/// 16 random bytes that are a positive number.
fn serial() -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&random_bytes()[..16]);
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    bytes
}
