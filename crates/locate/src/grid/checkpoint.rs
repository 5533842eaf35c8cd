//! The beliefs that a filter keeps between looks, each at the end of one slot.

use super::belief::Belief;
use super::kept::Kept;

/// A belief that stands as long as nothing before it changes.
#[derive(Debug, Default)]
pub(super) struct Checkpoint {
    /// The slot at whose end it is; none while it is void.
    pub(super) slot: Option<i64>,
    pub(super) kept: Option<Kept>,
}

impl Checkpoint {
    pub(super) fn put(&mut self, slot: i64, belief: &Belief) {
        self.slot = Some(slot);
        match &mut self.kept {
            Some(kept) => kept.put(belief),
            None => self.kept = Some(Kept::new(belief)),
        }
    }

    /// Takes over what another one keeps of a slot.
    pub(super) fn copy(&mut self, slot: i64, other: &Self) {
        let Some(from) = &other.kept else { return };
        self.slot = Some(slot);
        match &mut self.kept {
            Some(kept) => kept.copy(from),
            None => self.kept = Some(Kept::new_copy(from)),
        }
    }

    pub(super) fn valid(&self, until: i64) -> Option<(i64, &Kept)> {
        let slot = self.slot.filter(|slot| *slot <= until)?;
        Some((slot, self.kept.as_ref()?))
    }
}
