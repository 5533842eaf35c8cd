//! The Fisher information of signal strengths about a place, with the device's own offset as an unknown.
//!
//! Patwari et al., "Relative location estimation in wireless sensor networks": each receiver adds
//! `(10 n / (ln 10 sigma))^2 u u^T / d^2`. Here it counts by the chance that it hears the device at all.

use serde::Serialize;

/// How far off a position is expected to be: the standard errors along the axes of the ellipse, in metres.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ellipse {
    /// Standard error along the long axis.
    pub major: f64,
    /// Standard error along the short axis.
    pub minor: f64,
    /// The long axis against x, in radians, above -pi/2 up to pi/2.
    pub angle: f64,
}

impl Ellipse {
    /// Root mean square error, in metres.
    #[must_use]
    pub fn rms(&self) -> f64 {
        self.major.hypot(self.minor)
    }

    /// Standard error in a direction, in metres.
    #[must_use]
    pub fn along(&self, x: f64, y: f64) -> f64 {
        let turn = y.atan2(x) - self.angle;
        (self.major * turn.cos()).hypot(self.minor * turn.sin())
    }
}

/// Information about x, y and the device's offset: the upper half of a symmetric 3 x 3 matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Information {
    xx: f64,
    xy: f64,
    yy: f64,
    xo: f64,
    yo: f64,
    oo: f64,
}

impl Information {
    /// What is known before anything is heard: variances in square metres; `offset_db` 0 is an offset that is known.
    pub(crate) fn prior(variance_x: f64, variance_y: f64, offset_db: f64) -> Self {
        Self {
            xx: 1.0 / variance_x,
            xy: 0.0,
            yy: 1.0 / variance_y,
            xo: 0.0,
            yo: 0.0,
            oo: (offset_db * offset_db).recip(),
        }
    }

    /// Adds what is heard with a weight (frames heard over the variance of the noise), given how the level changes by the metre.
    pub(crate) fn add(&mut self, weight: f64, dx: f64, dy: f64) {
        self.xx += weight * dx * dx;
        self.xy += weight * dx * dy;
        self.yy += weight * dy * dy;
        self.xo += weight * dx;
        self.yo += weight * dy;
        self.oo += weight;
    }

    /// The information about the place alone: the Schur complement, so that what the offset explains is not counted.
    pub(crate) fn place(&self) -> (f64, f64, f64) {
        // A known offset has infinite information, and then nothing is taken away.
        let known = 1.0 / self.oo;
        (self.xx - self.xo * self.xo * known, self.xy - self.xo * self.yo * known, self.yy - self.yo * self.yo * known)
    }

    /// The smallest error that any unbiased estimate can have.
    pub(crate) fn ellipse(&self) -> Ellipse {
        let (xx, xy, yy) = self.place();
        let (mean, half) = (f64::midpoint(xx, yy), f64::midpoint(xx, -yy));
        let root = half.hypot(xy);
        let (most, least) = (mean + root, (mean - root).max(f64::MIN_POSITIVE));
        // The axis of most information is the one of least error.
        let angle = 0.5 * (-xy).atan2(-half);
        Ellipse { major: least.sqrt().recip(), minor: most.sqrt().recip(), angle }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_receiver_to_the_east_tells_about_east() {
        let mut information = Information::prior(100.0, 100.0, 0.0);
        information.add(1.0, 2.0, 0.0);
        let ellipse = information.ellipse();
        assert!((ellipse.angle.abs() - std::f64::consts::FRAC_PI_2).abs() < 1e-9, "{ellipse:?}");
        assert!((ellipse.major - 10.0).abs() < 1e-9 && (ellipse.minor - 4.01_f64.sqrt().recip()).abs() < 1e-9);
        assert!((ellipse.along(1.0, 0.0) - ellipse.minor).abs() < 1e-9);
        assert!((ellipse.along(0.0, 5.0) - ellipse.major).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn it_is_never_negative_and_never_shrinks(
            heard in prop::collection::vec((0.0..1.0_f64, -9.0..9.0_f64, -9.0..9.0_f64), 0..20),
            offset in 0.0..10.0_f64,
        ) {
            let mut information = Information::prior(50.0, 80.0, offset);
            let mut before = information.ellipse();
            for (weight, dx, dy) in heard {
                information.add(weight, dx, dy);
                let (xx, xy, yy) = information.place();
                prop_assert!(xx > 0.0 && yy > 0.0 && xx * yy - xy * xy > 0.0);
                let after = information.ellipse();
                prop_assert!(after.rms() <= before.rms() * (1.0 + 1e-9), "{before:?} {after:?}");
                prop_assert!(after.major <= before.major * (1.0 + 1e-9));
                before = after;
            }
        }
    }
}
