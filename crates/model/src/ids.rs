//! Every id its own type, so that a zone can't be passed where a store is meant.
//!
//! Three families: *slugs* are declared by people and safe in a file name, a topic and a URL;
//! *references* come from other systems as they are; *numbers* are made by us, 128 bits wide.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longest slug, in bytes.
pub const SLUG_LEN_MAX: usize = 64;
/// Longest reference from another system, in bytes.
pub const REFERENCE_LEN_MAX: usize = 256;

/// Why a text can't be an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing, or only white space, was given.
    #[error("the id is empty")]
    Empty,
    /// The text is longer than the family allows.
    #[error("the id has {len} bytes, at most {max} are allowed")]
    TooLong {
        /// Bytes given.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// A character that the family does not allow.
    #[error("the character {found:?} is not allowed in an id (letters, digits, '.', '_', ':' and '-' are)")]
    BadCharacter {
        /// The first such character.
        found: char,
    },
    /// Not 32 hexadecimal digits.
    #[error("the id is not 32 hexadecimal digits")]
    NotHex,
}

fn check_slug(text: &str) -> Result<(), IdError> {
    check_length(text, SLUG_LEN_MAX)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
    match text.chars().find(|c| !allowed(*c)) {
        Some(found) => Err(IdError::BadCharacter { found }),
        None => Ok(()),
    }
}

fn check_reference(text: &str) -> Result<(), IdError> {
    check_length(text, REFERENCE_LEN_MAX)?;
    match text.chars().find(|c| c.is_control()) {
        Some(found) => Err(IdError::BadCharacter { found }),
        None => Ok(()),
    }
}

fn check_length(text: &str, max: usize) -> Result<(), IdError> {
    if text.trim().is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > max {
        return Err(IdError::TooLong { len: text.len(), max });
    }
    Ok(())
}

macro_rules! text_id {
    ($name:ident, $check:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text and takes it as an id.
            ///
            /// # Errors
            /// [`IdError`] says what is wrong with the text.
            pub fn new(text: &str) -> Result<Self, IdError> {
                $check(text)?;
                Ok(Self(Arc::from(text)))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.to_string()
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(StoreId, check_slug, "One shop of the chain.");
text_id!(FloorId, check_slug, "One floor of a store.");
text_id!(ZoneId, check_slug, "One polygon with a meaning on a floor.");
text_id!(ReceiverId, check_slug, "A fixed end of the radio: a receiver that hears, or a beacon that a phone hears.");
text_id!(SensorId, check_slug, "Anything else that reports: counter, shelf, presence, door.");
text_id!(GatewayId, check_slug, "One edge box.");
text_id!(OfferId, check_slug, "Something that may be said.");
text_id!(SegmentId, check_slug, "A declared group of customers.");
text_id!(MomentId, check_slug, "A declared pattern of what happens.");
text_id!(PolicyId, check_slug, "A way to decide, by name.");
text_id!(OrderId, check_reference, "An order, by the number the shop's other systems give it.");
text_id!(ProductId, check_reference, "A product, by the name the shop's other systems give it.");
text_id!(CategoryId, check_reference, "A product category, as the catalogue names it.");
text_id!(CustomerId, check_reference, "A person with consent and a history, by the app's own user id.");
text_id!(AnonymousId, check_reference, "A visitor of the app or web page before login.");
text_id!(MessageId, check_reference, "The sender's id of one event, for idempotency.");
text_id!(TagId, check_slug, "A tag, cart, basket or card that belongs to the store.");

macro_rules! number_id {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(IdError::NotHex);
                }
                u128::from_str_radix(text, 16).map(Self).map_err(|_| IdError::NotHex)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    };
}

number_id!(DeviceId, "A phone, browser, card or tag that belongs to a customer.");
number_id!(VisitId, "One stay in a store.");
number_id!(DecisionId, "One evaluation at one moment.");
number_id!(DeliveryId, "One decision on its way to one endpoint on one channel.");
number_id!(BootId, "One run of a gateway process; its batch numbers start again with each.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slug_refuses_what_a_topic_or_a_path_would_misread() {
        assert_eq!(ZoneId::new("a/b"), Err(IdError::BadCharacter { found: '/' }));
        assert_eq!(ZoneId::new("+"), Err(IdError::BadCharacter { found: '+' }));
        assert_eq!(ZoneId::new("  "), Err(IdError::Empty));
        assert!(ZoneId::new(&"x".repeat(65)).is_err());
        assert_eq!(ZoneId::new("wine-1").expect("a slug").as_str(), "wine-1");
    }

    #[test]
    fn number_survives_a_round_trip_as_text() {
        let id = DecisionId(0xfeed);
        assert_eq!(id.to_string().parse::<DecisionId>(), Ok(id));
        assert_eq!("+0000000000000000000000000000feed".parse::<DecisionId>(), Err(IdError::NotHex));
    }
}
