//! How often a device is heard, learned from itself: a tag that speaks once a minute is not gone after ten seconds of silence,
//! and a phone that speaks twice a second is.

use model::time::{Millis, Timestamp};

/// Share of a new gap in the running mean.
const LEARNING: f64 = 0.2;
/// Longer gaps than this are absences, not rhythm.
const GAP_MAX: Millis = Millis::seconds(300);
/// What is believed of a device before its rhythm is known, in milliseconds.
const GAP_DEFAULT_MS: f64 = 2_000.0;
/// A silence is remarkable beyond the mean and so many deviations.
const DEVIATIONS: f64 = 4.0;
/// The shortest silence that makes a device quiet.
const QUIET_MIN_MS: f64 = 3_000.0;
/// A device is said to be quiet after so many times the silence that makes it so.
const MUTE_FACTOR: i64 = 2;
/// A device is gone after so many times the silence that makes it quiet.
const GONE_FACTOR: i64 = 6;
/// The shortest and the longest silence after which a device is gone.
const GONE: (Millis, Millis) = (Millis::seconds(20), Millis::seconds(900));
/// How far a device's gaps may be from the usual ones when it was there before a restart, in milliseconds.
const DEVIATION_RESTORED_MS: f64 = 10_000.0;

/// The rhythm of one device.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm {
    last: Option<Timestamp>,
    mean_ms: f64,
    deviation_ms: f64,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self { last: None, mean_ms: GAP_DEFAULT_MS, deviation_ms: GAP_DEFAULT_MS }
    }
}

impl Rhythm {
    /// The rhythm of a device that was there before a restart: whether it speaks often is not known any more,
    /// so that it is given a few minutes to speak again.
    #[must_use]
    pub const fn restored() -> Self {
        Self { last: None, mean_ms: GAP_DEFAULT_MS, deviation_ms: DEVIATION_RESTORED_MS }
    }

    /// The device was heard; earlier moments than the last one are ignored.
    pub fn hear(&mut self, at: Timestamp) {
        let Some(last) = self.last else {
            self.last = Some(at);
            return;
        };
        if at <= last {
            return;
        }
        self.last = Some(at);
        let gap = at.since(last);
        if gap > GAP_MAX {
            return;
        }
        let gap_ms = gap.as_seconds() * 1_000.0;
        self.deviation_ms += LEARNING * ((gap_ms - self.mean_ms).abs() - self.deviation_ms);
        self.mean_ms += LEARNING * (gap_ms - self.mean_ms);
    }

    /// After so long a silence the device is quiet: nothing is concluded from it any more, and nothing is ended by it.
    #[must_use]
    pub fn quiet_after(&self) -> Millis {
        Millis((self.mean_ms + DEVIATIONS * self.deviation_ms).max(QUIET_MIN_MS) as i64)
    }

    /// After so long a silence it is time to say that the device is quiet: a lost frame or two do not make it so.
    #[must_use]
    pub fn mute_after(&self) -> Millis {
        Millis(self.quiet_after().0.saturating_mul(MUTE_FACTOR)).min(self.gone_after())
    }

    /// After so long a silence the device is gone.
    #[must_use]
    pub fn gone_after(&self) -> Millis {
        Millis(self.quiet_after().0.saturating_mul(GONE_FACTOR)).clamp(GONE.0, GONE.1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(gap_ms: i64, times: i64) -> Rhythm {
        let mut rhythm = Rhythm::default();
        (0..times).for_each(|n| rhythm.hear(Timestamp(n * gap_ms)));
        rhythm
    }

    #[test]
    fn a_fast_device_is_gone_in_seconds_and_a_sleepy_one_in_minutes() {
        let (fast, sleepy) = (after(1_000, 40), after(96_000, 40));
        assert_eq!(fast.quiet_after(), Millis(3_000));
        assert_eq!(fast.gone_after(), Millis(20_000));
        assert!(sleepy.quiet_after() > Millis(96_000), "{sleepy:?}");
        assert!(sleepy.gone_after() > Millis(300_000), "{sleepy:?}");
    }

    #[test]
    fn an_absence_and_an_old_moment_teach_nothing() {
        let mut rhythm = after(1_000, 40);
        let before = rhythm.quiet_after();
        rhythm.hear(Timestamp(2_000_000));
        rhythm.hear(Timestamp(1_000));
        assert_eq!(rhythm.quiet_after(), before);
    }

    #[test]
    fn after_a_restart_a_device_is_given_minutes_until_its_rhythm_is_known_again() {
        let mut rhythm = Rhythm::restored();
        assert!(rhythm.gone_after() > Millis::seconds(180), "{rhythm:?}");
        (0..20).for_each(|n| rhythm.hear(Timestamp(n * 1_000)));
        assert!(rhythm.gone_after() <= Millis::seconds(30), "{rhythm:?}");
    }

    proptest! {
        #[test]
        fn whoever_is_on_the_air_is_never_gone_and_who_goes_is_gone_in_its_own_time(
            interval_ms in 200_i64..100_000,
            // Share of the interval, and whether the frame is lost.
            frames in prop::collection::vec((0.0_f64..0.2, 0_u8..5), 40..160),
        ) {
            let mut rhythm = Rhythm::default();
            let (mut last, mut heard, mut lost) = (0, 0, 0);
            for (n, (jitter, luck)) in (1_i64..).zip(&frames) {
                lost = if *luck == 0 { lost + 1 } else { 0 };
                // More than four frames in a row are an absence.
                if lost > 0 && lost <= 4 {
                    continue;
                }
                let at = n * interval_ms + (jitter * interval_ms as f64) as i64;
                if heard > 10 {
                    prop_assert!(Millis(at - last) < rhythm.gone_after(), "gone after {} ms: {rhythm:?}", at - last);
                }
                rhythm.hear(Timestamp(at));
                (last, heard) = (at, heard + 1);
            }
            // A device that speaks every second is mute within seconds and gone within a minute or two.
            let quiet = rhythm.quiet_after().0;
            prop_assert!(quiet <= 3_000.max(interval_ms * 12), "{quiet} ms");
            prop_assert!(rhythm.mute_after() >= rhythm.quiet_after() && rhythm.mute_after() <= rhythm.gone_after());
            prop_assert!(rhythm.gone_after() <= Millis::seconds(900));
        }
    }
}
