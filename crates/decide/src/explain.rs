//! Plain sentences, in English and Italian: why an offer was made, and why not. They speak to the customer.

use model::consent::Purpose;
use model::decision::{Choice, Refusal, StageKind};
use model::event::Interest;
use model::ids::{OfferId, ProductId, ZoneId};
use model::offer::{CapScope, Language};
use model::shop::Shop;
use model::time::Timestamp;

use crate::evaluate::{self, Context, Ghost};
use crate::local;

/// The two sentences of a decision, by the intent towards what was chosen and what that rests on, and by the refusal that
/// mattered most.
pub(crate) fn decision(
    context: &Context<'_>,
    intent: (f64, Option<Interest>),
    weightiest: Option<(&OfferId, &Refusal)>,
    choice: &Choice,
    ghost: Ghost,
) -> (String, String) {
    let say = |language| {
        let words = Words { shop: context.catalogue, now: context.now, language };
        match choice {
            Choice::Offer { offer } if ghost != Ghost::default() => words.ghost(offer, ghost),
            Choice::Offer { offer } => words.offer(context, intent, offer),
            Choice::Silence { code } => words.silence(code, weightiest),
        }
    };
    (say(Language::En), say(Language::It))
}

/// Why an offer was not made, as one sentence.
#[must_use]
pub fn refusal(shop: &Shop, now: Timestamp, refusal: &Refusal, language: Language) -> String {
    let words = Words { shop, now, language };
    words.not_sent(&words.refusal(refusal))
}

mod offer;

struct Words<'a> {
    shop: &'a Shop,
    now: Timestamp,
    language: Language,
}

