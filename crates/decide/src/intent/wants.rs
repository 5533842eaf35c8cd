//! What is wanted of a catalogue's things, by their places: found once for all offers of a decision.

use model::product::Product;

use super::{BRAND_SPILL, Level, SPILL, saturate};
use crate::catalogue::{Catalogue, Topic};

/// What is wanted of one product of the catalogue.
#[derive(Debug, Clone, Copy)]
struct Near {
    evidence: f64,
    bought: bool,
    /// Whether its evidence is among its category's.
    counted: bool,
}

/// How much everything in a catalogue is wanted at one time.
#[derive(Debug)]
pub(crate) struct Wants<'a> {
    catalogue: &'a Catalogue,
    level: Level<'a>,
    products: Vec<Option<Near>>,
    categories: Vec<f64>,
    brands: Vec<f64>,
}

impl<'a> Wants<'a> {
    /// Finds the place of everything that is wanted.
    pub(crate) fn new(catalogue: &'a Catalogue, level: Level<'a>) -> Self {
        let (categories, brands) = catalogue.topics_len();
        let mut wants = Self {
            products: vec![None; catalogue.products.len()],
            categories: vec![0.0; categories],
            brands: vec![0.0; brands],
            catalogue,
            level,
        };
        for (id, own) in &wants.level.products {
            let Some(place) = catalogue.place_of(id) else { continue };
            let counted = own.category == Some(&catalogue.products[place].category);
            wants.products[place] = Some(Near { evidence: own.evidence, bought: own.bought, counted });
        }
        for (id, evidence) in &wants.level.categories {
            let place = catalogue.topic_named(Some(id), None).category;
            place.into_iter().for_each(|place| wants.categories[place] = *evidence);
        }
        for (name, evidence) in &wants.level.brands {
            let place = catalogue.topic_named(None, Some(name)).brand;
            place.into_iter().for_each(|place| wants.brands[place] = *evidence);
        }
        wants
    }

    /// Intent towards what an offer is about, 0 to 1.
    pub(crate) fn towards(&self, offer: usize) -> f64 {
        let declared = &self.catalogue.offers[offer];
        let topic = self.catalogue.topic_of(offer);
        match (&declared.product, self.catalogue.products_of(offer)) {
            (Some(_), [product]) => self.of(*product, topic),
            (Some(_), _) => self.level.towards(self.catalogue, offer),
            (None, _) => topic.category.map_or(0.0, |category| saturate(self.categories[category])),
        }
    }

    /// Intent towards a product, by its place, 0 to 1.
    pub(crate) fn product(&self, place: usize) -> f64 {
        self.of(place, self.catalogue.topic_of_product(place))
    }

    /// The products that an offer is about and that are in stock, each with its place.
    pub(crate) fn in_stock(&self, offer: usize) -> impl Iterator<Item = (usize, &'a Product)> + use<'a> {
        let catalogue = self.catalogue;
        let products = catalogue.products_of(offer).iter().map(|place| (*place, &catalogue.products[*place]));
        products.filter(|(_, product)| product.in_stock)
    }

    /// [`Level::product`], by places.
    fn of(&self, place: usize, topic: Topic) -> f64 {
        let known = self.products[place];
        let own = known.map_or(0.0, |known| known.evidence);
        if known.is_some_and(|known| known.bought) {
            return saturate(own);
        }
        let all = topic.category.map_or(0.0, |category| self.categories[category]);
        let counted = if known.is_some_and(|known| known.counted) { own } else { 0.0 };
        let brand = topic.brand.map_or(0.0, |brand| (self.brands[brand] - own).max(0.0));
        saturate(own + SPILL * (all - counted).max(0.0) + BRAND_SPILL * brand)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::event::Interest;
    use model::ids::CategoryId;
    use model::time::Millis;
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::{NOON, World, category, product};
    use crate::intent::{Intent, Touch};

    fn any_touch() -> impl Strategy<Value = (usize, usize, usize, i64, bool)> {
        (0..5_usize, 0..4_usize, 0..4_usize, 0..200_i64, any::<bool>())
    }

    proptest! {
        /// What is found by places is what is found by names, to the last bit.
        #[test]
        fn by_places_is_as_by_names(touches in prop::collection::vec(any_touch(), 0..40)) {
            let mut world = World::new();
            world.shop.products[0].brand = Some("borgo".into());
            world.shop.offers[1].brand = Some("valle".into());
            let products = ["barolo", "chianti", "penne", "gone", "other"];
            let categories: Vec<CategoryId> = ["wine", "pasta", "beer"].into_iter().map(category).collect();
            let brands = ["borgo", "valle", "nobody"];
            let mut intent = Intent::default();
            for (what, kind, brand, hours, bought) in touches {
                let (id, kind, at) = (product(products[what]), categories.get(kind), NOON - Millis::hours(hours));
                if bought {
                    intent.buy(&id, kind, at);
                } else {
                    let (product, brand) = ((hours % 3 > 0).then_some(&id), brands.get(brand).copied());
                    let (interest, probability) = (Interest::Viewed, model::units::Probability::ONE);
                    intent.take(&Touch { interest, product, category: kind, brand, at, probability });
                }
            }
            let catalogue = Catalogue::new(std::sync::Arc::new(world.shop.clone()));
            let level = intent.level(NOON, &BTreeMap::new());
            let wants = Wants::new(&catalogue, level.clone());
            for offer in 0..catalogue.offers.len() {
                prop_assert_eq!(wants.towards(offer).to_bits(), level.towards(&catalogue, offer).to_bits());
            }
            for (place, known) in catalogue.products.iter().enumerate() {
                let by_name = level.product(&known.id, Some(&known.category), known.brand.as_deref());
                prop_assert_eq!(wants.product(place).to_bits(), by_name.to_bits());
            }
        }
    }
}
