//! The server's own secret, and what is derived from it: device tokens, air keys, receipts.
//!
//! Deriving instead of storing lets a device have its token and key before anything about it is kept.

use hmac::{Hmac, KeyInit as _, Mac as _};
use model::ids::DeviceId;
use sha2::Sha256;
use wire::ble::rolling::AirKey;

/// 256 bits from the system's generator, made at the first start.
#[derive(Clone)]
pub struct ServerSecret([u8; 32]);

impl std::fmt::Debug for ServerSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerSecret(..)")
    }
}

impl ServerSecret {
    /// Takes the stored bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A keyed code over a purpose and data; codes of different purposes have nothing in common.
    #[must_use]
    pub fn code(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        self.mac(purpose, data).finalize().into_bytes().into()
    }

    /// Checks a code in constant time.
    #[must_use]
    pub fn verify(&self, purpose: &str, data: &[u8], code: &[u8]) -> bool {
        self.mac(purpose, data).verify_slice(code).is_ok()
    }

    /// The token that proves to be a device.
    #[must_use]
    pub fn device_token(&self, device: DeviceId) -> [u8; 32] {
        self.code("device-token", &device.0.to_be_bytes())
    }

    /// The key from which a device makes its ids on the air.
    #[must_use]
    pub fn air_key(&self, device: DeviceId) -> AirKey {
        let code = self.code("air-key", &device.0.to_be_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&code[..16]);
        AirKey(key)
    }

    /// The seed of the core's chance, so that its ids can't be guessed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        let code = self.code("seed", b"core");
        u64::from_be_bytes([code[0], code[1], code[2], code[3], code[4], code[5], code[6], code[7]])
    }

    fn mac(&self, purpose: &str, data: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        // The length keeps one purpose from running into the data of another.
        mac.update(&(purpose.len() as u64).to_be_bytes());
        mac.update(purpose.as_bytes());
        mac.update(data);
        mac
    }
}

/// 32 bytes from the system's generator.
///
/// # Panics
/// When the system has no randomness to give: nothing safe can be done then.
#[must_use]
pub fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's random generator works");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_different_purposes_and_devices_differ() {
        let secret = ServerSecret::new([7; 32]);
        let (a, b) = (DeviceId(1), DeviceId(2));
        assert_ne!(secret.device_token(a), secret.device_token(b));
        assert_ne!(secret.device_token(a)[..16], secret.air_key(a).0);
        assert_ne!(secret.code("a", b"bc"), secret.code("ab", b"c"));
        assert!(secret.verify("device-token", &a.0.to_be_bytes(), &secret.device_token(a)));
        assert!(!secret.verify("device-token", &b.0.to_be_bytes(), &secret.device_token(a)));
        assert!(!secret.verify("device-token", &a.0.to_be_bytes(), b""));
    }

    #[test]
    fn the_secret_is_not_printed() {
        assert_eq!(format!("{:?}", ServerSecret::new([7; 32])), "ServerSecret(..)");
    }
}
