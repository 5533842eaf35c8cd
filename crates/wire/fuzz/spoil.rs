//! How right messages are spoilt: by bytes, by the structures that messages have, and by what was read before.
//!
//! Nothing here sees which lines of a decoder ran. What guides it instead: a spoilt message that its decoder still reads
//! is kept and spoilt further, so that the messages walk away from the corpus through what is accepted.
//! Everything follows from a seed.

use wire::vendor;

/// Longest message that is made: a little longer than any that is read.
const LEN_MAX: usize = vendor::PAYLOAD_LEN_MAX + 16;
/// Most messages that are kept because they were read.
const KEPT_MAX: usize = 256;
/// Longer ones are not kept: they would take the time of many short ones.
const KEPT_LEN_MAX: usize = 4_096;
/// One in so many that were read is kept.
const KEEP_ONE_IN: usize = 8;

/// Chance from a seed.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// The next number (splitmix64).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a bound.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn one_of<'t, T: ?Sized>(&mut self, all: &[&'t T]) -> &'t T {
        all[self.below(all.len())]
    }

    fn byte(&mut self) -> u8 {
        self.next() as u8
    }
}

/// Words that decoders look at twice.
const WORDS: [&[u8]; 18] = [
    b"\"",
    b"\\",
    b"\\u0000",
    b"{",
    b"}",
    b"[",
    b"]",
    b"null",
    b"true",
    b"-1",
    b"1e308",
    b"-1e-308",
    b"99999999999999999999",
    b"0.5",
    b"\xff",
    b"\x00",
    b",",
    b"\"rssi\":-128",
];
/// Values at the ends of what a field can hold, and of another kind than it holds.
const VALUES: [&[u8]; 20] = [
    b"0",
    b"-0",
    b"-1",
    b"127",
    b"-128",
    b"128",
    b"255",
    b"256",
    b"65535",
    b"65536",
    b"4294967295",
    b"4294967296",
    b"9007199254740993",
    b"-9223372036854775808",
    b"18446744073709551615",
    b"1e400",
    b"\"\"",
    b"[]",
    b"{}",
    b"null",
];
/// Kinds of structures in an advertisement.
const KINDS: [u8; 12] = [0x01, 0x02, 0x03, 0x07, 0x08, 0x09, 0x0a, 0x16, 0x20, 0x21, 0x2d, 0xff];

/// Messages that a decoder reads: the right ones, and those that it read although they were spoilt.
pub(crate) struct Corpus {
    seeds: Vec<Vec<u8>>,
    kept: Vec<Vec<u8>>,
    chance: Chance,
}

impl Corpus {
    /// Begins with the right ones.
    pub(crate) const fn new(seeds: Vec<Vec<u8>>, seed: u64) -> Self {
        Self { seeds, kept: Vec::new(), chance: Chance(seed) }
    }

    /// The next message: one of these, spoilt in one to eight ways.
    pub(crate) fn next(&mut self, message: &mut Vec<u8>) {
        let Self { seeds, kept, chance } = self;
        let from = if kept.is_empty() || chance.below(2) == 0 { &*seeds } else { &*kept };
        message.clear();
        message.extend_from_slice(&from[chance.below(from.len())]);
        for _ in 0..=chance.below(8) {
            match chance.below(4) {
                0 => structures(message, seeds, chance),
                1 if in_digits(message, chance) => {}
                _ => bytes(message, seeds, chance),
            }
        }
        message.truncate(LEN_MAX);
    }

    /// Takes in that the last message was read.
    pub(crate) fn was_read(&mut self, message: &[u8]) {
        if message.len() > KEPT_LEN_MAX || self.chance.below(KEEP_ONE_IN) != 0 {
            return;
        }
        if self.kept.len() < KEPT_MAX {
            self.kept.push(message.to_vec());
        } else {
            let place = self.chance.below(KEPT_MAX);
            self.kept[place] = message.to_vec();
        }
    }
}

