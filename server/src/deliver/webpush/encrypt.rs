//! Message encryption for Web Push (RFC 8291 over RFC 8188, `aes128gcm`): one record, one fresh key and salt per message.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Longest plaintext that fits one 4,096-byte body: header 86, tag 16 and delimiter 1 taken off (RFC 8291 section 4).
pub const PLAINTEXT_LEN_MAX: usize = 3_993;
/// Size of the record that the header announces.
const RECORD_SIZE: u32 = 4_096;
/// Length of the authentication secret that the browser makes.
const AUTH_LEN: usize = 16;
/// Length of an uncompressed P-256 point.
const POINT_LEN: usize = 65;
/// Length of the salt.
const SALT_LEN: usize = 16;
/// Marks the end of the plaintext in the last record (RFC 8188 section 2).
const LAST_RECORD: u8 = 0x02;
/// Plaintexts are padded up to one of these lengths, so that their size tells little.
const BUCKETS: [usize; 5] = [256, 512, 1_024, 2_048, PLAINTEXT_LEN_MAX];

/// Why a message can't be encrypted, or a subscription's keys can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The browser's public key is not an uncompressed P-256 point in base64url.
    #[error("p256dh is not an uncompressed P-256 point of 65 bytes in base64url")]
    PublicKey,
    /// The browser's secret is not 16 bytes in base64url.
    #[error("auth is not 16 bytes in base64url")]
    AuthSecret,
    /// The plaintext does not fit one push message.
    #[error("the message has {len} bytes, at most {PLAINTEXT_LEN_MAX} fit one push message")]
    TooLong {
        /// Bytes given.
        len: usize,
    },
    /// The system gave no random bytes, or a key operation failed.
    #[error("a cryptographic operation failed")]
    Crypto,
}

impl From<aws_lc_rs::error::Unspecified> for Error {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Crypto
    }
}

/// The keys of one browser subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserKeys {
    public: [u8; POINT_LEN],
    auth: [u8; AUTH_LEN],
}

impl BrowserKeys {
    /// Reads both keys as a browser gives them: base64url, padding allowed.
    ///
    /// # Errors
    /// Says which of the two is wrong.
    pub fn parse(p256dh: &str, auth: &str) -> Result<Self, Error> {
        let public: [u8; POINT_LEN] = decode(p256dh).ok_or(Error::PublicKey)?;
        let auth = decode(auth).ok_or(Error::AuthSecret)?;
        let keys = Self { public, auth };
        keys.check_point()?;
        Ok(keys)
    }

    /// A point off the curve would make every later message fail: it is refused when the subscription comes in.
    fn check_point(&self) -> Result<(), Error> {
        let probe = PrivateKey::generate(&ECDH_P256)?;
        agree(&probe, UnparsedPublicKey::new(&ECDH_P256, self.public), Error::PublicKey, |_| Ok(()))
    }
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() > 2 * N {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?.try_into().ok()
}

/// Encrypts one message with a fresh key and a fresh salt, padded to a bucket.
///
/// # Errors
/// [`Error::TooLong`] when it does not fit one push message.
pub fn encrypt(plaintext: &[u8], browser: &BrowserKeys) -> Result<Vec<u8>, Error> {
    let mut salt = [0; SALT_LEN];
    SystemRandom::new().fill(&mut salt)?;
    let key = PrivateKey::generate(&ECDH_P256)?;
    let padded = bucket(plaintext.len()).ok_or(Error::TooLong { len: plaintext.len() })?;
    seal(plaintext, padded, browser, &key, &salt)
}

/// The length that a plaintext is padded to.
fn bucket(len: usize) -> Option<usize> {
    BUCKETS.into_iter().find(|size| len <= *size)
}

fn seal(
    plaintext: &[u8],
    padded: usize,
    browser: &BrowserKeys,
    key: &PrivateKey,
    salt: &[u8; SALT_LEN],
) -> Result<Vec<u8>, Error> {
    let own_public = key.compute_public_key()?;
    let (content_key, nonce) = derive(browser, key, own_public.as_ref(), salt)?;
    let mut record = Vec::with_capacity(padded + 1 + AES_128_GCM.tag_len());
    record.extend_from_slice(plaintext);
    record.push(LAST_RECORD);
    record.resize(padded + 1, 0);
    let sealing = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &content_key)?);
    sealing.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)?;

    let mut body = Vec::with_capacity(SALT_LEN + 4 + 1 + POINT_LEN + record.len());
    body.extend_from_slice(salt);
    body.extend_from_slice(&RECORD_SIZE.to_be_bytes());
    body.push(65);
    body.extend_from_slice(own_public.as_ref());
    body.extend_from_slice(&record);
    Ok(body)
}

