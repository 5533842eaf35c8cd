//! What positions rest on: the plan, and what traffic, anchors or a survey have taught of its radio.

use std::sync::Arc;

use locate::calibrate::{Anchors, Calibration, Source, Traffic};
use locate::grid::{Field, Ground as Cells};
use model::ids::ReceiverId;
use model::shop::Shop as Plan;

use super::desk::{Desk, Ground};
use super::health::place;

impl Desk {
    /// Takes a plan; says whether anything changed that positions rest on.
    pub(super) fn take_plan(&mut self, plan: Arc<Plan>) -> bool {
        let same = self.ground.as_ref().filter(|ground| {
            let old = &ground.plan;
            old.floors == plan.floors && old.receivers == plan.receivers && old.beacons == plan.beacons
        });
        if let Some(whole) = same.map(|ground| Arc::clone(&ground.whole)) {
            self.ground = Some(Ground { field: self.watching.heed(&whole), plan, whole });
            return false;
        }
        self.settle(&plan);
        let cells = Arc::new(Cells::new(&plan));
        self.recall(&cells);
        let whole = Arc::new(Field::on(&cells, &plan, self.learnt.as_deref()));
        self.gathered = self.take_quality().unwrap_or_default();
        self.gauge = None;
        self.watching.take(&whole, self.ground.as_ref().map(|ground| &*ground.plan), &plan);
        self.ground = Some(Ground { field: self.watching.heed(&whole), plan, whole });
        true
    }

    /// A receiver whose place is another one on a new plan is where that says.
    fn settle(&mut self, plan: &Plan) {
        let Some(old) = self.ground.as_ref().map(|ground| Arc::clone(&ground.plan)) else { return };
        let settled = |id: &ReceiverId| place(&old, id) != place(plan, id);
        for known in [&mut self.learnt, &mut self.lesson].into_iter().flatten() {
            if known.moved.iter().any(settled) {
                Arc::make_mut(known).settle(settled);
            }
        }
    }

    /// Takes what was learnt of the radio; says whether positions now rest on it. A survey goes before traffic, and what
    /// traffic finds is laid on top of it.
    pub(super) fn take_learnt(&mut self, learnt: Calibration) -> bool {
        let learnt = Arc::new(learnt);
        let traffic = match learnt.source {
            Source::Survey => {
                self.survey = Some(Arc::clone(&learnt));
                self.calibration().map(Arc::new)
            }
            Source::Plan | Source::Traffic => Some(Arc::clone(&learnt)),
        };
        self.learnt = Some(match (&self.survey, traffic) {
            (Some(survey), Some(traffic)) => Arc::new(survey.refined(&traffic)),
            (Some(survey), None) => Arc::clone(survey),
            (None, _) => learnt,
        });
        let Some(ground) = &mut self.ground else { return false };
        ground.whole = Arc::new(Field::on(ground.field.ground(), &ground.plan, self.learnt.as_deref()));
        self.watching.take(&ground.whole, None, &ground.plan);
        ground.field = self.watching.heed(&ground.whole);
        true
    }

    /// Takes what an earlier run learnt; says whether positions now rest on it.
    pub(super) fn take_back(&mut self, learnt: Calibration) -> bool {
        match learnt.source {
            Source::Survey => {}
            Source::Plan | Source::Traffic => {
                self.anchors = Anchors::default();
                self.anchors.recall(&learnt.anchors, self.now);
                self.lesson = Some(Arc::new(learnt.clone()));
                if let Some(cells) = self.ground.as_ref().map(|ground| Arc::clone(ground.field.ground())) {
                    self.recall(&cells);
                }
            }
        }
        self.take_learnt(learnt)
    }

    /// Gathers traffic from here on, on top of what was learnt from it before.
    fn recall(&mut self, cells: &Arc<Cells>) {
        let mut traffic = Traffic::new(cells);
        if let Some(lesson) = &self.lesson {
            traffic.recall(lesson);
        }
        self.learning.begin(traffic.seconds());
        self.traffic = Some(Box::new(traffic));
    }

    /// Whether the place of a receiver that was moved is learnt.
    pub(super) fn knows_moved(&self, receiver: &ReceiverId) -> bool {
        self.learnt.as_ref().is_some_and(|learnt| learnt.moved.contains(receiver))
    }

    /// What positions rest on.
    pub(super) fn source(&self) -> Option<Source> {
        self.ground.as_ref().map(|ground| ground.field.source())
    }
}
