//! TLS with a certificate of our own: towards a broker whose authority stands behind one name, wherever the broker stands.

use std::sync::Arc;
use std::time::Duration;

use rumqttc::{TlsConfiguration, Transport};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::options::{Error, install_crypto};

/// With what a client shows itself, and whom it trusts.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its key, as PEM.
    pub key: String,
    /// Its certificate, as PEM.
    pub certificate: String,
    /// The one authority that it trusts, as PEM.
    pub authority: String,
    /// The name that the broker's certificate has, whatever the address is.
    pub broker_name: String,
    /// When its certificate was given, in seconds since 1970: no clock is earlier than that.
    pub issued_at_s: u64,
}

impl std::fmt::Debug for Identity {
    // By hand, so that no log line ever holds the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("broker_name", &self.broker_name).finish_non_exhaustive()
    }
}

impl Identity {
    pub(super) fn transport(&self) -> Result<Transport, Error> {
        install_crypto();
        let wrong = |what: &str, cause: &dyn std::fmt::Display| Error::Options {
            problem: format!("{what} can't be used: {cause}; enrol the box again"),
        };
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_slice_iter(self.authority.as_bytes()) {
            let authority = authority.map_err(|cause| wrong("the server's authority", &cause))?;
            roots.add(authority).map_err(|cause| wrong("the server's authority", &cause))?;
        }
        let inner = WebPkiServerVerifier::builder(Arc::new(roots))
            .build()
            .map_err(|cause| wrong("the server's authority", &cause))?;
        let name =
            ServerName::try_from(self.broker_name.clone()).map_err(|cause| wrong("the broker's name", &cause))?;
        let verifier = OneName { inner, name, not_before: self.issued_at_s };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(self.certificate.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|cause| wrong("the box's certificate", &cause))?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(|cause| wrong("the box's key", &cause))?;
        let config = ClientConfig::builder()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_auth_cert(chain, key)
            .map_err(|cause| wrong("the box's certificate", &cause))?;
        Ok(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(config))))
    }
}

/// Checks a broker's certificate against the authority under one name, and with a clock that can't be too early.
///
/// A box without a battery begins in 1970; that must not keep it from the server, from which it learns the time.
#[derive(Debug)]
struct OneName {
    inner: Arc<WebPkiServerVerifier>,
    name: ServerName<'static>,
    not_before: u64,
}

impl ServerCertVerifier for OneName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs().max(self.not_before)));
        self.inner.verify_server_cert(end_entity, intermediates, &self.name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
