//! Sentences about refusals that lie with the offer, the shop or the customer's wishes.

use model::decision::{Refusal, StageKind};
use model::units::Cents;

use super::Words;

impl Words<'_> {
    /// Why an offer itself may not be said here and now.
    pub(super) fn of_the_offer(&self, refusal: &Refusal) -> String {
        let say = |en: &str, it: &str| self.pick(en.to_owned(), it.to_owned());
        match refusal {
            Refusal::Approval { stopped: true, .. } => {
                say("it did harm and was stopped by itself", "faceva danno e si è fermata da sola")
            }
            Refusal::Approval { banned: true, .. } => say("the shop has banned it", "il negozio l'ha vietata"),
            Refusal::Approval { .. } => say("nobody has approved it yet", "nessuno l'ha ancora approvata"),
            Refusal::Stage { stage, .. } => self.stage(*stage),
            Refusal::Moment { now } => self
                .pick(format!("it is for other moments than {now:?}"), format!("vale per momenti diversi da {now:?}")),
            Refusal::Sensitive { product } => {
                let name = self.product(product);
                self.pick(format!("nothing is ever said about {name}"), format!("di {name} non si parla mai"))
            }
            Refusal::Age { min } => self.pick(
                format!("it is for those who have said that they are {min} or older"),
                format!("è per chi ha dichiarato di avere almeno {min} anni"),
            ),
            Refusal::Stock { product } => {
                let name = self.product(product);
                self.pick(format!("{name} is sold out"), format!("{name} è esaurito"))
            }
            Refusal::Price { quoted, now } => {
                let (quoted, now) = (money(*quoted), money(*now));
                self.pick(
                    format!("its text says {quoted}, and the price is {now}"),
                    format!("il testo dice {quoted}, e il prezzo è {now}"),
                )
            }
            Refusal::Margin { least, now } => {
                let (least, now) = (money(*least), money(*now));
                self.pick(
                    format!("the shop would earn {now} on it, and needs {least}"),
                    format!("il negozio ci guadagnerebbe {now}, e gliene servono {least}"),
                )
            }
            Refusal::Segment { .. } => say("it is for other customers", "è per altri clienti"),
            Refusal::Channel { .. } => say("it is not said in this way", "non si comunica in questo modo"),
            Refusal::Still { till: true, .. } => {
                say("nobody is disturbed at the till", "alla cassa non si disturba nessuno")
            }
            Refusal::Still { .. } => say("you were walking by", "stavi passando oltre"),
            Refusal::Rule { error: None } => say("its rule does not hold", "la sua regola non è soddisfatta"),
            Refusal::Rule { error: Some(error) } => self.pick(
                format!("its rule can't be decided ({error})"),
                format!("la sua regola non si può decidere ({error})"),
            ),
            Refusal::Budget { budget, kept: 0 } => self.pick(
                format!("all {budget} of this offer are taken"),
                format!("tutte le {budget} di questa offerta sono finite"),
            ),
            Refusal::Budget { budget, kept } => self.pick(
                format!("of {budget} of this offer the last {kept} are kept for other customers"),
                format!("di {budget} di questa offerta le ultime {kept} sono per altri clienti"),
            ),
            Refusal::Schedule { .. }
            | Refusal::Consent { .. }
            | Refusal::Place { .. }
            | Refusal::Bought { .. }
            | Refusal::Complaint { .. }
            | Refusal::Preference { .. }
            | Refusal::Cap { .. }
            | Refusal::Pause { .. }
            | Refusal::QuietHours { .. }
            | Refusal::Intent { .. }
            | Refusal::Holdout => self.refusal(refusal),
        }
    }

    pub(super) fn stage(&self, stage: StageKind) -> String {
        let (en, it) = match stage {
            StageKind::Live => ("it is let out", "è attiva"),
            StageKind::Pilot => {
                ("it is being tried elsewhere or with others", "è in prova altrove o con altri clienti")
            }
            StageKind::Shadow => ("it only runs in shadow", "è solo in prova silenziosa"),
        };
        self.pick(en.to_owned(), it.to_owned())
    }

    pub(super) fn preference(&self, what: &str) -> String {
        let (en, it) = match what {
            "offer" => ("you do not want this offer", "non vuoi questa offerta"),
            "category" => ("you want nothing of this kind", "non vuoi nulla di questo genere"),
            "brand" => ("you want nothing of this brand", "non vuoi nulla di questa marca"),
            "later" => ("you said not now", "hai detto non ora"),
            "channel" => ("you do not want to be told in this way", "non vuoi essere avvisato in questo modo"),
            "quiet" => ("you want no messages at this hour", "a quest'ora non vuoi messaggi"),
            "a-day" => ("you were told as often today as you want", "oggi ti abbiamo già scritto quanto volevi"),
            _ => ("you do not want it", "non la vuoi"),
        };
        self.pick(en.to_owned(), it.to_owned())
    }
}

/// Cents as people write them, without a currency.
fn money(amount: Cents) -> String {
    let (sign, cents) = (if amount.0 < 0 { "-" } else { "" }, amount.0.unsigned_abs());
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}
