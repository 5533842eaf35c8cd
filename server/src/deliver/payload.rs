//! What a device is told of an offer: the text in its language, the push message, and the key under which copies collapse.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::delivery::Delivery;
use model::ids::DecisionId;
use model::offer::{Content, Language, Text};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::live::to_rfc3339;

/// The push message, before encryption.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    v: u8,
    id: String,
    offer_id: &'a str,
    title: &'a str,
    body: &'a str,
    expires_at: String,
    receipt: &'a str,
}

/// The text in a language, or in English, or in whatever there is.
#[must_use]
pub fn text(content: &Content, language: Option<Language>) -> Option<&Text> {
    let wanted = language.and_then(|language| content.get(&language));
    wanted.or_else(|| content.get(&Language::En)).or_else(|| content.values().next())
}

/// The push message as JSON; none when the offer has no text at all.
#[must_use]
pub fn push(delivery: &Delivery, language: Option<Language>, receipt: &str) -> Option<Vec<u8>> {
    let text = text(&delivery.content, language)?;
    let payload = Payload {
        v: 1,
        id: delivery.decision.to_string(),
        offer_id: delivery.offer.as_str(),
        title: &text.title,
        body: &text.body,
        expires_at: to_rfc3339(delivery.expires_at),
        receipt,
    };
    serde_json::to_vec(&payload).ok()
}

/// The collapse key: 32 characters of base64url, so that a push service keeps one copy of a decision.
#[must_use]
pub fn topic(decision: DecisionId) -> String {
    let mut topic = URL_SAFE_NO_PAD.encode(Sha256::digest(decision.0.to_be_bytes()));
    topic.truncate(32);
    topic
}

#[cfg(test)]
pub(crate) mod tests {
    use model::decision::Explanation;
    use model::delivery::DeliveryState;
    use model::ids::{CustomerId, DeliveryId, OfferId, StoreId, ZoneId};
    use model::offer::Channel;
    use model::time::Timestamp;
    use model::units::Cents;

    use super::*;
    use crate::store::OfferRow;

    pub(crate) fn offer_row() -> OfferRow {
        let said = |title: &str| Text { title: title.into(), body: "Body".into() };
        let delivery = Delivery {
            id: DeliveryId(9),
            decision: DecisionId(7),
            customer: CustomerId::new("u-1").expect("an id"),
            store: StoreId::new("milano").expect("an id"),
            offer: OfferId::new("wine-10").expect("an id"),
            zone: ZoneId::new("wine").expect("an id"),
            content: Content::from([(Language::En, said("Wine")), (Language::It, said("Vino"))]),
            decided_at: Timestamp(1_000),
            expires_at: Timestamp(301_000),
            discount: Cents(0),
            channel: Channel::Push,
            price: None,
        };
        OfferRow { delivery, state: DeliveryState::Sending, explanation: Explanation::default(), outcomes: vec![] }
    }

    #[test]
    fn the_message_holds_what_the_page_needs_and_speaks_its_language() {
        let row = offer_row();
        let read = |language| -> serde_json::Value {
            serde_json::from_slice(&push(&row.delivery, language, "r").expect("a text")).expect("json")
        };
        let expect = serde_json::json!({"v": 1, "id": format!("{:032x}", 7), "offerId": "wine-10", "title": "Vino",
            "body": "Body", "expiresAt": "1970-01-01T00:05:01.000Z", "receipt": "r"});
        assert_eq!(read(Some(Language::It)), expect);
        assert_eq!(read(None)["title"], "Wine");
    }

    #[test]
    fn a_topic_is_32_characters_and_belongs_to_one_decision() {
        assert_eq!(topic(DecisionId(1)).len(), 32);
        assert_eq!(topic(DecisionId(1)), topic(DecisionId(1)));
        assert_ne!(topic(DecisionId(1)), topic(DecisionId(2)));
        assert!(topic(DecisionId(1)).bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    }

    #[test]
    fn an_offer_of_the_longest_text_fits_one_push_message() {
        let mut row = offer_row();
        let long = Text { title: "è".repeat(80), body: "\u{20ac}".repeat(240) };
        row.delivery.content = Content::from([(Language::It, long)]);
        let receipt = crate::auth::token::receipt(
            &crate::secret::ServerSecret::new([1; 32]),
            row.delivery.decision,
            model::ids::DeviceId(1),
        );
        let message = push(&row.delivery, None, &receipt).expect("a text");
        assert!(message.len() < crate::deliver::webpush::encrypt::PLAINTEXT_LEN_MAX, "{}", message.len());
    }
}