/// The content key and nonce of RFC 8291 section 3.4.
fn derive(
    browser: &BrowserKeys,
    key: &PrivateKey,
    own_public: &[u8],
    salt: &[u8; SALT_LEN],
) -> Result<([u8; 16], [u8; NONCE_LEN]), Error> {
    let peer = UnparsedPublicKey::new(&ECDH_P256, browser.public);
    let mut input = [0; 32];
    agree(key, peer, Error::PublicKey, |shared| {
        let info: [&[u8]; 3] = [b"WebPush: info\0", &browser.public, own_public];
        expand(&browser.auth, shared, &info, &mut input)
    })?;
    let mut content_key = [0; 16];
    expand(salt, &input, &[b"Content-Encoding: aes128gcm\0"], &mut content_key)?;
    let mut nonce = [0; NONCE_LEN];
    expand(salt, &input, &[b"Content-Encoding: nonce\0"], &mut nonce)?;
    Ok((content_key, nonce))
}

fn expand(salt: &[u8], secret: &[u8], info: &[&[u8]], out: &mut [u8]) -> Result<(), Error> {
    let prk = Salt::new(HKDF_SHA256, salt).extract(secret);
    prk.expand(info, Length(out.len()))?.fill(out)?;
    Ok(())
}

/// How many bytes to derive.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).expect("base64url")
    }

    // RFC 8291, section 5 and appendix A.
    pub(crate) const UA_PUBLIC: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const UA_PRIVATE: &str = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";
    pub(crate) const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
    const AS_PRIVATE: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
    const SALT: &str = "DGv6ra1nlYgDCS1FRnbzlw";
    const BODY: &str = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";

    #[test]
    fn the_example_of_rfc_8291_is_met_to_the_byte() {
        let browser = BrowserKeys::parse(UA_PUBLIC, AUTH).expect("keys");
        let key = PrivateKey::from_private_key(&ECDH_P256, &bytes(AS_PRIVATE)).expect("a key");
        let salt: [u8; 16] = bytes(SALT).try_into().expect("16 bytes");
        let text = b"When I grow up, I want to be a watermelon";

        let body = seal(text, text.len(), &browser, &key, &salt).expect("a body");

        assert_eq!(URL_SAFE_NO_PAD.encode(body), BODY);
    }

    pub(crate) fn open(body: Vec<u8>) -> Vec<u8> {
        let secret = web_push_native::p256::SecretKey::from_slice(&bytes(UA_PRIVATE)).expect("a key");
        let auth = web_push_native::Auth::clone_from_slice(&bytes(AUTH));
        web_push_native::decrypt(body, &secret, &auth).expect("an independent decryptor opens it")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn an_independent_decryptor_reads_every_message(text in proptest::collection::vec(any::<u8>(), 1..PLAINTEXT_LEN_MAX)) {
            let browser = BrowserKeys::parse(UA_PUBLIC, AUTH).expect("keys");
            let body = encrypt(&text, &browser).expect("a body");
            prop_assert!(body.len() <= 4_096);
            prop_assert_eq!(open(body), text);
        }

        #[test]
        fn keys_of_any_text_never_panic(a in ".{0,200}", b in ".{0,60}") {
            let _ = BrowserKeys::parse(&a, &b);
        }
    }

    #[test]
    fn two_sends_of_one_text_differ_entirely_and_sizes_hide_in_buckets() {
        let browser = BrowserKeys::parse(UA_PUBLIC, AUTH).expect("keys");
        let one = encrypt(b"the same", &browser).expect("a body");
        let two = encrypt(b"the same", &browser).expect("a body");
        assert_eq!(one.len(), encrypt(&[b'x'; 256], &browser).expect("a body").len());
        assert_eq!(one[16..21], two[16..21]);
        let equal = one[21..].iter().zip(&two[21..]).filter(|(a, b)| a == b).count();
        assert!(one[..16] != two[..16] && equal < one.len() / 8, "{equal} bytes are equal");
    }

    #[test]
    fn the_longest_message_passes_and_one_byte_more_is_refused() {
        let browser = BrowserKeys::parse(UA_PUBLIC, AUTH).expect("keys");
        let body = encrypt(&[7; PLAINTEXT_LEN_MAX], &browser).expect("a body");
        assert_eq!(body.len(), 4_096);
        assert_eq!(open(body), [7; PLAINTEXT_LEN_MAX]);
        assert_eq!(encrypt(&[7; PLAINTEXT_LEN_MAX + 1], &browser), Err(Error::TooLong { len: 3_994 }));
    }

    #[test]
    fn keys_that_no_browser_makes_are_refused_by_name() {
        assert_eq!(BrowserKeys::parse("AAAA", AUTH), Err(Error::PublicKey));
        let off_curve = URL_SAFE_NO_PAD.encode([4; 65]);
        assert_eq!(BrowserKeys::parse(&off_curve, AUTH), Err(Error::PublicKey));
        assert_eq!(BrowserKeys::parse(UA_PUBLIC, "AAAA"), Err(Error::AuthSecret));
    }
}
