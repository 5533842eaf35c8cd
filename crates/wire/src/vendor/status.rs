//! Words by which devices say that they are there, and by which the broker says for them that they are gone: their wills.
//!
//! Makers write `online`, `Online`, `{"state":"online"}` or, under a topic that asks it, `true`. Such a word is kept by the
//! broker and tells of the device alone: one that is there may still hear nothing.

use model::ids::ReceiverId;

use super::json::document;
use super::{PAYLOAD_LEN_MAX, Rejected, gateway_of};

/// Reads whether a device is there.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn read(payload: &[u8]) -> Result<bool, Rejected> {
    if payload.len() > PAYLOAD_LEN_MAX {
        return Err(Rejected::TooLarge { len: payload.len(), max: PAYLOAD_LEN_MAX });
    }
    if let Some(is_there) = word(payload) {
        return Ok(is_there);
    }
    let unknown = Rejected::Malformed { field: "the message", expected: "online or offline, or true or false" };
    if !payload.trim_ascii_start().starts_with(b"{") {
        return Err(unknown);
    }
    let document = document(payload)?;
    let state = document.object()?.get("state").text("state")?.ok_or(Rejected::MissingField { field: "state" })?;
    word(state.as_bytes()).ok_or(unknown)
}

/// Reads whether a receiver is there, under the level that stands where the filter has its first `+`.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn read_under(filter: &str, topic: &str, payload: &[u8]) -> Result<(ReceiverId, bool), Rejected> {
    let receiver = gateway_of(filter, topic)?.ok_or(Rejected::MissingField { field: "the device's name" })?;
    Ok((receiver, read(payload)?))
}

fn word(text: &[u8]) -> Option<bool> {
    let is = |word: &[u8]| text.trim_ascii().eq_ignore_ascii_case(word);
    if is(b"online") || is(b"true") {
        Some(true)
    } else if is(b"offline") || is(b"false") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_makers_word_is_read_and_nothing_else_is_guessed() {
        for (payload, expected) in [
            ("online", true),
            ("Online", true),
            ("Offline", false),
            ("offline\n", false),
            ("true", true),
            ("false", false),
            (r#"{"state":"online"}"#, true),
            (r#" {"state":"offline","since":1}"#, false),
        ] {
            assert_eq!(read(payload.as_bytes()), Ok(expected), "{payload}");
        }
        for (payload, code) in [
            ("", "malformed"),
            ("1", "malformed"),
            ("on", "malformed"),
            (r#"{"state":"ON"}"#, "malformed"),
            ("{}", "missing-field"),
            (r#"{"state":1}"#, "wrong-type"),
            ("{", "not-json"),
        ] {
            assert_eq!(read(payload.as_bytes()).expect_err(payload).code(), code, "{payload}");
        }
        let long = vec![b' '; PAYLOAD_LEN_MAX + 1];
        assert_eq!(read(&long).expect_err("long").code(), "too-large");
    }

    #[test]
    fn a_receivers_name_stands_in_the_topic() {
        let told = read_under("tele/+/LWT", "tele/till/LWT", b"Offline").expect("a will");
        assert_eq!((told.0.as_str(), told.1), ("till", false));
        assert_eq!(
            read_under("tele/+/LWT", "stat/till/LWT", b"Offline").expect_err("elsewhere").code(),
            "unknown-topic"
        );
        assert_eq!(read_under("tele/+/LWT", "tele/a b/LWT", b"Offline").expect_err("no id").code(), "bad-name");
    }
}
