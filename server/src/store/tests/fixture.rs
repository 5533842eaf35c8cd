//! Values for the story.

use std::collections::BTreeMap;

use model::consent::{Consent, ConsentRecord};
use model::decision::{Around, Choice, Decision, Explanation, Moment, Trigger};
use model::delivery::Delivery;
use model::ids::{AnonymousId, CustomerId, DecisionId, DeliveryId, DeviceId, OfferId, StoreId, VisitId, ZoneId};
use model::offer::{Channel, Language, Text};
use model::presence::{Presence, PresenceKind, PresenceReason};
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use model::units::{Cents, Probability};

use crate::store::{Device, PushEndpoint};

/// When the story begins.
pub(super) const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// So many seconds into the story.
pub(super) fn after(seconds: i64) -> Timestamp {
    NOW + Millis::seconds(seconds)
}

pub(super) fn shop() -> StoreId {
    StoreId::new("milano").expect("an id")
}

pub(super) fn zone() -> ZoneId {
    ZoneId::new("wine").expect("an id")
}

pub(super) fn offer(id: &str) -> OfferId {
    OfferId::new(id).expect("an id")
}

pub(super) fn customer(id: &str) -> CustomerId {
    CustomerId::new(id).expect("an id")
}

pub(super) fn consent(locating: bool, profiling: bool) -> ConsentRecord {
    let consent = Consent { locating, profiling, marketing_push: true };
    ConsentRecord { consent, at: NOW, text_version: "v1".into(), channel: "app".into() }
}

pub(super) fn device(id: u128, owner: &str) -> Device {
    Device {
        id: DeviceId(id),
        customer: customer(owner),
        anonymous: AnonymousId::new("visitor").ok(),
        platform: "web".into(),
        language: Some(Language::It),
        push: Some(PushEndpoint { endpoint: "https://p/1".into(), p256dh: "k".into(), auth: "a".into() }),
        created_at: NOW,
    }
}

pub(super) fn decision(id: u128, who: &str, at: Timestamp, silent: bool) -> Decision {
    let choice =
        if silent { Choice::Silence { code: "intent".into() } } else { Choice::Offer { offer: offer("wine-week") } };
    Decision {
        id: DecisionId(id),
        customer: customer(who),
        moment: Moment {
            store: shop(),
            visit: VisitId(1),
            zone: zone(),
            trigger: Trigger::Dwelling,
            at,
            dwell: Millis::seconds(8),
            probability: Probability::clamped(0.9),
            pattern: None,
            channel: Channel::Push,
            placement: None,
            around: Around::default(),
        },
        choice,
        propensity: Probability::clamped(0.1 + 0.2),
        holdout: false,
        control: false,
        shadow: false,
        policy: model::policy::Policy::default().id,
        model: 0,
        epoch: 0,
        words_aside: false,
        words: Vec::new(),
        explanation: Explanation { en: "Because \u{0000} of \"quotes\".".into(), ..Explanation::default() },
    }
}

pub(super) fn delivery(id: u128, who: &str) -> Delivery {
    let text = Text { title: "Vino".into(), body: "−10 %".into() };
    Delivery {
        id: DeliveryId(id),
        decision: DecisionId(id),
        customer: customer(who),
        store: shop(),
        offer: offer("wine-week"),
        zone: zone(),
        content: BTreeMap::from([(Language::It, text)]),
        decided_at: after(i64::try_from(id).expect("small")),
        expires_at: after(300),
        discount: Cents(0),
        channel: Channel::Push,
        price: None,
    }
}

pub(super) fn presence(visit: u128, kind: PresenceKind, at: i64) -> Presence {
    Presence {
        store: shop(),
        subject: Subject::Device(DeviceId(1)),
        zone: zone(),
        kind,
        at: after(at),
        since: after(0),
        probability: Probability::clamped(0.8),
        visit: VisitId(visit),
        reason: PresenceReason { rule: "enter-probability".into(), ..PresenceReason::default() },
    }
}
