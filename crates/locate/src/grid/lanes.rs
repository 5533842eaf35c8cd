//! Sums over cells in sixteen lanes side by side: a single sum waits for itself at every step, and no compiler may reorder it.

const LANES: usize = 16;

/// Sum of products.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// Sum of products, and sum of the products with the squares of the second.
pub(super) fn dot_square(a: &[f32], b: &[f32]) -> (f32, f32) {
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

/// Sum of all.
pub(super) fn sum(a: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (a, rest) = a.as_chunks::<LANES>();
    for a in a {
        sums.iter_mut().zip(a).for_each(|(sum, a)| *sum += a);
    }
    sums.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

/// The largest value among those whose weight is more than `least`.
pub(super) fn max_where(values: &[f32], weights: &[f32], least: f32) -> f32 {
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
