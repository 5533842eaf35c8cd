//! The Mersenne Twister (Matsumoto and Nishimura 1998, MT19937), so that folds and resamples are those that others'
//! references were made with.

const N: usize = 624;
const M: usize = 397;

/// A generator of 32-bit words.
#[derive(Debug, Clone)]
pub struct Twister {
    state: [u32; N],
    next: usize,
}

impl Twister {
    /// The generator of a seed.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        let mut state = [seed; N];
        for i in 1..N {
            let mixed = state[i - 1] ^ (state[i - 1] >> 30);
            let step = u32::try_from(i).expect("there are 624");
            state[i] = mixed.wrapping_mul(1_812_433_253).wrapping_add(step);
        }
        Self { state, next: N }
    }

    /// The next word.
    pub fn word(&mut self) -> u32 {
        if self.next == N {
            self.turn();
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn turn(&mut self) {
        for i in 0..N {
            let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
            let twisted = if y & 1 == 0 { y >> 1 } else { (y >> 1) ^ 0x9908_b0df };
            self.state[i] = self.state[(i + M) % N] ^ twisted;
        }
        self.next = 0;
    }

    /// A number from 0 to `most`, by throwing away words that are too large under the smallest mask.
    pub fn up_to(&mut self, most: u32) -> u32 {
        let mask = if most == 0 { 0 } else { u32::MAX >> most.leading_zeros() };
        if mask == 0 {
            return 0;
        }
        loop {
            let word = self.word() & mask;
            if word <= most {
                return word;
            }
        }
    }

    /// Shuffles from the end: each place gets one from itself or before.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let most = u32::try_from(i).expect("logs are shorter than 2^32");
            items.swap(i, self.up_to(most) as usize);
        }
    }
}

/// The part, of `k`, in which each of `n` rows is left out: a seeded shuffle cut into consecutive parts, the first ones
/// longer by one where it does not divide.
#[must_use]
pub fn folds(n: usize, k: usize, seed: u32) -> Vec<u8> {
    let mut order: Vec<usize> = (0..n).collect();
    Twister::new(seed).shuffle(&mut order);
    let k = k.clamp(1, 255);
    let mut fold = vec![0; n];
    let mut begin = 0;
    for part in 0..k {
        let size = n / k + usize::from(part < n % k);
        for row in &order[begin..begin + size] {
            fold[*row] = u8::try_from(part).expect("at most 255 parts");
        }
        begin += size;
    }
    fold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_published_ones() {
        // The C++ standard, 26.6.5: the 10,000th word of the default seed 5489.
        let mut twister = Twister::new(5_489);
        let word = (0..10_000).map(|_| twister.word()).last();
        assert_eq!(word, Some(4_123_659_995));
    }

    #[test]
    fn folds_are_of_equal_size_and_hold_every_row_once() {
        let fold = folds(10_000, 3, 12_345);
        let sizes = [0, 1, 2].map(|part| fold.iter().filter(|fold| **fold == part).count());
        assert_eq!(sizes, [3_334, 3_333, 3_333]);
    }

    #[test]
    fn numbers_stay_within_their_bound() {
        let mut twister = Twister::new(1);
        assert!((0..1_000).all(|_| twister.up_to(9) <= 9));
        assert_eq!(twister.up_to(0), 0);
    }
}
