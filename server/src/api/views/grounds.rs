//! The data that an offer rests on, told to the customer whose data they are.

use decide::features;
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
    /// `place`, `movement`, `interest`, `purchases`, `visits`, `wait`, `answers`, `contacts`, `wishes`, `group`,
    /// `around`, `weather` or `time`.
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
    /// Kinds of features.
    kinds: &'static [&'static str],
    en: &'static str,
    it: &'static str,
}

const SEEN: [Seen; 10] = [
    Seen {
        code: "movement",
        purpose: Some("locating"),
        kinds: &["dwell", "trigger", "speed", "distance"],
        en: "What you did there: whether you came in, stayed or asked, how you walked, and how far the product was.",
        it: "Ciò che hai fatto lì: se sei arrivato, rimasto o hai chiesto, come camminavi e quanto era lontano il prodotto.",
    },
    Seen {
        code: "purchases",
        purpose: Some("profiling"),
        kinds: &["spend", "bought-before", "returns"],
        en: "What you have bought or brought back here.",
        it: "Ciò che hai comprato o restituito qui.",
    },
    Seen {
        code: "visits",
        purpose: Some("profiling"),
        kinds: &["visits"],
        en: "How often you have been here.",
        it: "Quante volte sei stato qui.",
    },
    Seen {
        code: "wait",
        purpose: Some("profiling"),
        kinds: &["wait"],
        en: "How long you waited at the till.",
        it: "Quanto hai aspettato alla cassa.",
    },
    Seen {
        code: "answers",
        purpose: Some("profiling"),
        kinds: &["relationship", "fatigue", "complaint"],
        en: "How things went between you and the shop: what you were told, how you took it, visits, returns, complaints.",
        it: "Com’è andata tra te e il negozio: ciò che ti abbiamo detto, come l’hai accolto, visite, resi, reclami.",
    },
    Seen {
        code: "contacts",
        purpose: Some("profiling"),
        kinds: &["contacts"],
        en: "How often you were written to in the last day, by e-mail too.",
        it: "Quante volte ti è stato scritto nell’ultimo giorno, anche per e-mail.",
    },
    Seen {
        code: "wishes",
        purpose: Some("profiling"),
        kinds: &["muted", "a-day", "own-channel", "own-hours"],
        en: "What you have said of what you want to be told, how often, where and when.",
        it: "Ciò che hai detto di voler sapere, quanto spesso, dove e quando.",
    },
    Seen {
        code: "around",
        purpose: None,
        kinds: &["crowding", "company"],
        en: "How many people were around you.",
        it: "Quante persone c’erano intorno a te.",
    },
    Seen { code: "weather", purpose: None, kinds: &["weather"], en: "The weather.", it: "Il tempo che fa." },
    Seen {
        code: "time",
        purpose: None,
        kinds: &["hour", "weekend"],
        en: "The time of the day and the week.",
        it: "L’ora del giorno e il giorno della settimana.",
    },
];

impl Seen {
    fn says(&self, seen: &[Feature]) -> bool {
        let is_of_it = |feature: &Feature| self.kinds.contains(&features::kind(&feature.name));
        seen.iter().any(|feature| feature.value != 0.0 && is_of_it(feature))
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
                also: None,
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

    #[test]
    fn whatever_the_model_sees_of_a_customer_is_told_to_them() {
        // What an offer costs is no data of anybody; the place and the interest are told in sentences of their own.
        let (offer, own) = (["discount", "category-offer", "price"], ["zone", "intent"]);
        for kind in features::KINDS {
            let told = |name: String| {
                let value = 0.5;
                let seen = Feature { block: Block::Personal, name, value };
                codes(&row(|explanation| explanation.features = vec![seen.clone()])).len() - 1
            };
            let expect = usize::from(!offer.contains(&kind) && !own.contains(&kind));
            assert_eq!((told(kind.to_owned()), told(format!("{kind}:x"))), (expect, expect), "{kind}");
        }
        for (kind, code) in [
            ("wait", "wait"),
            ("contacts", "contacts"),
            ("complaint", "answers"),
            ("muted", "wishes"),
            ("a-day", "wishes"),
            ("own-channel", "wishes"),
            ("own-hours", "wishes"),
            ("dwell", "movement"),
            ("weekend", "time"),
        ] {
            let seen = Feature { block: Block::Personal, name: kind.into(), value: 1.0 };
            assert_eq!(codes(&row(|explanation| explanation.features = vec![seen.clone()])), ["place", code]);
        }
    }

    #[test]
    fn the_page_has_a_word_in_both_languages_for_whatever_the_model_sees() {
        for words in [
            include_str!("../../../web/src/lang/en/decisions.ts"),
            include_str!("../../../web/src/lang/it/decisions.ts"),
        ] {
            let block = words.split("  feature: {").nth(1).and_then(|rest| rest.split("\n  },").next());
            let block = block.expect("the words");
            let keys: Vec<&str> =
                block.lines().filter_map(|line| Some(line.trim().split_once(": ")?.0.trim_matches('"'))).collect();
            for kind in features::KINDS {
                assert!(keys.contains(&kind), "no word for {kind}: {keys:?}");
            }
        }
    }
}