/// Bytes flipped, set, put in, taken out, doubled, or joined with those of another message.
fn bytes(message: &mut Vec<u8>, seeds: &[Vec<u8>], chance: &mut Chance) {
    let place = chance.below(message.len() + 1);
    match chance.below(9) {
        0 if !message.is_empty() => {
            let place = place % message.len();
            message[place] ^= 1 << chance.below(8);
        }
        1 if !message.is_empty() => {
            let place = place % message.len();
            message[place] = chance.byte();
        }
        2 => message.truncate(place),
        3 => {
            let word = chance.one_of(&WORDS);
            message.splice(place..place, word.iter().copied());
        }
        4 => {
            let end = place + chance.below(message.len() - place + 1);
            message.drain(place..end);
        }
        5 => {
            let end = place + chance.below((message.len() - place).min(64) + 1);
            let again = message[place..end].to_vec();
            message.splice(place..place, again);
        }
        6 => {
            let other = &seeds[chance.below(seeds.len())];
            let from = chance.below(other.len() + 1);
            message.truncate(place);
            message.extend_from_slice(&other[from..]);
        }
        // Rarely, much of the same: depth, length and numbers of elements.
        7 if chance.below(64) == 0 => {
            let word = chance.one_of(&WORDS);
            let times = chance.below(LEN_MAX / word.len());
            message.splice(place..place, word.repeat(times));
        }
        _ => {
            let byte = chance.byte();
            message.insert(place, byte);
        }
    }
}

/// Whole values of JSON, or lengths and structures of bytes, changed so that what is around them stays right.
fn structures(message: &mut Vec<u8>, seeds: &[Vec<u8>], chance: &mut Chance) {
    let Some((from, to)) = value(message, chance) else { return lengths(message, chance) };
    let new = match chance.below(5) {
        0 => chance.one_of(&VALUES).to_vec(),
        1 => {
            let other = &seeds[chance.below(seeds.len())];
            value(other, chance).map_or_else(Vec::new, |(from, to)| other[from..to].to_vec())
        }
        2 => [b"[", &message[from..to], b"]"].concat(),
        3 => [b"{\"a\":", &message[from..to], b"}"].concat(),
        _ => [&message[from..to], b",", &message[from..to]].concat(),
    };
    message.splice(from..to, new);
}

/// Where a value of a JSON object or list begins and ends, near a place of chance.
fn value(message: &[u8], chance: &mut Chance) -> Option<(usize, usize)> {
    if !matches!(message.first(), Some(b'{' | b'[')) {
        return None;
    }
    let start = chance.below(message.len());
    let opens = message[start..].iter().position(|byte| matches!(byte, b':' | b'[' | b','))?;
    let from = start + opens + 1;
    let (mut depth, mut is_text) = (0_u32, false);
    for (ahead, byte) in message[from..].iter().enumerate() {
        match byte {
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => depth += 1,
            b'}' | b']' | b',' if !is_text && depth == 0 => return Some((from, from + ahead)),
            b'}' | b']' if !is_text => depth -= 1,
            _ => {}
        }
    }
    None
}

/// A byte that says how much follows says something else, or a structure is put in, or a number is at its end.
fn lengths(message: &mut Vec<u8>, chance: &mut Chance) {
    let place = chance.below(message.len() + 1);
    let rest = message.len() - place;
    match chance.below(3) {
        0 if rest > 0 => {
            let near = rest + chance.below(5);
            message[place] = near.saturating_sub(3) as u8;
        }
        1 => {
            let body = chance.below(24);
            let kind = KINDS[chance.below(KINDS.len())];
            let data: Vec<u8> = (0..body).map(|_| chance.byte()).collect();
            let structure = [&[body as u8 + 1, kind], data.as_slice()].concat();
            message.splice(place..place, structure);
        }
        _ => {
            let width = 1 << chance.below(4);
            let end = chance.one_of::<[u8]>(&[&[0x00; 8], &[0xff; 8], &[0x80, 0, 0, 0, 0, 0, 0, 0x80]]);
            let to = (place + width).min(message.len());
            message[place..to].copy_from_slice(&end[..to - place]);
        }
    }
}

/// Spoils what stands in hexadecimal digits within a message, as bytes; whether there was any.
fn in_digits(message: &mut Vec<u8>, chance: &mut Chance) -> bool {
    let start = chance.below(message.len() + 1);
    let is_digit = |byte: &u8| byte.is_ascii_hexdigit();
    let Some(ahead) = message[start..].windows(8).position(|eight| eight.iter().all(is_digit)) else { return false };
    let from = start + ahead;
    let digits = message[from..].iter().take_while(|byte| is_digit(byte)).count() / 2 * 2;
    let Ok(mut inner) = hex::decode(&message[from..from + digits]) else { return false };
    lengths(&mut inner, chance);
    message.splice(from..from + digits, hex::encode(inner).into_bytes());
    true
}
