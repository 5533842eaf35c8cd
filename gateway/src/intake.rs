//! Intake: from a message of a receiver to what was heard, whatever the vendor and the topics that people set.

pub mod http;
mod twin;

use wire::topics;
use wire::vendor::{
    self, Heard, Rejected, cassia, espresense, kontakt, minew, moko, openmqttgateway, raddec, ruuvi, shelly, tasmota,
    theengs,
};

use crate::config::Receivers;

pub use twin::Twins;

/// Whose messages a filter takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Maker {
    Espresense,
    Theengs,
    OpenMqttGateway,
    Minew,
    Kontakt,
    Ruuvi,
    Moko,
    Cassia,
    Tasmota,
    Raddec,
    Shelly,
}

impl Maker {
    const fn name(self) -> &'static str {
        match self {
            Self::Espresense => "espresense",
            Self::Theengs => "theengs",
            Self::OpenMqttGateway => "openmqttgateway",
            Self::Minew => "minew",
            Self::Kontakt => "kontakt",
            Self::Ruuvi => "ruuvi",
            Self::Moko => "moko",
            Self::Cassia => "cassia",
            Self::Tasmota => "tasmota",
            Self::Raddec => "raddec",
            Self::Shelly => "shelly",
        }
    }
}

/// Reads receivers' messages by the configured filters.
#[derive(Debug, Clone)]
pub struct Intake {
    filters: Vec<(Maker, String)>,
}

impl Intake {
    /// Takes the filters from the configuration.
    #[must_use]
    pub fn new(config: &Receivers) -> Self {
        // Of two filters that take in the same topic, the first counts: Shelly's may be as wide as `+`, so it comes last.
        let all = [
            (Maker::Espresense, &config.espresense),
            (Maker::Theengs, &config.theengs),
            (Maker::OpenMqttGateway, &config.openmqttgateway),
            (Maker::Minew, &config.minew),
            (Maker::Kontakt, &config.kontakt),
            (Maker::Ruuvi, &config.ruuvi),
            (Maker::Moko, &config.moko),
            (Maker::Cassia, &config.cassia),
            (Maker::Tasmota, &config.tasmota),
            (Maker::Raddec, &config.raddec),
            (Maker::Shelly, &config.shelly),
        ];
        let filters = all.into_iter().flat_map(|(maker, list)| list.iter().map(move |filter| (maker, filter.clone())));
        Self { filters: filters.collect() }
    }

    /// Every filter to subscribe to.
    pub fn filters(&self) -> impl Iterator<Item = &str> {
        self.filters.iter().map(|(_, filter)| filter.as_str())
    }

    /// Whose messages a topic carries.
    #[must_use]
    pub fn source(&self, topic: &str) -> Source<'_> {
        let found = self.filters.iter().find(|(_, filter)| topics::matches(filter, topic));
        Source(found.map(|(maker, filter)| (*maker, filter.as_str())))
    }

    /// Reads one message.
    ///
    /// # Errors
    /// [`Rejected`] when nothing of it can be used.
    pub fn read(&self, topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
        self.source(topic).read(topic, payload)
    }

    /// Whether ESPresense nodes are listened to.
    #[must_use]
    pub fn hears_espresense(&self) -> bool {
        self.filters.iter().any(|(maker, _)| *maker == Maker::Espresense)
    }
}

/// Whose messages a topic carries, by the first filter that takes it in; none by a topic that only its maker's form tells.
#[derive(Debug, Clone, Copy)]
pub struct Source<'i>(Option<(Maker, &'i str)>);

impl Source<'_> {
    /// The maker as a word for people; empty when none is configured.
    #[must_use]
    pub fn kind(self) -> &'static str {
        self.0.map_or("", |(maker, _)| maker.name())
    }

    /// Reads one message.
    ///
    /// # Errors
    /// [`Rejected`] when nothing of it can be used.
    pub fn read(self, topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
        let Some((maker, filter)) = self.0 else { return vendor::decode(topic, payload) };
        match maker {
            Maker::Espresense => espresense::decode(topic, payload),
            Maker::Theengs => theengs::decode(topic, payload),
            Maker::OpenMqttGateway => openmqttgateway::decode_under(filter, topic, payload),
            Maker::Minew => read_minew(filter, topic, payload),
            Maker::Kontakt => kontakt::decode_under(filter, topic, payload),
            Maker::Ruuvi => ruuvi::decode_under(filter, topic, payload),
            Maker::Moko => moko::decode_under(filter, topic, payload),
            Maker::Cassia => cassia::decode_under(filter, topic, payload),
            Maker::Tasmota => tasmota::decode_under(filter, topic, payload),
            Maker::Raddec => raddec::decode(payload),
            Maker::Shelly => shelly::decode_under(filter, topic, payload),
        }
    }
}

fn read_minew(filter: &str, topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    let mut elements = minew::decode_under(filter, topic, payload)?;
    if elements.heard.is_empty() && !elements.rejected.is_empty() {
        return Err(elements.rejected.swap_remove(0));
    }
    Ok(elements.heard)
}

#[cfg(test)]
mod tests;
