//! Who is who: which names are one person's, by rules alone.
//!
//! A person has one customer id and many names: anonymous ids of browsers, devices, cards. A name that is met with a
//! customer is theirs from then on; a name that is met with many is a shared device and nobody's. Two people who have
//! logged in are never made one. Nothing here knows the store: what is known comes in, a [`Verdict`] goes out.

mod blocked;

use model::ids::CustomerId;
use model::time::Millis;

pub use blocked::is_blocked;

/// Under one name so many people may be met within [`MEETING_WINDOW`]; with one more it is shared for good.
pub const MEETINGS_MAX: u32 = 3;
/// How far back meetings count.
pub const MEETING_WINDOW: Millis = Millis::hours(30 * 24);
/// Longest name that is kept.
pub const NAME_LEN_MAX: usize = 256;

/// What kind of name it is, the most trusted first: when names disagree, the first of these wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The id of the app's own account.
    UserId,
    /// A loyalty card.
    Card,
    /// A phone, by the app's own id of it.
    Device,
    /// A browser or app before the log-in.
    AnonymousId,
}

impl Kind {
    /// The name of the kind, as it is stored and sent.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserId => "user_id",
            Self::Card => "card",
            Self::Device => "device",
            Self::AnonymousId => "anonymous_id",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::UserId, Self::Card, Self::Device, Self::AnonymousId].into_iter().find(|kind| kind.name() == name)
    }

    /// How many names of this kind one customer may have; further ones are not linked.
    #[must_use]
    pub const fn limit(self) -> u32 {
        match self {
            Self::UserId => 1,
            Self::Card => 5,
            Self::Device => 10,
            Self::AnonymousId => 100,
        }
    }
}

/// One name of a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// What it is.
    pub kind: Kind,
    /// The name itself.
    pub value: String,
}

impl Name {
    /// A name that may stand for a person: bounded, without control characters, and none that everybody has.
    #[must_use]
    pub fn new(kind: Kind, value: &str) -> Option<Self> {
        let value = value.trim();
        let fits = value.len() <= NAME_LEN_MAX && !value.chars().any(char::is_control) && !is_blocked(value);
        fits.then(|| Self { kind, value: value.to_owned() })
    }
}

/// What is known of a name when it is met together with a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// It was found to be a shared device before.
    pub is_shared: bool,
    /// Whose it is now.
    pub owner: Option<CustomerId>,
    /// It is somebody else's who has logged in, or an account by itself: a person, not just a browser.
    pub is_user: bool,
    /// The customer that this name was before anybody logged in, when something is kept of it.
    pub visitor: Option<CustomerId>,
    /// How many customers were met under it within the window, the one of now among them.
    pub met: u32,
    /// How many names of this kind the customer of now has.
    pub held: u32,
}

/// What to do about a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is theirs already.
    Same,
    /// It is theirs from now on.
    Link,
    /// What is kept of a visitor goes into the customer, and the name with it.
    Merge {
        /// Who is no more.
        from: CustomerId,
        /// Who goes on.
        into: CustomerId,
    },
    /// Many use it: it is counted, and nobody's.
    Shared,
    /// It stays as it is, for this reason.
    Refused(&'static str),
}

/// Whether a customer is only a browser or a device so far, of which nobody has said who uses it.
#[must_use]
pub fn is_visitor(customer: &CustomerId) -> bool {
    ["anonymous:", "device:"].iter().any(|word| customer.as_str().starts_with(word))
}

/// Judges a name of `kind` that was met together with `customer`.
#[must_use]
pub fn judge(known: &Known, kind: Kind, customer: &CustomerId) -> Verdict {
    if known.is_shared || known.met > MEETINGS_MAX {
        return Verdict::Shared;
    }
    match &known.owner {
        Some(owner) if owner == customer => return Verdict::Same,
        Some(_) | None if known.is_user => return Verdict::Refused("another-user"),
        Some(_) | None => {}
    }
    if known.held >= kind.limit() {
        return Verdict::Refused("limit");
    }
    let from = known.owner.as_ref().or(known.visitor.as_ref()).filter(|from| *from != customer);
    match from {
        Some(from) => Verdict::Merge { from: from.clone(), into: customer.clone() },
        None => Verdict::Link,
    }
}

#[cfg(test)]
mod tests;
