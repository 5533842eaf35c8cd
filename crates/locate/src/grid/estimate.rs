//! What a belief says in the end: a place, how sure it is, a probability for every zone, and who heard.

use model::floor::Point;
use model::ids::{FloorId, ZoneId};
use model::position::{Patch, Spread};
use model::presence::Witness;
use model::time::Timestamp;
use model::units::{Dbm, Metres, Probability};

use super::weigh::Workspace;
use super::{Filter, Heard, slot_end};

/// Receivers named in an estimate.
const HEARD_MAX: usize = 4;

/// Where a subject is believed to be at the end of a slot.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The end of the slot.
    pub at: Timestamp,
    /// The likeliest floor.
    pub floor: FloorId,
    /// The mean of the belief on that floor.
    pub point: Point,
    /// Root mean square distance of what is claimed from the point.
    pub uncertainty: Metres,
    /// How what is claimed spreads on that floor.
    pub spread: Spread,
    /// Where the belief lies on that floor, likeliest first, at most 64 patches.
    pub cloud: Vec<Patch>,
    /// What is claimed for every zone of the plan, in its order.
    pub zones: Vec<(ZoneId, Probability)>,
    /// The belief that the claims were made of, which is too sure of itself but the best guess which zone it is.
    pub believed: Vec<(ZoneId, Probability)>,
    /// Belief that the subject is in no zone at all.
    pub outside: Probability,
    /// The receivers that heard the subject in the slot, strongest first, at most 4, and how far each is from what was
    /// expected of it at the subject's place.
    pub heard: Vec<Witness>,
}

impl Filter {
    pub(super) fn describe(&self, slot: i64, heard: &[Heard], work: &mut Workspace) -> Estimate {
        let ground = &*self.field.ground;
        work.belief.place(&mut work.place);
        let (floor, point, belief) = ground.moments(&work.place);
        let believed = ground.zones_of(&work.place);
        let mut strongest: Vec<(u16, f32, f32)> =
            heard.iter().map(|heard| (heard.receiver, heard.rssi, heard.echo().level)).collect();
        strongest.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        strongest.dedup_by_key(|(receiver, _, _)| *receiver);
        strongest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        strongest.truncate(HEARD_MAX);
        let witness = |(receiver, rssi, level): (u16, f32, f32)| {
            let (expected, _) = work.expected(&self.field, usize::from(receiver));
            Witness {
                receiver: self.field.ears[usize::from(receiver)].id.clone(),
                rssi: Dbm(rssi),
                residual: Some(level - expected - work.belief.device.offset),
            }
        };
        let heard = strongest.into_iter().map(witness).collect();
        let variance = f64::midpoint(belief.xx, belief.yy);
        let standing = work.belief.device.trail.standing();
        self.field.claim(&mut work.place, variance, standing, &mut work.flux);
        let (_, _, spread) = ground.moments(&work.place);
        Estimate {
            at: slot_end(slot),
            cloud: ground.cloud(&work.place, &floor),
            floor,
            point,
            uncertainty: Metres((spread.xx + spread.yy).sqrt()),
            spread,
            zones: ground.zones_of(&work.place),
            believed,
            outside: ground.outside(&work.place),
            heard,
        }
    }
}
