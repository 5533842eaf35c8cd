//! Collisions: everybody sends when it pleases, so frames overlap, the more the more of them there are.
//!
//! A sender says the same on all three advertising channels and a receiver listens to one of them at a time,
//! so each channel carries every frame: plain ALOHA. A frame survives another one that is much weaker.

/// What one receiver hears of all senders together.
#[derive(Debug, Clone, Default)]
pub(super) struct Babble {
    /// Levels in dBm from the strongest down, each with the frames per second of all that are at least so strong.
    louder: Vec<(f64, f64)>,
}

impl Babble {
    /// From the mean level and the frames per second of each sender.
    pub(super) fn new(senders: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut louder: Vec<(f64, f64)> = senders.into_iter().collect();
        louder.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut sum = 0.0;
        for (_, rate) in &mut louder {
            sum += *rate;
            *rate = sum;
        }
        Self { louder }
    }

    /// The chance that a frame of this level is not spoilt.
    pub(super) fn survival(&self, rssi: f64, airtime_s: f64, capture_db: f64) -> f64 {
        let spoilers = self.louder.partition_point(|(level, _)| *level >= rssi - capture_db);
        let rate = spoilers.checked_sub(1).map_or(0.0, |last| self.louder[last].1);
        // Another frame spoils it when it begins within one airtime before or after.
        (-2.0 * rate * airtime_s).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_grows_with_the_crowd_as_aloha_says() {
        let crowd = |people: usize| Babble::new(vec![(-70.0, 2.0); people]);
        let survival = |people| crowd(people).survival(-70.0, 0.000_376, 8.0);
        assert!((survival(0) - 1.0).abs() < 1e-12);
        assert!((survival(200) - (-2.0 * 400.0 * 0.000_376_f64).exp()).abs() < 1e-12);
        assert!(survival(40) > survival(100) && survival(100) > survival(200));
    }

    #[test]
    fn only_what_is_nearly_as_strong_spoils_a_frame() {
        let babble = Babble::new([(-60.0, 100.0), (-75.0, 50.0), (-90.0, 200.0)]);
        let lost = |rssi: f64| -babble.survival(rssi, 0.001, 8.0).ln() / 0.002;
        assert!((lost(-40.0) - 0.0).abs() < 1e-9, "nobody comes near it");
        assert!((lost(-55.0) - 100.0).abs() < 1e-9);
        assert!((lost(-70.0) - 150.0).abs() < 1e-9);
        assert!((lost(-85.0) - 350.0).abs() < 1e-9);
    }
}
