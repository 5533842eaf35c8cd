//! A diagnosis in words.

use locate::calibrate::Source;
use model::shop::Shop;
use model::time::Timestamp;

use super::super::paint::{Paint, Table, Tone};
use super::super::words::{self, count, metres, percent, span};
use super::super::{map, plan};
use super::{Diagnosis, PairFinding, ReceiverFinding, SECONDS_MIN, State, Worse, ZoneFinding};

impl Diagnosis {
    /// Says it in words; `period` is how far back was looked, as it was asked for.
    #[must_use]
    pub fn text(&self, shop: &Shop, period: &str, paint: Paint) -> String {
        let mut out = format!("{}\n", paint.on(Tone::Head, &format!("{}: how well it places people", shop.store.name)));
        let days = count(self.days, "day", "days");
        words::paragraph(
            &format!("The last {period}: {days} with traffic, {} of people in all.", span(self.seconds)),
            0,
            &mut out,
        );
        words::paragraph(&self.rests_on(shop), 0, &mut out);
        if !self.enough {
            words::paragraph(
                &format!(
                    "That is too little to say anything: it takes {} of people, and {} in a zone. \
                     Walk through the shop with a tag, or wait; `doctor plan` says what to expect until then.",
                    span(SECONDS_MIN),
                    span(super::ZONE_SECONDS_MIN)
                ),
                0,
                &mut out,
            );
            self.receivers(shop, paint, &mut out);
            return out;
        }
        self.summary(shop, &mut out);
        self.zones(shop, paint, &mut out);
        self.pairs(shop, paint, &mut out);
        self.receivers(shop, paint, &mut out);
        plan::advice(shop, &self.advice, paint, &mut out);
        self.maps(shop, paint, &mut out);
        out.push('\n');
        words::paragraph(
            "By its own account: what the filter believed, summed over everybody. It can't see a mistake that it believes in; \
             docs/accuracy.md says how far its account is right where the truth is known.",
            0,
            &mut out,
        );
        out
    }

    fn rests_on(&self, shop: &Shop) -> String {
        let since = self.source_kept.map_or_else(String::new, |at| moment(shop, at));
        match self.source {
            Source::Plan => {
                "Its positions rest on the plan alone (plan): nothing has been learnt of its radio yet.".into()
            }
            Source::Traffic => {
                format!("Its positions rest on the plan and on what its own traffic taught (self), last kept {since}.")
            }
            Source::Survey => format!(
                "Its positions rest on the survey of {since} (survey), and on what its own traffic changes of it."
            ),
        }
    }

    fn summary(&self, shop: &Shop, out: &mut String) {
        let right = self.right.map_or_else(
            || "It never named a zone.".to_owned(),
            |right| format!("When it names a zone, it is that one {} of the time, by its own account.", percent(right)),
        );
        let nowhere = format!(
            "It names none {} of the time, and is sure to within {}.",
            percent(self.nowhere),
            metres(self.uncertainty_m)
        );
        words::paragraph(&format!("{right} {nowhere}"), 0, out);
        let known = self.zones.iter().filter_map(|zone| zone.right.map(|right| (zone, right)));
        if let Some((zone, right)) = known.min_by(|a, b| a.1.total_cmp(&b.1)) {
            let name = words::zone(shop, &zone.id);
            words::paragraph(
                &format!("The least sure: when it says {name}, it is {name} {} of the time.", percent(right)),
                0,
                out,
            );
        }
    }

    fn zones(&self, shop: &Shop, paint: Paint, out: &mut String) {
        if self.zones.is_empty() {
            return;
        }
        out.push_str(&format!("\n{}\n", paint.on(Tone::Head, "Zones")));
        let mut table =
            Table::new(&["zone", ">people there", ">named: it is", ">there: found", ">plan says", ">sure to", ""]);
        for zone in &self.zones {
            table.row(zone_row(shop, zone));
        }
        table.write(paint, out);
        words::paragraph(words::VERDICTS, 2, out);
        for zone in self.zones.iter().filter(|zone| zone.worse.is_some()) {
            out.push_str(&format!(
                "  {}\n",
                paint.on(Tone::Poor, &format!("{} does worse than its plan promises", words::zone(shop, &zone.id)))
            ));
            let cause = match &zone.worse {
                Some(Worse::Receiver(id)) => format!("Look at the receiver {id} near it first (below)."),
                Some(Worse::Plan) | None => {
                    "No receiver near it is at fault: a wall or a shelf is missing on the plan, \
                                             or a receiver hangs elsewhere than drawn."
                        .to_owned()
                }
            };
            words::paragraph(&cause, 4, out);
        }
    }

