//! A scenario: the shop's own files, and who walks through it with what.

mod figures;

use model::floor::Point;
use model::ids::{ProductId, ReceiverId};
use model::shop::{Shop, ShopError};
use serde::Deserialize;

pub use figures::{DeviceFigures, Habits, Pair, People, RadioFigures};

/// The three files of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Files {
    /// Its name.
    pub name: &'static str,
    /// `shop.toml`.
    pub shop: &'static str,
    /// `floor.geojson`.
    pub floor: &'static str,
    /// `scenario.toml`.
    pub scenario: &'static str,
}

/// The demo: 40 people in a shop with few shelves.
pub const DEMO: Files = Files {
    name: "demo",
    shop: include_str!("../scenarios/demo/shop.toml"),
    floor: include_str!("../scenarios/demo/floor.geojson"),
    scenario: include_str!("../scenarios/demo/scenario.toml"),
};
/// The crowd: 200 people at a time among metal shelves.
pub const CROWD: Files = Files {
    name: "crowd",
    shop: include_str!("../scenarios/crowd/shop.toml"),
    floor: include_str!("../scenarios/crowd/floor.geojson"),
    scenario: include_str!("../scenarios/crowd/scenario.toml"),
};

impl Files {
    /// The scenario of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [DEMO, CROWD].into_iter().find(|files| files.name == name)
    }
}

/// Why a scenario can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The shop's files are wrong.
    #[error("read the shop: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Shop(Vec<ShopError>),
    /// `scenario.toml` can't be read.
    #[error("read scenario.toml")]
    Scenario(#[from] toml::de::Error),
    /// It names something that the shop does not have.
    #[error(
        "scenario.toml: {key} names {name:?}, which the shop does not have; add it to shop.toml or correct the name"
    )]
    Unknown {
        /// Where in the file.
        key: &'static str,
        /// What it names.
        name: String,
    },
}

/// A place as it is written in the file: `[x, y]`.
type Place = [f64; 2];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    places: PlacesFile,
    people: People,
    habits: Habits,
    radio: RadioFigures,
    devices: DeviceFigures,
    device: Vec<DeviceEntry>,
    spot: Vec<SpotEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlacesFile {
    outside: Place,
    inside: Place,
    till: Place,
    #[serde(default)]
    till_spread: Place,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpotEntry {
    product: ProductId,
    at: Place,
    spread: Option<Place>,
}

/// What a receiver on the wall is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// An ESP32 with ESPresense.
    Espresense,
    /// A computer with Theengs Gateway.
    Theengs,
    /// An ESP32 with OpenMQTTGateway.
    OpenMqttGateway,
    /// A Minew gateway sending JSON-LONG.
    Minew,
    /// The edge box's own radio, by D-Bus.
    Bluez,
}

/// One receiver on the wall.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceEntry {
    /// The receiver, as the shop's file names it.
    pub receiver: ReceiverId,
    /// What it is.
    pub vendor: Vendor,
}

/// Where people stand to look at a product.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// The product.
    pub product: ProductId,
    /// The place.
    pub at: Point,
    /// How far to each side of it, along x and y; a normal draw around it if none.
    pub spread: Option<Pair>,
}

/// A scenario, checked against its shop.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The shop.
    pub shop: Shop,
    /// A place outside the door.
    pub outside: Point,
    /// A place inside the door.
    pub inside: Point,
    /// Where people stand to pay.
    pub till: Point,
    /// How far to each side of it.
    pub till_spread: Pair,
    /// Who comes.
    pub people: People,
    /// How they behave.
    pub habits: Habits,
    /// How the radio behaves.
    pub radio: RadioFigures,
    /// How devices are set.
    pub settings: DeviceFigures,
    /// What hangs on the wall, one per receiver of the shop, in its order.
    pub devices: Vec<DeviceEntry>,
    /// Where products stand.
    pub spots: Vec<Spot>,
}

impl Scenario {
    /// The demo's.
    ///
    /// # Errors
    /// Never for the files as they are; a broken file is named.
    pub fn demo() -> Result<Self, Error> {
        Self::read(DEMO)
    }

    /// The crowd's.
    ///
    /// # Errors
    /// Never for the files as they are; a broken file is named.
    pub fn crowd() -> Result<Self, Error> {
        Self::read(CROWD)
    }

    /// Reads a scenario's files.
    ///
    /// # Errors
    /// Never for the files as they are; a broken file is named.
    pub fn read(files: Files) -> Result<Self, Error> {
        Self::parse(files.shop, files.floor, files.scenario)
    }

