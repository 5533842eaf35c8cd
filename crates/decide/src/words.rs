//! People's weights and pins, and the customers who are decided on without them, so that what they bring can be measured.
//!
//! Only what moves an offer up or down is put aside; a ban, an approval and every gate hold for everybody.

use model::decision::Word;
use model::ids::{CustomerId, OfferId};

use crate::evaluate::Context;
use crate::evaluate::listed::{self, Fates, LISTED_ALL};
use crate::keyed;
use crate::scene::Scene;

/// Whether a customer is one of this share without people's words: sticky, as the holdout is, and drawn apart from it.
#[must_use]
pub fn is_aside(seed: u64, customer: &CustomerId, share: f64) -> bool {
    keyed::share(seed, "words", &[customer.as_str().as_bytes()]) < share
}

/// The weight and the pin that count for this customer.
pub(crate) fn counting(context: &Context<'_>, scene: &Scene<'_>, offer: &OfferId) -> (f64, bool) {
    let said = if scene.words_aside { None } else { context.levers.get(offer) };
    said.map_or((1.0, false), |lever| (lever.weight, lever.pin))
}

/// The weights and pins of the offers that every gate let pass: both sides meet the same ones, so that they can be
/// compared. Who is kept without an offer can't hear it however it weighs, and is left out.
pub(crate) fn met(context: &Context<'_>, fates: &Fates) -> Vec<Word> {
    let share = context.catalogue.store.words_aside;
    if context.levers.is_empty() {
        return Vec::new();
    }
    let word = |index: usize| {
        let offer = &context.catalogue.offers[index];
        let lever = context.levers.get(&offer.id).filter(|lever| lever.says())?;
        let kept = listed::is_kept_without(context, offer);
        (!kept).then(|| Word { offer: offer.id.clone(), weight: lever.weight, pin: lever.pin, share })
    };
    fates.ranked.iter().filter_map(|(index, _)| word(*index)).take(LISTED_ALL).collect()
}
