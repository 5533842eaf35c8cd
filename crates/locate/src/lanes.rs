//! Loops over cells and places in the widest registers that the processor has, with the same result on every one: no sum is reordered,
//! nothing is fused. Sums run in many lanes side by side: a single one waits for itself at every step.

/// Cells that are computed side by side.
pub(crate) const CELLS: usize = 16;
/// Lanes of a sum: enough for several registers, so that none waits for the other.
const LANES: usize = 32;

/// Defines a function whose body is compiled for every width of registers; which one runs is found out when it is called.
/// What the body calls must be inlined, or it stays narrow.
macro_rules! wide {
    ($(#[$doc:meta])* $vis:vis fn $name:ident<$life:lifetime>($($arg:ident: $kind:ty),*) -> $out:ty $body:block) => {
        $(#[$doc])*
        $vis fn $name<$life>($($arg: $kind),*) -> $out {
            struct Body<$life>($($kind),*);
            impl pulp::NullaryFnOnce for Body<'_> {
                type Output = $out;

                #[inline(always)]
                fn call(self) -> $out {
                    let Self($($arg),*) = self;
                    $body
                }
            }
            pulp::Arch::new().dispatch(Body($($arg),*))
        }
    };
}
pub(crate) use wide;

wide! {
    /// Sum of products.
    pub(crate) fn dot<'a>(a: &'a [f32], b: &'a [f32]) -> f32 {
        let mut sums = [0.0_f32; LANES];
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (a, b) in a.iter().zip(b) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum += a * b;
            }
        }
        sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
    }
}

wide! {
    /// Sum of products, and sum of the products with the squares of the second.
    pub(crate) fn dot_square<'a>(a: &'a [f32], b: &'a [f32]) -> (f32, f32) {
        let (mut sums, mut squares) = ([0.0_f32; LANES], [0.0_f32; LANES]);
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (a, b) in a.iter().zip(b) {
            for (((sum, square), a), b) in sums.iter_mut().zip(&mut squares).zip(a).zip(b) {
                *sum += a * b;
                *square += a * b * b;
            }
        }
        let (mut sum, mut square) = (sums.iter().sum::<f32>(), squares.iter().sum::<f32>());
        for (a, b) in a_rest.iter().zip(b_rest) {
            sum += a * b;
            square += a * b * b;
        }
        (sum, square)
    }
}

wide! {
    /// Sum of all.
    pub(crate) fn sum<'a>(a: &'a [f32]) -> f32 {
        let mut sums = [0.0_f32; LANES];
        let (a, rest) = a.as_chunks::<LANES>();
        for a in a {
            sums.iter_mut().zip(a).for_each(|(sum, a)| *sum += a);
        }
        sums.iter().sum::<f32>() + rest.iter().sum::<f32>()
    }
}

wide! {
    /// The largest value among those whose weight is more than `least`.
    pub(crate) fn max_where<'a>(values: &'a [f32], weights: &'a [f32], least: f32) -> f32 {
        let larger = |best: f32, value: f32, weight: f32| if weight > least && value > best { value } else { best };
        let mut bests = [f32::MIN; LANES];
        let ((values, value_rest), (weights, weight_rest)) = (values.as_chunks::<LANES>(), weights.as_chunks::<LANES>());
        for (values, weights) in values.iter().zip(weights) {
            for ((best, value), weight) in bests.iter_mut().zip(values).zip(weights) {
                *best = larger(*best, *value, *weight);
            }
        }
        let rest = value_rest.iter().zip(weight_rest).fold(f32::MIN, |best, (value, weight)| larger(best, *value, *weight));
        bests.into_iter().fold(rest, f32::max)
    }
}

/// The natural logarithm of a positive number, to 1e-4 and the same on every machine: the exponent's part exactly, and for the
/// rest a polynomial that is exact at both ends and was fitted by least squares between them.
#[inline(always)]
pub(crate) fn fast_ln(x: f32) -> f32 {
    let bits = x.to_bits();
    let exponent = ((bits >> 23) as i32 - 127) as f32;
    let part = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000) - 1.0;
    let bend = 0.3062573 + part * (-0.1847489 + part * (0.1019056 + part * -0.03066742));
    (exponent + part) * std::f32::consts::LN_2 + part * (1.0 - part) * bend
}

/// The exponential of a number, to 2e-4 of itself and the same on every machine, made as [`fast_ln`]; 0 below -80.
#[inline(always)]
pub(crate) fn fast_exp(x: f32) -> f32 {
    let scaled = (x.max(-80.0) * std::f32::consts::LOG2_E).min(120.0);
    // The floor, without the call that it is on a processor of the oldest kind.
    let whole = (scaled + 128.0) as i32 - 128;
    let part = scaled - whole as f32;
    let power = 1.0 + part + part * (1.0 - part) * (-0.3041431 + part * -0.07914497);
    let value = f32::from_bits(((whole + 127) as u32) << 23) * power;
    if x < -80.0 { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_functions_are_near_the_exact_ones() {
        for n in 1..20_000 {
            let x = n as f32 * 0.01;
            assert!((fast_ln(x) - x.ln()).abs() < 1e-4, "{x}");
            let x = n as f32 * 0.004 - 79.0;
            assert!((fast_exp(x) / x.exp() - 1.0).abs() < 5e-4, "{x}");
        }
        assert!(fast_exp(-90.0).abs() < f32::EPSILON);
    }
}