impl Words<'_> {
    fn pick(&self, en: String, it: String) -> String {
        match self.language {
            Language::En => en,
            Language::It => it,
        }
    }

    fn not_sent(&self, why: &str) -> String {
        self.pick(format!("not sent: {why}"), format!("non inviata: {why}"))
    }

    fn offer(&self, context: &Context<'_>, (intent, because): (f64, Option<Interest>), offer: &OfferId) -> String {
        let (subject, zone) = (self.subject(offer), self.zone(&context.moment.zone));
        let interest = match because.and_then(|interest| self.source(interest)) {
            Some(source) => format!("{}, {source}", percent(intent)),
            None => percent(intent),
        };
        self.pick(
            format!("sent: you are interested in {subject} ({interest}) and are here, in {zone}"),
            format!("inviata: ti interessa {subject} ({interest}) e sei qui, in {zone}"),
        )
    }

    /// Where an interest was told, in words; what lowers an intent is no reason for it.
    fn source(&self, interest: Interest) -> Option<String> {
        let (en, it) = match interest {
            Interest::Listed => ("from a list that you saw", "da un elenco che hai visto"),
            Interest::Viewed => ("seen in the app or on the web", "visto nell'app o sul web"),
            Interest::Added => ("from your cart", "dal tuo carrello"),
            Interest::Wished => ("from your wish list", "dalla tua lista dei desideri"),
            Interest::Shared => ("from what you shared or reviewed", "da quanto hai condiviso o recensito"),
            // A shelf's sensor tells what was taken, and who took it is only likely.
            Interest::PickedUp => ("probably taken from the shelf", "probabilmente preso dallo scaffale"),
            Interest::MoreWanted => ("you asked for more like it", "hai chiesto altre proposte simili"),
            Interest::Removed | Interest::Unwished | Interest::PutBack => return None,
        };
        Some(self.pick(en.to_owned(), it.to_owned()))
    }

    fn ghost(&self, offer: &OfferId, ghost: Ghost) -> String {
        let why = if ghost.holdout {
            self.refusal(&Refusal::Holdout)
        } else if ghost.control {
            self.pick(
                "you are among those kept without this offer, to measure what it changes".into(),
                "fai parte di chi resta senza questa offerta, per misurare che cosa cambia".into(),
            )
        } else {
            self.stage(StageKind::Shadow)
        };
        self.of(&self.not_sent(&why), offer)
    }

    fn silence(&self, code: &str, weightiest: Option<(&OfferId, &Refusal)>) -> String {
        let plain = match code {
            evaluate::NO_OFFER => self.pick("the store has no offers".into(), "il negozio non ha offerte".into()),
            evaluate::NOT_WORTH_IT => self
                .pick("no offer was worth your attention".into(), "nessuna offerta meritava la tua attenzione".into()),
            evaluate::EXPLORE => self.pick(
                "silence was tried this time, to learn what offers change".into(),
                "questa volta si è provato il silenzio, per capire che cosa cambiano le offerte".into(),
            ),
            _ => {
                let Some((offer, refusal)) = weightiest else { return self.not_sent(code) };
                return self.of(&self.not_sent(&self.refusal(refusal)), offer);
            }
        };
        self.not_sent(&plain)
    }

    fn refusal(&self, refusal: &Refusal) -> String {
        match refusal {
            Refusal::Schedule { paused, starts, ends } => self.schedule(*paused, *starts, *ends),
            Refusal::Consent { missing } => self.consent(*missing),
            Refusal::Place { zone, probability } => self.place(zone, probability.get()),
            Refusal::Bought { at, .. } => {
                let day = self.day(*at);
                self.pick(format!("you bought it {day}"), format!("l'hai comprato {day}"))
            }
            Refusal::Cap { told, times, hours, scope } => self.cap(*scope, *told, *times, *hours),
            Refusal::Pause { last, seconds } => {
                let ago = self.now.since(*last).0.max(0) / 1_000;
                self.pick(
                    format!("you were told something {ago} s ago, and {seconds} s must pass"),
                    format!("ti abbiamo scritto {ago} s fa, e devono passare {seconds} s"),
                )
            }
            Refusal::QuietHours { local } => self.pick(
                format!("the store keeps quiet at this hour ({local})"),
                format!("a quest'ora il negozio non disturba ({local})"),
            ),
            Refusal::Intent { intent, min } => {
                let (intent, min) = (percent(*intent), percent(*min));
                self.pick(
                    format!("your interest is too low ({intent} of {min})"),
                    format!("il tuo interesse è troppo basso ({intent} su {min})"),
                )
            }
            Refusal::Complaint { until } => {
                let until = local::wall_clock(&self.shop.store.timezone, *until).date();
                self.pick(
                    format!("you complained, and until {until} nothing is promoted to you"),
                    format!("ci hai fatto un reclamo, e fino al {until} non ti proponiamo nulla"),
                )
            }
            Refusal::Preference { what } => self.preference(what),
            Refusal::Holdout => self.pick(
                "you are among those kept without offers, to measure what offers change".into(),
                "fai parte di chi resta senza offerte, per misurare che cosa cambiano".into(),
            ),
            Refusal::Approval { .. }
            | Refusal::Stage { .. }
            | Refusal::Moment { .. }
            | Refusal::Sensitive { .. }
            | Refusal::Age { .. }
            | Refusal::Stock { .. }
            | Refusal::Price { .. }
            | Refusal::Margin { .. }
            | Refusal::Segment { .. }
            | Refusal::Channel { .. }
            | Refusal::Still { .. }
            | Refusal::Rule { .. }
            | Refusal::Budget { .. } => self.of_the_offer(refusal),
        }
    }

    fn schedule(&self, paused: bool, starts: Option<Timestamp>, ends: Option<Timestamp>) -> String {
        if paused {
            return self.pick("the offer is paused".into(), "l'offerta è sospesa".into());
        }
        let minute = |at| local::wall_clock(&self.shop.store.timezone, at).strftime("%Y-%m-%d %H:%M").to_string();
        match (starts.filter(|starts| self.now < *starts), ends) {
            (Some(starts), _) => {
                let at = minute(starts);
                self.pick(format!("the offer starts on {at}"), format!("l'offerta comincia il {at}"))
            }
            (None, Some(ends)) => {
                let at = minute(ends);
                self.pick(format!("the offer ended on {at}"), format!("l'offerta è finita il {at}"))
            }
            (None, None) => self.pick("the offer is not valid now".into(), "l'offerta non è valida ora".into()),
        }
    }

    fn consent(&self, missing: Purpose) -> String {
        match missing {
            Purpose::Locating => self.pick(
                "you have not allowed being located in the store".into(),
                "non hai consentito di essere localizzato nel negozio".into(),
            ),
            Purpose::Profiling => self.pick(
                "you have not allowed your interests to be kept".into(),
                "non hai consentito di conservare i tuoi interessi".into(),
            ),
            Purpose::MarketingPush => self.pick(
                "you have not allowed offers by push".into(),
                "non hai consentito di ricevere offerte push".into(),
            ),
        }
    }

    fn place(&self, zone: &ZoneId, probability: f64) -> String {
        let name = self.zone(zone);
        if probability < crate::gates::place::PROBABILITY_MIN {
            let sure = percent(probability);
            return self.pick(
                format!("it is not sure enough that you are in {name} ({sure})"),
                format!("non è abbastanza sicuro che tu sia in {name} ({sure})"),
            );
        }
        self.pick(format!("you are in {name}, and it is for another place"), format!("sei in {name}, e vale altrove"))
    }

    fn day(&self, at: Timestamp) -> String {
        match local::days_between(&self.shop.store.timezone, at, self.now) {
            ..=0 => self.pick("today".into(), "oggi".into()),
            1 => self.pick("yesterday".into(), "ieri".into()),
            days => self.pick(format!("{days} days ago"), format!("{days} giorni fa")),
        }
    }

    /// What an offer was not made to count over.
    fn cap(&self, scope: CapScope, told: u32, times: u32, hours: u32) -> String {
        let (en, it) = match scope {
            CapScope::Offer | CapScope::All => ("", ""),
            CapScope::Category => (" about its category", " di questa categoria"),
            CapScope::Brand => (" about its brand", " di questa marca"),
        };
        self.pick(
            format!("you were told {told} of at most {times} times in {hours} hours{en}"),
            format!("te l'abbiamo detto {told} volte su {times} in {hours} ore{it}"),
        )
    }

    /// The sentence, and which offer it is about.
    fn of(&self, sentence: &str, offer: &OfferId) -> String {
        let content = self.shop.offer(offer).map(|offer| &offer.content);
        let text = content.and_then(|content| content.get(&self.language).or_else(|| content.values().next()));
        text.map_or_else(|| sentence.to_owned(), |text| format!("{sentence} ({})", text.title))
    }

    /// What an offer is about, in words.
    fn subject(&self, offer: &OfferId) -> String {
        let Some(offer) = self.shop.offer(offer) else { return offer.to_string() };
        match (&offer.product, &offer.category) {
            (Some(product), _) => self.product(product),
            (None, Some(category)) => category.to_string(),
            (None, None) => offer.id.to_string(),
        }
    }

    fn product(&self, id: &ProductId) -> String {
        self.shop.product(id).map_or_else(|| id.to_string(), |product| product.name.clone())
    }

    fn zone(&self, id: &ZoneId) -> String {
        self.shop.zone(id).map_or_else(|| id.to_string(), |zone| zone.name.clone())
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests;
