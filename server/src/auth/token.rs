//! Tokens as text: what a device, a receipt, a key or a session looks like in a header, and how it is checked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::ids::{DecisionId, DeviceId};
use sha2::{Digest as _, Sha256};

use crate::secret::{ServerSecret, random_bytes};

/// The purpose under which receipts are coded.
const RECEIPT: &str = "receipt";
/// Longest token that is looked at.
const LEN_MAX: usize = 256;

/// A device's token: its id, so that a request needs nothing else, and the proof.
#[must_use]
pub fn device(secret: &ServerSecret, device: DeviceId) -> String {
    format!("{device}.{}", URL_SAFE_NO_PAD.encode(secret.device_token(device)))
}

/// The device that a token proves.
#[must_use]
pub fn read_device(secret: &ServerSecret, token: &str) -> Option<DeviceId> {
    let (id, code) = split(token)?;
    let device: DeviceId = id.parse().ok()?;
    secret.verify("device-token", &device.0.to_be_bytes(), &code).then_some(device)
}

/// A receipt: lets a service worker say what became of one decision, and nothing else.
#[must_use]
pub fn receipt(secret: &ServerSecret, decision: DecisionId, device: DeviceId) -> String {
    let code = secret.code(RECEIPT, &receipt_data(decision, device));
    format!("{decision}{device}.{}", URL_SAFE_NO_PAD.encode(code))
}

/// The decision and the device that a receipt speaks for.
#[must_use]
pub fn read_receipt(secret: &ServerSecret, token: &str) -> Option<(DecisionId, DeviceId)> {
    let (ids, code) = split(token)?;
    let decision: DecisionId = ids.get(..32)?.parse().ok()?;
    let device: DeviceId = ids.get(32..)?.parse().ok()?;
    secret.verify(RECEIPT, &receipt_data(decision, device), &code).then_some((decision, device))
}

fn receipt_data(decision: DecisionId, device: DeviceId) -> Vec<u8> {
    [decision.0.to_be_bytes(), device.0.to_be_bytes()].concat()
}

fn split(token: &str) -> Option<(&str, Vec<u8>)> {
    let (id, code) = token.split_once('.').filter(|_| token.len() <= LEN_MAX)?;
    Some((id, URL_SAFE_NO_PAD.decode(code).ok()?))
}

/// A new random token of 256 bits.
#[must_use]
pub fn random() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes())
}

/// What is stored of a random token. It is as strong as the token itself, so a plain hash is enough.
#[must_use]
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Whether two secrets are equal; the time it takes tells nothing.
#[must_use]
pub fn equal(one: &str, other: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(&hash(one), &hash(other)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_token_proves_its_own_device_only() {
        let (ours, theirs) = (ServerSecret::new([7; 32]), ServerSecret::new([8; 32]));
        let token = device(&ours, DeviceId(5));
        assert_eq!(read_device(&ours, &token), Some(DeviceId(5)));
        assert_eq!(read_device(&theirs, &token), None);
        let forged = token.replace(&DeviceId(5).to_string(), &DeviceId(6).to_string());
        assert_eq!(read_device(&ours, &forged), None);
        for bad in ["", ".", "5.", &token[1..], &token[..token.len() - 2], &format!("{token}{}", "A".repeat(300))] {
            assert_eq!(read_device(&ours, bad), None, "{bad}");
        }
    }

    #[test]
    fn a_receipt_proves_one_decision_on_one_device() {
        let secret = ServerSecret::new([7; 32]);
        let token = receipt(&secret, DecisionId(1), DeviceId(2));
        assert_eq!(read_receipt(&secret, &token), Some((DecisionId(1), DeviceId(2))));
        assert_eq!(read_device(&secret, &token), None);
        let forged = token.replacen('1', "2", 1);
        assert_eq!(read_receipt(&secret, &forged), None);
        assert_eq!(read_receipt(&secret, "è".repeat(40).as_str()), None);
    }
}
