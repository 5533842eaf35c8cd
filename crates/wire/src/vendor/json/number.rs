//! Numbers as messages write them. Most are short, and those are made without the general way, which takes any.

/// So many digits, with or without a point among them, are held exactly, and so is their power of ten.
const SHORT_MAX: usize = 15;

/// Powers of ten that are exact.
const TENS: [f64; SHORT_MAX] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14];

/// What `str::parse` reads, and nothing else.
#[inline]
pub(super) fn parse(text: &str) -> Option<f64> {
    short(text.as_bytes()).or_else(|| text.parse().ok())
}

/// Reads digits with at most one point among them. One division of two exact numbers is rounded once, as it should be.
fn short(text: &[u8]) -> Option<f64> {
    let (is_negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.len() > SHORT_MAX {
        return None;
    }
    let (mut whole, mut point) = (0u64, None);
    for (place, digit) in digits.iter().enumerate() {
        match digit {
            b'0'..=b'9' => whole = whole * 10 + u64::from(digit - b'0'),
            b'.' if point.is_none() => point = Some(place),
            _ => return None,
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "fifteen digits are held exactly")]
    let number = match point {
        None if digits.is_empty() => return None,
        None => whole as f64,
        Some(_) if digits.len() == 1 => return None,
        Some(point) => whole as f64 / TENS.get(digits.len() - 1 - point)?,
    };
    Some(if is_negative { -number } else { number })
}

/// The nearest whole number, a half away from zero. Numbers beyond 2^52 are whole as they are and don't come here.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "within the range that was checked")]
pub(in crate::vendor) fn rounded(number: f64) -> i64 {
    let towards_zero = number as i64;
    let rest = number - towards_zero as f64;
    towards_zero + i64::from(rest >= 0.5) - i64::from(rest <= -0.5)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same bits, so that -0 is not 0.
    fn compare(text: &str) {
        let (ours, theirs) = (parse(text).map(f64::to_bits), text.parse::<f64>().ok().map(f64::to_bits));
        if text.parse::<f64>().is_ok_and(f64::is_nan) {
            assert!(ours.is_some(), "{text}");
        } else {
            assert_eq!(ours, theirs, "{text}");
        }
    }

    #[test]
    fn numbers_at_the_edges_are_read_as_the_library_reads_them() {
        for text in ["", "-", ".", "-.", "0", "-0", "-0.0", "1.", ".5", "1..2", "+1", "1e5", "inf", "NaN", "0x1", " 1"]
        {
            compare(text);
        }
        for text in ["999999999999999", "9999999999999999", "0.00000000000001", "-.00000000000001", "99999999999999."] {
            compare(text);
        }
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_the_library_reads_them(
            plain in "-?[0-9]{1,18}(\\.[0-9]{1,18})?",
            any in "[-+.0-9e]{0,17}",
            number in proptest::num::f64::ANY,
        ) {
            compare(&plain);
            compare(&any);
            compare(&number.to_string());
        }

        #[test]
        fn it_rounds_as_the_library_does(number in -4.5e15..4.5e15f64, small in -100.0..100.0f64, whole in -1_000_000i32..1_000_000) {
            let half = f64::from(whole) / 2.0;
            for number in [number, small, half, half.next_up(), half.next_down()] {
                prop_assert_eq!(rounded(number), number.round() as i64);
            }
        }
    }
}
