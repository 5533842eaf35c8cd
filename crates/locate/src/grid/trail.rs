//! How far somebody has come of late. What a place does to signals comes back in every frame that is heard there, so that it
//! averages out for those who walk and stays for those who stand.

use super::SLOT;

/// Time in which half and a little more of what was is forgotten, in seconds.
const MEMORY_S: f32 = 10.0;
/// Who has come so far is at another place, as far as bodies and shadows go, in metres.
const ELSEWHERE_M: f32 = 0.6;

/// The mean of where somebody was believed to be in the last seconds, and the variance around it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Trail {
    mean: Option<(f32, f32)>,
    /// Over both axes, in m².
    variance: f32,
    /// The slot that it is of.
    slot: i64,
}

impl Trail {
    /// Follows to where the subject is believed to be in the mean, in metres, at the end of a later slot.
    pub(super) fn follow(&mut self, x: f32, y: f32, slot: i64) {
        let Some(mean) = &mut self.mean else {
            *self = Self { mean: Some((x, y)), variance: 0.0, slot };
            return;
        };
        let keep = (-((slot - self.slot) as f32 * SLOT.as_seconds() as f32) / MEMORY_S).exp();
        let (right, up) = (x - mean.0, y - mean.1);
        // West, "Updating mean and variance estimates", 1979: no difference of large squares.
        *mean = (mean.0 + (1.0 - keep) * right, mean.1 + (1.0 - keep) * up);
        self.variance = keep * (self.variance + (1.0 - keep) * (right * right + up * up));
        self.slot = slot;
    }

    /// How much of the errors of one place is left: 1 for somebody who stands, ever less for those who have come far.
    pub(super) fn standing(&self) -> f64 {
        f64::from(1.0 / (1.0 + self.variance / (ELSEWHERE_M * ELSEWHERE_M)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(slots: i64, step: i64, at: impl Fn(i64) -> f32) -> f64 {
        let mut trail = Trail::default();
        (0..slots).step_by(step as usize).for_each(|slot| trail.follow(at(slot), 1e4, slot));
        trail.standing()
    }

    #[test]
    fn who_stands_keeps_the_errors_of_the_place_and_who_walks_leaves_them_behind() {
        assert!((after(200, 1, |_| 1e4) - 1.0).abs() < 1e-6);
        // A metre a second.
        let walking = after(200, 1, |slot| slot as f32 * 0.5);
        assert!(walking < 0.01, "{walking}");
        // Heard every second slot only: the same walk.
        let seldom = after(200, 2, |slot| slot as f32 * 0.5);
        assert!((seldom / walking - 1.0).abs() < 0.1, "{seldom} {walking}");
        // Ten minutes after a walk it is forgotten.
        let stopped = after(1_400, 1, |slot| slot.min(200) as f32 * 0.5);
        assert!(stopped > 0.99, "{stopped}");
    }
}
