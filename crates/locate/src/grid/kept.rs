//! A belief as it is kept between two looks: only the cells that hold something, with eleven bits for how much and five for how
//! much of it walks. What the other cells held together is laid anew when the belief is taken up again.

use super::belief::Belief;
use super::device::Device;
use super::field::Field;
use crate::lanes::{self, fast_exp, fast_ln};

/// Cells with less than this part of what an even spread over all cells would give them are not kept one by one.
const CELL_MIN: f32 = 0.04;
/// Cells that one word of the map marks.
const WORD: usize = 64;
/// Bits for how much of a cell walks.
const WALK_BITS: u16 = 5;
/// The largest number that they hold.
const WALK_MAX: f32 = 31.0;
/// The largest number for how much a cell holds: all.
const MASS_MAX: f32 = 2047.0;
/// Cells for which more room is made than there are, as a part of them.
const ROOM: usize = 16;

/// A belief in few bytes: two a cell that holds something, one bit for every cell.
#[derive(Debug)]
pub(super) struct Kept {
    held: Vec<u64>,
    cells: Vec<u16>,
    rest: f32,
    device: Device,
}

impl Kept {
    pub(super) fn new(belief: &Belief) -> Self {
        let mut kept = Self { held: Vec::new(), cells: Vec::new(), rest: 0.0, device: belief.device.clone() };
        kept.put(belief);
        kept
    }

    /// A copy in a room of its own.
    pub(super) fn new_copy(other: &Self) -> Self {
        let device = other.device.clone();
        Self { held: other.held.clone(), cells: other.cells.clone(), rest: other.rest, device }
    }

    /// Keeps another belief in the same room.
    pub(super) fn put(&mut self, belief: &Belief) {
        self.device.copy(&belief.device);
        self.held.clear();
        self.held.resize(belief.walking.len().div_ceil(WORD), 0);
        let (least, step) = scale(belief.walking.len());
        let mut count = 0;
        self.rest = 0.0;
        for (cell, (walking, standing)) in belief.walking.iter().zip(&belief.standing).enumerate() {
            if walking + standing >= least {
                self.held[cell / WORD] |= 1 << (cell % WORD);
                count += 1;
            } else {
                self.rest += walking + standing;
            }
        }
        self.cells.clear();
        reserve(&mut self.cells, count, belief.walking.len());
        for (walking, standing) in belief.walking.iter().zip(&belief.standing) {
            let sum = walking + standing;
            if sum >= least {
                let mass = (fast_ln(sum / least) / step + 0.5).clamp(0.0, MASS_MAX) as u16;
                let walks = (walking / sum * WALK_MAX + 0.5).clamp(0.0, WALK_MAX) as u16;
                self.cells.push(mass << WALK_BITS | walks);
            }
        }
    }

    /// Takes what another one keeps, in the same room.
    pub(super) fn copy(&mut self, other: &Self) {
        self.held.clone_from(&other.held);
        self.cells.clear();
        reserve(&mut self.cells, other.cells.len(), other.held.len() * WORD);
        self.cells.extend_from_slice(&other.cells);
        self.rest = other.rest;
        self.device.copy(&other.device);
    }

    /// Takes the belief up again.
    pub(super) fn take(&self, field: &Field, belief: &mut Belief) {
        belief.device.copy(&self.device);
        belief.walking.clear();
        belief.walking.extend(field.start.iter().map(|weight| weight * self.rest * 0.5));
        belief.standing.clone_from(&belief.walking);
        let (least, step) = scale(field.start.len());
        let mut entries = self.cells.iter();
        for (word, held) in self.held.iter().enumerate() {
            let mut left = *held;
            while left != 0 {
                let cell = word * WORD + left.trailing_zeros() as usize;
                left &= left - 1;
                let Some(entry) = entries.next() else { break };
                let sum = least * fast_exp(f32::from(entry >> WALK_BITS) * step);
                let walks = sum * f32::from(entry & WALK_MAX as u16) / WALK_MAX;
                belief.walking[cell] += walks;
                belief.standing[cell] += sum - walks;
            }
        }
        // What was rounded up or down is given back to all.
        let scale = 1.0 / (lanes::sum(&belief.walking) + lanes::sum(&belief.standing)).max(f32::MIN_POSITIVE);
        belief.walking.iter_mut().chain(&mut belief.standing).for_each(|p| *p *= scale);
    }

    /// Bytes that it takes, with the room that it has in reserve.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.held.capacity() * size_of::<u64>()
            + self.cells.capacity() * size_of::<u16>()
            + self.device.bytes()
    }
}

/// The least that a cell holds to be kept, and how much more each step of its number means, as a logarithm.
fn scale(cells: usize) -> (f32, f32) {
    let least = CELL_MIN / cells.max(1) as f32;
    (least, -fast_ln(least) / MASS_MAX)
}

/// Makes room for so many cells and a few more, but never for more than there are: doubling would cost what packing saves.
fn reserve(room: &mut Vec<u16>, count: usize, cells: usize) {
    if room.capacity() < count {
        room.reserve_exact((count + count / ROOM + WORD).min(cells).max(count));
    }
}