    fn pairs(&self, shop: &Shop, paint: Paint, out: &mut String) {
        if self.zones.is_empty() {
            return;
        }
        out.push_str(&format!("\n{}\n", paint.on(Tone::Head, "Zones that cannot be told apart")));
        if self.pairs.is_empty() {
            out.push_str("  None.\n");
        }
        for PairFinding { a, b, a_is_b, b_is_a, foreseen } in self.pairs.iter().take(words::PAIRS_MAX) {
            let (a, b) = (words::zone(shop, a), words::zone(shop, b));
            out.push_str(&format!("  {}\n", paint.on(Tone::Poor, &format!("{a} and {b}"))));
            let advice = if *foreseen {
                "The plan says so too: make them one zone, or hang a receiver at one of them."
            } else {
                "The plan does not say so: look at the receivers near them, and at walls that are not drawn."
            };
            let both = format!(
                "When it says {a}, it is {b} {} of the time, and the other way round {}.",
                percent(*a_is_b),
                percent(*b_is_a)
            );
            words::paragraph(&format!("{both} {advice}"), 4, out);
        }
        words::more(self.pairs.len(), out);
    }

    fn receivers(&self, shop: &Shop, paint: Paint, out: &mut String) {
        out.push_str(&format!("\n{}\n", paint.on(Tone::Head, "Receivers")));
        let (trouble, rest): (Vec<&ReceiverFinding>, Vec<_>) =
            self.receivers.iter().partition(|r| r.state.is_trouble());
        for receiver in &trouble {
            out.push_str(&format!("  {}\n", paint.on(Tone::Poor, receiver.id.as_str())));
            words::paragraph(&trouble_of(shop, receiver), 4, out);
        }
        let (unknown, well): (Vec<_>, Vec<_>) = rest.into_iter().partition(|receiver| receiver.state == State::Unknown);
        for (list, what) in
            [(well, "As the plan lets expect"), (unknown, "Not to be judged, with so few people near them")]
        {
            if !list.is_empty() {
                let names: Vec<&str> = list.iter().map(|receiver| receiver.id.as_str()).collect();
                words::paragraph(&format!("{what}: {}.", names.join(", ")), 2, out);
            }
        }
        if self.receivers.is_empty() {
            out.push_str("  There are none on the plan.\n");
        }
    }

    fn maps(&self, shop: &Shop, paint: Paint, out: &mut String) {
        for floor in &shop.floors {
            let here = self.patches.iter().filter(|patch| patch.floor == floor.id);
            let samples: Vec<map::Sample> =
                here.flat_map(|patch| map::spread(patch.point, patch.uncertainty_m)).collect();
            if samples.is_empty() {
                continue;
            }
            out.push_str(&format!("\n{}\n", paint.on(Tone::Head, &format!("{}: how sure it was where", floor.name))));
            let add = self.advice.add.as_ref().filter(|add| add.floor == floor.id).map(|add| add.point);
            map::draw(shop, floor, &samples, add, paint, out);
        }
    }
}

fn zone_row(shop: &Shop, zone: &ZoneFinding) -> Vec<(Tone, String)> {
    let mut row = vec![(Tone::Plain, words::zone(shop, &zone.id).to_owned()), (Tone::Plain, span(zone.seconds))];
    let (Some(right), Some(found), Some(verdict)) = (zone.right, zone.found, zone.verdict) else {
        row.extend(
            ["", "", &percent(zone.promised), "", "too little traffic"].map(|text| (Tone::Faint, text.to_owned())),
        );
        return row;
    };
    let promised = if zone.worse.is_some() { Tone::Poor } else { Tone::Plain };
    row.extend([
        (verdict.tone(), percent(right)),
        (verdict.tone(), percent(found)),
        (promised, percent(zone.promised)),
        (Tone::Plain, zone.uncertainty_m.map_or_else(String::new, metres)),
        (verdict.tone(), verdict.word().to_owned()),
    ]);
    row
}

fn trouble_of(shop: &Shop, receiver: &ReceiverFinding) -> String {
    match receiver.state {
        State::Silent(missed) => {
            let since = receiver.last.map_or_else(
                || "has not heard anybody".to_owned(),
                |last| format!("has heard nobody since {}", moment(shop, last)),
            );
            format!(
                "Silent: it {since}, though people near it were looked at {missed} times. Look whether it has power and network."
            )
        }
        State::Weak(share) => format!(
            "Weak: it hears people near it only {} of the times, far less than the others. Covered, turned away, or not where the plan puts it.",
            percent(share)
        ),
        State::Elsewhere(db) => format!(
            "Hears {:.0} dB {} than where the plan puts it: moved, turned, {}.",
            db.abs(),
            if db > 0.0 { "more" } else { "less" },
            if db > 0.0 { "or a stronger make than the others" } else { "covered, or a weaker make than the others" }
        ),
        State::Well | State::Unknown => String::new(),
    }
}

/// A moment in the store's own time.
fn moment(shop: &Shop, at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.in_tz(&shop.store.timezone).map_or_else(
        |_| moment.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        |local| local.strftime("%Y-%m-%d %H:%M").to_string(),
    )
}
