//! What is wrong with a connection, in words that say what to do.

use std::io;

use rumqttc::{ConnectReturnCode, ConnectionError};

/// The kinds of trouble that a person can do something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The broker does not let this client in.
    Refused,
    /// The broker's name is not known.
    NameUnknown,
    /// A certificate, of this end or of the other, is not accepted.
    Certificate,
    /// Nobody answers.
    Away,
}

const REFUSED: &str = "the broker refuses this box's credentials";
const NAME: &str = "the name of the broker is not known";
const CERTIFICATE: &str = "the certificate is not accepted";

impl Trouble {
    /// The kind that a reason of [`super::Event::Disconnected`] tells of.
    #[must_use]
    pub fn of(reason: &str) -> Self {
        match reason {
            text if text.starts_with(REFUSED) => Self::Refused,
            text if text.starts_with(NAME) => Self::NameUnknown,
            text if text.starts_with(CERTIFICATE) => Self::Certificate,
            _ => Self::Away,
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Refused => "credentials-refused",
            Self::NameUnknown => "name-unknown",
            Self::Certificate => "certificate-refused",
            Self::Away => "broker-away",
        }
    }
}

/// Tells what is wrong: first what it means, then the system's own words.
pub(super) fn tell(cause: &ConnectionError, address: &str) -> String {
    #[expect(clippy::wildcard_enum_match_arm, reason = "another crate's errors, told in its own words")]
    match cause {
        ConnectionError::ConnectionRefused(
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
        ) => format!("{REFUSED}: it was thrown out, or its password or certificate is another's ({address})"),
        ConnectionError::Io(cause) => tell_io(cause, address),
        other => tell_text(&other.to_string(), address),
    }
}

fn tell_io(cause: &io::Error, address: &str) -> String {
    if cause.kind() == io::ErrorKind::ConnectionRefused {
        return format!("nothing answers at {address}: the server is not running, or the port is wrong");
    }
    tell_text(&cause.to_string(), address)
}

fn tell_text(text: &str, address: &str) -> String {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["lookup", "resolve", "Name or service not known", "name resolution"]) {
        return format!("{NAME}: DNS does not answer, or {address} is mistyped ({text})");
    }
    if says(&["ertificate", "UnknownCA", "UnknownIssuer", "AccessDenied"]) {
        return format!("{CERTIFICATE} at {address} ({text})");
    }
    format!("{address} is away ({text})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_is_told_with_its_kind() {
        let io = |text: &str| ConnectionError::Io(io::Error::other(text.to_owned()));
        let refused = ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized);
        let cases = [
            (refused, Trouble::Refused),
            (io("failed to lookup address information: Temporary failure in name resolution"), Trouble::NameUnknown),
            (io("received fatal alert: CertificateExpired"), Trouble::Certificate),
            (io("connection reset by peer"), Trouble::Away),
            (ConnectionError::Io(io::Error::from(io::ErrorKind::ConnectionRefused)), Trouble::Away),
        ];
        for (cause, kind) in cases {
            let told = tell(&cause, "mqtt://shop");
            assert_eq!(Trouble::of(&told), kind, "{told}");
            assert!(told.contains("mqtt://shop"), "{told}");
        }
    }
}
