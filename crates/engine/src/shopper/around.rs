//! The surroundings of a customer in a store, as the store saw them last: each with its age, for the next moment there.

use model::decision::Around;
use model::ids::{DeviceId, StoreId, ZoneId};
use serde::{Deserialize, Serialize};

use super::{Shopper, ShopperState};

/// What a store sees around a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Surroundings {
    /// In which store.
    pub store: StoreId,
    /// In which zone they were then.
    pub zone: ZoneId,
    /// What.
    pub around: Around,
}

impl Shopper {
    pub(super) fn surround(&mut self, surroundings: Surroundings) {
        let consent = self.state.consent;
        if consent.locating && consent.profiling {
            self.state.around = Some(surroundings);
            self.changed = true;
        }
    }
}

impl ShopperState {
    /// Where the customer came last, and with which device.
    pub(crate) fn place(&self) -> Option<(&StoreId, &ZoneId, DeviceId)> {
        let stay = self.stays.iter().max_by_key(|stay| stay.since)?;
        stay.devices.first().map(|(device, _)| (&stay.store, &stay.zone, *device))
    }

    /// What is known of the surroundings in a zone; how full another zone is says nothing of this one.
    pub(super) fn around_at(&self, store: &StoreId, zone: &ZoneId) -> Around {
        match &self.around {
            Some(known) if known.store == *store && known.zone == *zone => known.around.clone(),
            Some(known) if known.store == *store => Around { crowding: None, ..known.around.clone() },
            Some(_) | None => Around::default(),
        }
    }
}

/// What a channel knows, and what the store sees of all else.
pub(super) fn filled(told: &Around, seen: Around) -> Around {
    Around {
        crowding: told.crowding.or(seen.crowding),
        speed: told.speed.or(seen.speed),
        distance_m: told.distance_m.or(seen.distance_m),
        company: told.company.or(seen.company),
        weather: told.weather.clone().or(seen.weather),
    }
}
