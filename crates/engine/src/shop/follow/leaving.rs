//! When somebody who is silent is taken for gone: sooner at the way out, later when no door counter let them out.

use locate::grid::Estimate;
use model::time::Millis;
use model::zone::ZoneKind;

use super::super::desk::Desk;
use super::Follow;

/// The shortest silence after which somebody at the door is gone.
const DOOR_MIN: Millis = Millis::seconds(5);
/// Belief in the way out with which somebody may be the one that a door counter let out.
const DOOR_BELIEF: f64 = 0.2;
/// Outside it is still heard for a while, and believed anywhere.
const DOOR_PAST: Millis = Millis::seconds(15);

/// Whom no door counter has let out is gone only after so many times the usual silence, and at most after so long.
const KEPT_FACTOR: i64 = 3;
const KEPT_MAX: Millis = Millis::seconds(900);

/// Whether it may be at the way out, as far as a door counter is to tell.
pub(super) fn may_leave(estimate: &Estimate, desk: &Desk) -> bool {
    desk.door_belief(estimate) >= DOOR_BELIEF
}

impl Follow {
    /// The silence after which it is taken for gone.
    pub(super) fn gone_after(&self, desk: &Desk) -> Millis {
        let usual = self.rhythm.gone_after();
        match (self.at_the_door(desk), desk.fusion.door.kept_in(self.last_heard())) {
            (true, false) => self.rhythm.quiet_after().max(DOOR_MIN),
            (true, true) | (false, false) => usual,
            // Nobody was counted out: it is quiet and has not left, for longer.
            (false, true) => Millis(usual.0.saturating_mul(KEPT_FACTOR)).min(usual.max(KEPT_MAX)),
        }
    }

    /// Whether it is at the way out: present there, or perhaps there of late when the counters let somebody out.
    pub(super) fn at_the_door(&self, desk: &Desk) -> bool {
        self.tracker.inside().any(|zone| desk.zone_kind(zone) == Some(ZoneKind::Entrance))
            || (self.door.is_some_and(|door| self.last_heard().since(door) <= DOOR_PAST)
                && desk.fusion.door.let_out(self.last_heard()))
    }
}
