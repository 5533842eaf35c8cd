//! The order in which an unstable sort leaves equal keys: rows of a reference are numbered by it.
//!
//! Introspective quicksort over indices with the median of three as pivot, small parts by insertion, as in numpy's argsort,
//! which the Open Bandit pipeline sorts its logs with.

/// Parts up to this many beyond the first are sorted by insertion.
const SMALL: usize = 16;

/// Indices of the keys in ascending order.
#[must_use]
pub fn argsort<T: Ord>(keys: &[T]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    let Some(last) = keys.len().checked_sub(1) else { return order };
    let depth = 2 * keys.len().ilog2();
    let mut waiting = vec![(0, last, depth)];
    while let Some((mut low, mut high, mut depth)) = waiting.pop() {
        let mut exhausted = false;
        while high - low > SMALL && !exhausted {
            let pivot = split(keys, &mut order, low, high);
            exhausted = depth == 0;
            depth = depth.saturating_sub(1);
            // The larger part waits, so that few ever do.
            if pivot - low < high - pivot {
                waiting.push((pivot + 1, high, depth));
                high = pivot.saturating_sub(1).max(low);
            } else {
                waiting.push((low, pivot.saturating_sub(1).max(low), depth));
                low = (pivot + 1).min(high);
            }
        }
        if exhausted {
            // So unlucky an order is not met in logs; any sort bounds it.
            order[low..=high].sort_by(|a, b| keys[*a].cmp(&keys[*b]));
        } else {
            insertion(keys, &mut order[low..=high]);
        }
    }
    order
}

/// Moves what is below the pivot before it; answers where the pivot is.
fn split<T: Ord>(keys: &[T], order: &mut [usize], low: usize, high: usize) -> usize {
    let middle = low + (high - low) / 2;
    for (a, b) in [(middle, low), (high, middle), (middle, low)] {
        if keys[order[a]] < keys[order[b]] {
            order.swap(a, b);
        }
    }
    let pivot = &keys[order[middle]];
    let (mut up, mut down) = (low, high - 1);
    order.swap(middle, down);
    loop {
        up += 1;
        while keys[order[up]] < *pivot {
            up += 1;
        }
        down -= 1;
        while *pivot < keys[order[down]] {
            down -= 1;
        }
        if up >= down {
            break;
        }
        order.swap(up, down);
    }
    order.swap(up, high - 1);
    up
}

fn insertion<T: Ord>(keys: &[T], order: &mut [usize]) {
    for begin in 1..order.len() {
        let mut at = begin;
        while at > 0 && keys[order[at]] < keys[order[at - 1]] {
            order.swap(at, at - 1);
            at -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_come_out_sorted_and_each_once(keys in proptest::collection::vec(0_u16..50, 0..400)) {
            let order = argsort(&keys);
            prop_assert!(order.is_sorted_by_key(|index| keys[*index]));
            let mut all = order;
            all.sort_unstable();
            prop_assert_eq!(all, (0..keys.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn few_equal_keys_keep_their_order_and_many_do_not() {
        assert_eq!(argsort(&[1; 10]), (0..10).collect::<Vec<_>>());
        assert_ne!(argsort(&[1; 100]), (0..100).collect::<Vec<_>>());
    }
}
