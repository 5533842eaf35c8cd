//! A belief as it is kept between two looks: only the cells that hold something, two bytes for how much and one for how much
//! of it walks. What the other cells held together is laid anew when the belief is taken up again.

use super::belief::Belief;
use super::device::Device;
use super::field::Field;

/// Cells with less than this part of what an even spread over all cells would give them are not kept one by one.
const CELL_MIN: f32 = 0.04;
/// Cells that one word of the map marks.
const WORD: usize = 64;

/// A belief in few bytes: three a cell that holds something, one bit for every cell.
#[derive(Debug)]
pub(super) struct Kept {
    held: Vec<u64>,
    place: Vec<u16>,
    walking: Vec<u8>,
    rest: f32,
    device: Device,
}

impl Kept {
    pub(super) fn new(belief: &Belief) -> Self {
        let mut kept =
            Self { held: Vec::new(), place: Vec::new(), walking: Vec::new(), rest: 0.0, device: belief.device.clone() };
        kept.put(belief);
        kept
    }

    /// A copy in a room of its own.
    pub(super) fn new_copy(other: &Self) -> Self {
        Self {
            held: other.held.clone(),
            place: other.place.clone(),
            walking: other.walking.clone(),
            rest: other.rest,
            device: other.device.clone(),
        }
    }

    /// Keeps another belief in the same room.
    pub(super) fn put(&mut self, belief: &Belief) {
        self.device.copy(&belief.device);
        self.held.clear();
        self.held.resize(belief.walking.len().div_ceil(WORD), 0);
        self.place.clear();
        self.walking.clear();
        self.rest = 0.0;
        let least = CELL_MIN / belief.walking.len().max(1) as f32;
        for (cell, (walking, standing)) in belief.walking.iter().zip(&belief.standing).enumerate() {
            let sum = walking + standing;
            if sum >= least {
                self.held[cell / WORD] |= 1 << (cell % WORD);
                // The upper half of a float, rounded: eight bits of exponent, seven of mantissa.
                self.place.push((sum.to_bits().saturating_add(0x8000) >> 16) as u16);
                self.walking.push((walking / sum * 255.0).round() as u8);
            } else {
                self.rest += sum;
            }
        }
    }

    /// Takes what another one keeps, in the same room.
    pub(super) fn copy(&mut self, other: &Self) {
        self.held.clone_from(&other.held);
        self.place.clone_from(&other.place);
        self.walking.clone_from(&other.walking);
        self.rest = other.rest;
        self.device.copy(&other.device);
    }

    /// Takes the belief up again.
    pub(super) fn take(&self, field: &Field, belief: &mut Belief) {
        belief.device.copy(&self.device);
        belief.walking.clear();
        belief.walking.extend(field.start.iter().map(|weight| weight * self.rest * 0.5));
        belief.standing.clone_from(&belief.walking);
        let mut entries = self.place.iter().zip(&self.walking);
        for (word, held) in self.held.iter().enumerate() {
            let mut left = *held;
            while left != 0 {
                let cell = word * WORD + left.trailing_zeros() as usize;
                left &= left - 1;
                let Some((place, walking)) = entries.next() else { return };
                let sum = f32::from_bits(u32::from(*place) << 16);
                let walks = sum * f32::from(*walking) / 255.0;
                belief.walking[cell] += walks;
                belief.standing[cell] += sum - walks;
            }
        }
    }

    /// Bytes that it takes, with the room that it has in reserve.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.held.capacity() * size_of::<u64>()
            + self.place.capacity() * size_of::<u16>()
            + self.walking.capacity()
            + self.device.bytes()
    }
}
