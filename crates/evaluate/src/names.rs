//! Names of recordings as ids: what is one already stays as it is, anything else gets one made from it.

use model::ids::{FloorId, ReceiverId, SLUG_LEN_MAX, TagId, ZoneId};

/// Longest readable part of a made id.
const HEAD_MAX: usize = SLUG_LEN_MAX - 17;

/// The id of a receiver or a beacon with this name.
#[must_use]
pub fn receiver(name: &str) -> ReceiverId {
    ReceiverId::new(&slug(name)).expect("a slug is an id")
}

/// The id of a zone with this name.
#[must_use]
pub fn zone(name: &str) -> ZoneId {
    ZoneId::new(&slug(name)).expect("a slug is an id")
}

/// The id of a floor with this name.
#[must_use]
pub fn floor(name: &str) -> FloorId {
    FloorId::new(&slug(name)).expect("a slug is an id")
}

/// The id of a tag that stands for a device of this name; devices without a name share one.
#[must_use]
pub fn tag(name: &str) -> TagId {
    TagId::new(&slug(if name.is_empty() { "tag" } else { name })).expect("a slug is an id")
}

/// The name itself where it can be an id; else what of it can be, with its fingerprint, so that two names never share one.
fn slug(name: &str) -> String {
    if ZoneId::new(name).is_ok() {
        return name.to_owned();
    }
    let head: String = name
        .chars()
        .take(HEAD_MAX)
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-') { c } else { '-' })
        .collect();
    format!("{head}-{:016x}", fingerprint(name.as_bytes()))
}

/// FNV-1a: the same on every machine and in every version.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_id_stays_and_anything_else_gets_one() {
        assert_eq!(zone("F1_002").as_str(), "F1_002");
        assert_eq!(receiver("E0:78:A3:3D:B5:D6").as_str(), "E0:78:A3:3D:B5:D6");
        assert!(zone("Café / 1").as_str().starts_with("Caf----1-"));
        assert_ne!(zone("a/b"), zone("a+b"));
        assert_eq!(zone(&"x".repeat(200)).as_str().len(), SLUG_LEN_MAX);
        assert_eq!(tag("").as_str(), "tag");
    }
}
