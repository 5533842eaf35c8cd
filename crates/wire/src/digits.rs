//! Hexadecimal digits, turned into bytes eight at a time.

/// So many digits are read in one step, and so many bytes come of it.
const STEP: usize = 8;

/// Reads two digits of either case a byte; none when one is no digit, or when there are not twice as many as bytes.
#[inline]
pub(crate) fn read(digits: &[u8], bytes: &mut [u8]) -> Option<()> {
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    let (steps, rest) = digits.as_chunks::<STEP>();
    let mut are_digits = true;
    for (step, four) in steps.iter().zip(bytes.as_chunks_mut().0) {
        are_digits &= read_step(*step, four);
    }
    if !rest.is_empty() {
        are_digits &= match (digits.last_chunk(), bytes.last_chunk_mut()) {
            // The last step may begin within the one before it.
            (Some(step), Some(four)) => read_step(*step, four),
            (_, _) => read_few(rest, bytes),
        };
    }
    are_digits.then_some(())
}

/// Reads less than a step.
fn read_few(digits: &[u8], bytes: &mut [u8]) -> bool {
    let (mut step, mut four) = ([b'0'; STEP], [0; STEP / 2]);
    step[..digits.len()].copy_from_slice(digits);
    let are_digits = read_step(step, &mut four);
    bytes.copy_from_slice(&four[..bytes.len()]);
    are_digits
}

/// Reads a step, and says whether all were digits.
#[inline]
fn read_step(step: [u8; STEP], bytes: &mut [u8; STEP / 2]) -> bool {
    const fn each(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; STEP])
    }
    const HIGH: u64 = each(0x80);
    let digits = u64::from_le_bytes(step);
    // Which bytes are at least this one; right for bytes without their highest bit, of which none is carried into the next.
    let from = |bytes: u64, first: u8| (bytes & !HIGH) + each(0x80 - first);
    let small = digits | each(0x20);
    let figures = from(digits, b'0') & !from(digits, b'9' + 1);
    let letters = from(small, b'a') & !from(small, b'f' + 1);
    // Letters of either case stand 9 above what they count in their lower half, and only they have the bit 6.
    let values = (digits & each(0x0f)) + 9 * (digits >> 6 & each(1));
    let pairs = values << 4 | values >> 8;
    let [first, _, second, _, third, _, fourth, _] = pairs.to_le_bytes();
    *bytes = [first, second, third, fourth];
    (figures | letters) & !digits & HIGH == HIGH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_byte_in_either_case_is_read() {
        for byte in 0..=u8::MAX {
            for digits in [format!("{byte:02x}"), format!("{byte:02X}")] {
                let mut read_back = [0];
                assert_eq!((read(digits.as_bytes(), &mut read_back), read_back), (Some(()), [byte]), "{digits}");
            }
        }
    }

    #[test]
    fn what_is_no_digit_is_refused_wherever_it_stands() {
        for wrong in (0..=u8::MAX).filter(|byte| !byte.is_ascii_hexdigit()) {
            for place in 0..40 {
                let mut digits = [b'a'; 40];
                digits[place] = wrong;
                assert_eq!(read(&digits, &mut [0; 20]), None, "{wrong} at {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn it_reads_as_the_usual_crate_does(digits in "[0-9a-fA-Fg:]{0,80}", len in 0usize..41) {
            let (mut ours, mut theirs) = (vec![0; len], vec![0; len]);
            let read = read(digits.as_bytes(), &mut ours);
            prop_assert_eq!(read.is_some(), hex::decode_to_slice(&digits, &mut theirs).is_ok());
            if read.is_some() {
                prop_assert_eq!(ours, theirs);
            }
        }
    }
}
