//! The data that an offer rests on, told to the customer whose data they are.

use model::decision::{Explanation, Feature};
use model::shop::Shop;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Sentence, zone_name};
use crate::store::OfferRow;

/// One kind of data that an offer rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroundView {
    /// `place`, `interest`, `purchases`, `visits`, `answers`, `group`, `around`, `weather` or `time`.
    code: &'static str,
    /// The consent that it is used by: `locating` or `profiling`; null for what is of no person.
    purpose: Option<&'static str>,
    #[serde(flatten)]
    sentence: Sentence,
}

/// What an offer rests on, the customer's own data first. What was not known, or said nothing, is left out.
pub(super) fn of(row: &OfferRow, plan: Option<&Shop>) -> Vec<GroundView> {
    let zone = zone_name(plan, row.delivery.zone.as_str());
    let mut grounds = vec![ground(
        "place",
        Some("locating"),
        format!("Where you were: {zone}."),
        format!("Dove ti trovavi: {zone}."),
    )];
    let chosen = row.explanation.candidates.iter().find(|candidate| candidate.offer == row.delivery.offer);
    if let Some(intent) = chosen.map(|candidate| candidate.intent).filter(|intent| *intent > 0.0) {
        let percent = (intent * 100.0).round();
        grounds.push(ground(
            "interest",
            Some("profiling"),
            format!("What you looked at, searched for or picked up lately: an interest of {percent} % in this."),
            format!(
                "Ciò che hai guardato, cercato o preso in mano di recente: un interesse del {percent} % per questo."
            ),
        ));
    }
    grounds.extend(SEEN.iter().filter(|seen| seen.says(&row.explanation.features)).map(Seen::ground));
    grounds.extend(group(&row.explanation));
    grounds
}

fn group(explanation: &Explanation) -> Option<GroundView> {
    let segment = explanation.segment.as_ref()?;
    Some(ground(
        "group",
        Some("profiling"),
        format!("The group of customers that you belong to: {segment}."),
        format!("Il gruppo di clienti a cui appartieni: {segment}."),
    ))
}

fn ground(code: &'static str, purpose: Option<&'static str>, en: String, it: String) -> GroundView {
    GroundView { code, purpose, sentence: Sentence { en, it } }
}

/// Features that come from one kind of data; each says nothing when it is 0.
struct Seen {
    code: &'static str,
    purpose: Option<&'static str>,
    /// Names of features, or what their names begin with.
    names: &'static [&'static str],
    en: &'static str,
    it: &'static str,
}

const SEEN: [Seen; 6] = [
    Seen {
        code: "purchases",
        purpose: Some("profiling"),
        names: &["spend", "bought-before", "returns"],
        en: "What you have bought or brought back here.",
        it: "Ciò che hai comprato o restituito qui.",
    },
    Seen {
        code: "visits",
        purpose: Some("profiling"),
        names: &["visits"],
        en: "How often you have been here.",
        it: "Quante volte sei stato qui.",
    },
    Seen {
        code: "answers",
        purpose: Some("profiling"),
        names: &["relationship", "fatigue"],
        en: "How things went between you and the shop: what you were told, how you took it, visits, returns, complaints.",
        it: "Com’è andata tra te e il negozio: ciò che ti abbiamo detto, come l’hai accolto, visite, resi, reclami.",
    },
    Seen {
        code: "around",
        purpose: None,
        names: &["crowding", "company"],
        en: "How many people were around you.",
        it: "Quante persone c’erano intorno a te.",
    },
    Seen { code: "weather", purpose: None, names: &["weather:"], en: "The weather.", it: "Il tempo che fa." },
    Seen {
        code: "time",
        purpose: None,
        names: &["hour:"],
        en: "The time of the day and the week.",
        it: "L’ora del giorno e il giorno della settimana.",
    },
];

impl Seen {
    fn says(&self, features: &[Feature]) -> bool {
        let named = |feature: &Feature| self.names.iter().any(|name| feature.name.starts_with(name));
        features.iter().any(|feature| feature.value != 0.0 && named(feature))
    }

    fn ground(&self) -> GroundView {
        ground(self.code, self.purpose, self.en.to_owned(), self.it.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use model::decision::{Block, Candidate};
    use model::time::Millis;
    use model::units::{Cents, Probability};

    use super::*;
    use crate::store::OfferRow;
    use crate::testing;

    fn row(change: impl Fn(&mut Explanation)) -> OfferRow {
        let (decision, delivery) = testing::decision("anna", 7, model::time::Timestamp(0), Millis::minutes(1));
        let mut explanation = decision.explanation;
        change(&mut explanation);
        let state = model::delivery::DeliveryState::Sent;
        OfferRow { delivery, state, explanation, outcomes: vec![] }
    }

    fn codes(row: &OfferRow) -> Vec<&'static str> {
        of(row, Some(&testing::shop())).iter().map(|ground| ground.code).collect()
    }

    #[test]
    fn an_offer_names_the_data_that_it_rests_on_and_no_other() {
        let bare = row(|_| ());
        assert_eq!(codes(&bare), ["place"]);
        assert_eq!(of(&bare, Some(&testing::shop()))[0].sentence.en, "Where you were: Games.");
        let feature = |name: &str, value: f64| Feature { block: Block::Personal, name: name.into(), value };
        let offer = bare.delivery.offer.clone();
        let full = row(|explanation| {
            explanation.features = vec![feature("visits", 0.4), feature("fatigue", 0.0), feature("hour:evening", 1.0)];
            explanation.segment = Some("gold".parse().expect("a slug"));
            explanation.candidates = vec![Candidate {
                offer: offer.clone(),
                intent: 0.62,
                refused: None,
                terms: None,
                propensity: Probability::ONE,
                belief: None,
                logit: None,
                money: None,
                discount: Cents(0),
                control: false,
            }];
        });
        assert_eq!(codes(&full), ["place", "interest", "visits", "time", "group"]);
        let grounds = of(&full, None);
        assert!(grounds[1].sentence.en.contains("62 %") && grounds[1].sentence.it.contains("62 %"), "{grounds:?}");
        assert!(grounds.iter().all(|ground| (ground.purpose.is_none()) == (ground.code == "time")), "{grounds:?}");
    }
}
