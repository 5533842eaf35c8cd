//! `[radio]`: where this box's own advertisements come from.

use std::time::Duration;

use model::ids::ReceiverId;
use serde::Deserialize;

/// Most adapters of one box.
const ADAPTERS_MAX: usize = 8;

/// Where this box's own advertisements come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RadioSource {
    /// Nowhere.
    #[default]
    Off,
    /// BlueZ over D-Bus: Linux.
    Bluez,
    /// The system's Bluetooth service, through `btleplug`: desktops.
    Btleplug,
}

/// This box's own radio.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Radio {
    /// Where advertisements come from.
    pub source: RadioSource,
    /// Which adapter; the first if none.
    pub adapter: Option<String>,
    /// Several adapters, each a receiver of its own.
    pub adapters: Vec<String>,
    /// The receiver's id of this radio; the gateway's if none.
    pub receiver: Option<ReceiverId>,
    /// Whether an adapter that is off is switched on.
    pub power_on: bool,
    /// After so many seconds without an advertisement the radio is started anew.
    pub silence_s: u32,
}

impl Default for Radio {
    fn default() -> Self {
        Self {
            source: RadioSource::Off,
            adapter: None,
            adapters: Vec::new(),
            receiver: None,
            power_on: true,
            silence_s: 15,
        }
    }
}

impl Radio {
    /// The adapters that are named; none means the first that is there.
    #[must_use]
    pub fn adapter_names(&self) -> Vec<String> {
        self.adapters.iter().chain(&self.adapter).cloned().collect()
    }

    /// The silence after which the radio is started anew.
    #[must_use]
    pub fn silence(&self) -> Duration {
        Duration::from_secs(u64::from(self.silence_s))
    }

    /// What is wrong with it: the key, the problem and the fix.
    pub(super) fn check(&self) -> Result<(), (String, String, &'static str)> {
        let wrong = |key: &str, problem: String, fix| Err((key.to_owned(), problem, fix));
        if self.silence_s == 0 {
            return wrong("radio.silence_s", "the radio would always start anew".into(), "allow at least 1 second");
        }
        if self.adapter.is_some() && !self.adapters.is_empty() {
            return wrong(
                "radio.adapters",
                "radio.adapter is there as well".into(),
                "name all of them in one of the two",
            );
        }
        if self.adapters.len() > ADAPTERS_MAX {
            let problem = format!("{} are named", self.adapters.len());
            return wrong("radio.adapters", problem, "name at most 8");
        }
        if self.source == RadioSource::Btleplug && self.adapters.len() > 1 {
            let problem = "btleplug listens to one adapter".into();
            return wrong("radio.adapters", problem, "write radio.source = \"bluez\", or name one");
        }
        let names = self.adapter_names();
        for (index, name) in names.iter().enumerate() {
            let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if name.is_empty() || name.len() > 32 || !plain {
                let fix = "write a name such as hci0; bluetoothctl list and hciconfig show them";
                return wrong("radio.adapter", format!("{name:?} is no adapter"), fix);
            }
            if names[..index].contains(name) {
                return wrong("radio.adapters", format!("{name:?} is named twice"), "name each once");
            }
        }
        Ok(())
    }
}
