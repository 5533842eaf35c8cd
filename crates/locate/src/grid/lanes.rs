//! Loops over cells in the widest registers that the processor has, with the same result on every one: no sum is reordered,
//! nothing is fused. Sums run in many lanes side by side: a single one waits for itself at every step.

/// Cells that are computed side by side.
pub(super) const CELLS: usize = 16;
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
pub(super) use wide;

wide! {
    /// Sum of products.
    pub(super) fn dot<'a>(a: &'a [f32], b: &'a [f32]) -> f32 {
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
    pub(super) fn dot_square<'a>(a: &'a [f32], b: &'a [f32]) -> (f32, f32) {
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
    pub(super) fn sum<'a>(a: &'a [f32]) -> f32 {
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
    pub(super) fn max_where<'a>(values: &'a [f32], weights: &'a [f32], least: f32) -> f32 {
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