    /// Reads the three files and checks that they fit together.
    ///
    /// # Errors
    /// [`Error`] names what is wrong.
    pub fn parse(shop_toml: &str, floor_geojson: &str, scenario_toml: &str) -> Result<Self, Error> {
        let shop = Shop::parse(shop_toml, floor_geojson).map_err(Error::Shop)?;
        let file: File = toml::from_str(scenario_toml)?;
        let devices = devices_in_order(&shop, &file.device)?;
        let spots =
            file.spot.into_iter().map(|s| Spot { product: s.product, at: point(s.at), spread: s.spread }).collect();
        let scenario = Self {
            shop,
            outside: point(file.places.outside),
            inside: point(file.places.inside),
            till: point(file.places.till),
            till_spread: file.places.till_spread,
            people: file.people,
            habits: file.habits,
            radio: file.radio,
            settings: file.devices,
            devices,
            spots,
        };
        scenario.check()?;
        Ok(scenario)
    }

    /// Where people stand to look at a product.
    #[must_use]
    pub fn spot(&self, product: &ProductId) -> Option<&Spot> {
        self.spots.iter().find(|spot| spot.product == *product)
    }

    fn check(&self) -> Result<(), Error> {
        for spot in &self.spots {
            if self.shop.product(&spot.product).is_none() {
                return Err(Error::Unknown { key: "spot.product", name: spot.product.to_string() });
            }
        }
        match self.shop.products.iter().find(|product| self.spot(&product.id).is_none()) {
            Some(product) => Err(Error::Unknown { key: "spot", name: product.id.to_string() }),
            None => Ok(()),
        }
    }
}

fn point([x, y]: Place) -> Point {
    Point { x, y }
}

fn devices_in_order(shop: &Shop, entries: &[DeviceEntry]) -> Result<Vec<DeviceEntry>, Error> {
    if let Some(entry) = entries.iter().find(|e| !shop.receivers.iter().any(|r| r.id == e.receiver)) {
        return Err(Error::Unknown { key: "device.receiver", name: entry.receiver.to_string() });
    }
    let find = |id: &ReceiverId| {
        let entry = entries.iter().find(|entry| entry.receiver == *id).cloned();
        entry.ok_or_else(|| Error::Unknown { key: "device", name: id.to_string() })
    };
    shop.receivers.iter().map(|receiver| find(&receiver.id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_has_the_size_it_promises() {
        let demo = Scenario::demo().expect("the embedded files are right");
        assert_eq!(demo.shop.zones().count(), 8);
        assert_eq!(demo.shop.receivers.len(), 8);
        assert_eq!(demo.shop.products.len(), 12);
        assert_eq!(demo.people.all(), 40);
        assert_eq!(demo.devices.iter().filter(|d| d.vendor == Vendor::Bluez).count(), 1);
    }

    #[test]
    fn every_product_is_looked_at_inside_its_own_zone() {
        use geo::Contains;
        let demo = Scenario::demo().expect("the embedded files are right");
        for product in &demo.shop.products {
            let at = demo.spot(&product.id).expect("each product has its spot").at;
            let zone = demo.shop.zone(&product.zone).expect("checked by the shop");
            assert!(zone.polygon.contains(&geo::Point::new(at.x, at.y)), "{}", product.id);
        }
    }

    #[test]
    fn the_crowd_has_the_size_it_promises() {
        use geo::Area;
        let crowd = Scenario::crowd().expect("the embedded files are right");
        let floor = &crowd.shop.floors[0];
        assert!((floor.outline.unsigned_area() - 600.0).abs() < 1e-9);
        assert_eq!((crowd.shop.receivers.len(), crowd.shop.tags.len()), (12, crowd.people.cart));
        let shelves = crowd.shop.zones().filter(|zone| zone.kind == model::zone::ZoneKind::Shelf).count();
        assert_eq!((shelves, floor.obstacles.len()), (20, 22));
        assert_eq!(crowd.people.all(), 250);
    }

    #[test]
    fn a_wrong_name_is_said_with_its_key() {
        let broken = DEMO.scenario.replace("receiver = \"wine\"", "receiver = \"vine\"");
        let error = Scenario::parse(DEMO.shop, DEMO.floor, &broken).expect_err("there is no such receiver");
        assert!(error.to_string().contains("device.receiver names \"vine\""), "{error}");
    }
}
