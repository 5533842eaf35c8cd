//! Which way somebody faces who carries a phone: the body takes from what comes from behind.
//!
//! What a phone hears of a beacon hangs on the cosine between the way that its carrier faces and the way to the beacon, so
//! that a turn on the spot moves all levels at once, up on one side and down on the other. Two unknowns say which way and by
//! how much, and are taken out cell by cell together with the device's offset. A fixed end that hears knows nothing of it: a
//! tag hangs on a cart or lies in a basket, and what bodies take of it does not turn with anybody.

use model::floor::Point;

use super::ground::Ground;
use crate::lanes::fast_ln;

/// Standard deviation of what the body takes or leaves along each axis, in dB.
const FACING_DB: f32 = 4.0;
/// Who is nearer to a beacon than this may have it on any side, in metres.
const NEAR_M: f32 = 1.0;

/// The ways to a beacon, one entry a cell: the parts to the east and to the north of a unit vector for who is far from it,
/// and nothing for who stands at it.
#[derive(Debug, Clone)]
pub(super) struct Ways {
    east: Vec<f32>,
    north: Vec<f32>,
}

impl Ways {
    pub(super) fn to(beacon: Point, ground: &Ground) -> Self {
        let (x, y) = (beacon.x as f32, beacon.y as f32);
        let way = |(cell_x, cell_y): (&f32, &f32)| {
            let (right, up) = (x - cell_x, y - cell_y);
            let metres = (right * right + up * up + NEAR_M * NEAR_M).sqrt();
            (right / metres, up / metres)
        };
        let (east, north) = ground.x.iter().zip(&ground.y).map(way).unzip();
        Self { east, north }
    }

    /// Those of chunk `number` of `N` cells.
    #[inline(always)]
    pub(super) fn of<const N: usize>(&self, number: usize) -> (&[f32; N], &[f32; N]) {
        (&self.east.as_chunks().0[number], &self.north.as_chunks().0[number])
    }
}

/// The normal equations of offset and facing at `N` cells side by side: ridge regression of the levels, each weighed by how
/// sharp it is.
pub(super) struct Turn<const N: usize> {
    weights: [f32; N],
    east: [f32; N],
    north: [f32; N],
    east_east: [f32; N],
    east_north: [f32; N],
    north_north: [f32; N],
    over: [f32; N],
    over_east: [f32; N],
    over_north: [f32; N],
}

/// What explains the levels at `N` cells best, in dB, and the logarithm of how likely that is beside all else.
pub(super) struct Solved<const N: usize> {
    pub(super) offset: [f32; N],
    pub(super) east: [f32; N],
    pub(super) north: [f32; N],
    pub(super) logs: [f32; N],
}

impl<const N: usize> Turn<N> {
    /// Before anything is heard: the offset of the device with its variance, and a carrier that may face any way.
    #[inline(always)]
    pub(super) const fn new(offset: f32, variance: f32) -> Self {
        const FACING: f32 = 1.0 / (FACING_DB * FACING_DB);
        Self {
            weights: [1.0 / variance; N],
            east: [0.0; N],
            north: [0.0; N],
            east_east: [FACING; N],
            east_north: [0.0; N],
            north_north: [FACING; N],
            over: [offset / variance; N],
            over_east: [0.0; N],
            over_north: [0.0; N],
        }
    }

    /// Adds a level that is `over` what is expected, of a beacon that lies this way.
    #[inline(always)]
    pub(super) fn add(&mut self, weights: &[f32; N], over: &[f32; N], (east, north): (&[f32; N], &[f32; N])) {
        for n in 0..N {
            let (right, up) = (weights[n] * east[n], weights[n] * north[n]);
            self.weights[n] += weights[n];
            self.east[n] += right;
            self.north[n] += up;
            self.east_east[n] += right * east[n];
            self.east_north[n] += right * north[n];
            self.north_north[n] += up * north[n];
            self.over[n] += weights[n] * over[n];
            self.over_east[n] += right * over[n];
            self.over_north[n] += up * over[n];
        }
    }

    /// Solves for offset and facing by the Cholesky factors of the equations, square roots left out.
    #[inline(always)]
    pub(super) fn solve(&self, offset: f32, variance: f32) -> Solved<N> {
        const FACING: f32 = FACING_DB * FACING_DB;
        let mut solved = Solved { offset: [0.0; N], east: [0.0; N], north: [0.0; N], logs: [0.0; N] };
        for n in 0..N {
            let (east, north) = (self.east[n] / self.weights[n], self.north[n] / self.weights[n]);
            let first = self.east_east[n] - east * self.east[n];
            let both = self.east_north[n] - east * self.north[n];
            let mixed = both / first;
            let second = self.north_north[n] - north * self.north[n] - mixed * both;
            let over_east = self.over_east[n] - east * self.over[n];
            let over_north = self.over_north[n] - north * self.over[n] - mixed * over_east;
            let up = over_north / second;
            let right = over_east / first - mixed * up;
            let own = self.over[n] / self.weights[n] - east * right - north * up;
            let off = own - offset;
            let strange = off * off / variance + (right * right + up * up) / FACING;
            let sharp = self.weights[n] * first * second * (variance * FACING * FACING);
            (solved.offset[n], solved.east[n], solved.north[n]) = (own, right, up);
            solved.logs[n] = -0.5 * (strange + fast_ln(sharp));
        }
        solved
    }
}
