//! Takes out of a text whatever could be an address of a device, a key, or a secret that is known.

use std::fmt::Write as _;

const HIDDEN: &str = "(hidden)";
/// So many hexadecimal digits in a row may be an address.
const ADDRESS_DIGITS: usize = 12;
/// So many letters in a row that base64 uses, digits among them, may be a key.
const KEY_LETTERS: usize = 40;

/// The text without them.
pub(super) fn scrub(text: &str, secrets: &[String]) -> String {
    let mut clean = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= 3) {
        clean = clean.replace(secret.as_str(), HIDDEN);
    }
    let mut lines = Vec::new();
    let mut in_key = false;
    for line in clean.lines() {
        in_key = in_key || line.contains("-----BEGIN ");
        lines.push(if in_key { HIDDEN.to_owned() } else { scrub_line(line) });
        in_key = in_key && !line.contains("-----END ");
    }
    lines.join("\n") + "\n"
}

fn scrub_line(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let taken = [address(rest), key(rest)].into_iter().max().unwrap_or(0);
        let starts_word = !clean.ends_with(|c: char| c.is_ascii_alphanumeric());
        if taken > 0 && starts_word {
            let _ = write!(clean, "{HIDDEN}");
            rest = &rest[taken..];
        } else {
            clean.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    clean
}

/// How many bytes at the beginning are six bytes in hexadecimal digits, with separators or without, or more of them.
fn address(text: &str) -> usize {
    let (mut digits, mut end, mut letters) = (0, 0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b if b.is_ascii_hexdigit() => {
                digits += 1;
                letters += usize::from(b.is_ascii_alphabetic());
                end = at + 1;
            }
            // Pairs only: a time or a sum of money has other groups.
            b':' | b'-' | b'_' | b'.' if digits > 0 && digits % 2 == 0 && at == end => {}
            _ => break,
        }
    }
    // A long number without a letter may be one too, in the decimal form of six bytes.
    let is_number = letters == 0 && text.as_bytes()[..end].iter().all(u8::is_ascii_digit);
    if digits >= ADDRESS_DIGITS && (letters > 0 || is_number || text[..end].contains([':', '-', '_'])) {
        end
    } else {
        0
    }
}

/// How many bytes at the beginning look like a key in base64 or in hexadecimal digits.
fn key(text: &str) -> usize {
    let is_letter = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_');
    let len = text.as_bytes().iter().take_while(|b| is_letter(b)).count();
    let digits = text.as_bytes()[..len].iter().filter(|b| b.is_ascii_digit()).count();
    if len >= KEY_LETTERS && digits >= 4 { len } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_keys_go_and_the_rest_stays() {
        for hidden in [
            "c0ffee5a1701",
            "C0:FF:EE:5A:17:01",
            "c0-ff-ee-5a-17-01",
            "C0_FF_EE_5A_17_01",
            "212464000046849",
            "MHcCAQEEIJx3q7Fv0Yq1p2s9kQ0aY8xq1p2s9kQ0aY8xR2",
            "a7c9d1e2f30415263748596a7b8c9d0e1f2031425364758697a8b9cadbecfd0e",
        ] {
            let clean = scrub(&format!("heard {hidden} by wine"), &[]);
            assert_eq!(clean, "heard (hidden) by wine\n", "{hidden}");
        }
        for kept in [
            "2026-11-22T09:00:00.123456Z INFO the uplink stands",
            "attimo_gateway_dropped_total{reason=\"too-many-strangers\"} 1234567",
            "10.0.0.5:8883 answers in 12:30:59",
        ] {
            assert_eq!(scrub(kept, &[]), format!("{kept}\n"));
        }
    }

    #[test]
    fn known_secrets_and_whole_keys_go() {
        let text = "password hunter2\n-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\nafter";
        let clean = scrub(text, &["hunter2".into()]);
        assert!(!clean.contains("hunter2") && !clean.contains("abc") && clean.contains("after"), "{clean}");
    }
}
