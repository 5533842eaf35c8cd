//! The draw of a decision, by another way: the key is written out byte by byte and the stream cipher is our own, after
//! RFC 8439 with 12 rounds. Only SHA-256 is the same program, and is checked by a word of FIPS 180-4.

use sha2::{Digest, Sha256};

/// The first word of 64 bits that `ChaCha` with 12 rounds gives under a key, from its first block and stream.
fn first_word(key: [u8; 32]) -> u64 {
    let mut start = [0_u32; 16];
    start[..4].copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]);
    for (place, bytes) in key.chunks_exact(4).enumerate() {
        start[4 + place] = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
    }
    let mut state = start;
    for _ in 0..6 {
        for column in 0..4 {
            quarter(&mut state, [column, 4 + column, 8 + column, 12 + column]);
        }
        for row in 0..4 {
            quarter(&mut state, [row, 4 + (row + 1) % 4, 8 + (row + 2) % 4, 12 + (row + 3) % 4]);
        }
    }
    let word = |place: usize| u64::from(state[place].wrapping_add(start[place]));
    word(0) | word(1) << 32
}

fn quarter(state: &mut [u32; 16], [a, b, c, d]: [usize; 4]) {
    for (to, from, by, turn) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        state[to] = state[to].wrapping_add(state[from]);
        state[by] = (state[by] ^ state[to]).rotate_left(turn);
    }
}

/// From 0 up to but not 1: 53 bits, so that each is a number that a float holds.
pub(super) fn draw(seed: u64, decision: u128) -> f64 {
    let mut text = Vec::from(seed.to_be_bytes());
    text.extend([0, 0, 0, 0, 0, 0, 0, 4]);
    text.extend(b"draw");
    text.extend([0, 0, 0, 0, 0, 0, 0, 16]);
    text.extend(decision.to_be_bytes());
    let mut left = first_word(Sha256::digest(&text).into()) >> 11;
    // Bit by bit, the lowest first: each is worth half of the one above it.
    let mut sum = 0.0;
    for _ in 0..53 {
        sum = (sum + f64::from((left & 1) as u8)) / 2.0;
        left >>= 1;
    }
    sum
}

#[test]
fn the_hash_is_that_of_the_standard() {
    let digest: [u8; 32] = Sha256::digest(b"abc").into();
    assert_eq!(digest[..8], [0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea]);
}

#[test]
fn the_draw_comes_out_by_another_way() {
    for number in 0..1_000_u128 {
        let (seed, id) = ((number * number) as u64, number << 70 | number);
        let ours = decide::keyed::draw(seed, model::ids::DecisionId(id));
        assert_eq!(draw(seed, id).to_bits(), ours.to_bits(), "{number}");
    }
}
