//! A report as a table in Markdown.

use std::fmt::Write as _;

use super::figures::{Reliability, share};
use super::{Counts, Report, Score};

/// One row: what it is, and how it is read from a report.
type Row = (&'static str, fn(&Report) -> String);

const ROWS: &[Row] = &[
    ("people with a radio inside at a time; of these located by name", |r| {
        format!("{:.0}; {:.0}", r.inside, r.named_inside)
    }),
    ("minutes judged; frames on the air per second; receivers that hear one", |r| {
        let (frames, heard) = r.frames;
        format!("{}; {:.0}; {heard:.1}", r.judged_s / 60, share(frames, r.judged_s))
    }),
    ("**departments: share of moments with the right one** (positions; presences)", |r| {
        format!("**{}**; {}", percent(r.position_top.right_share()), percent(r.presence_top.right_share()))
    }),
    ("moments without any answer (positions)", |r| percent(share(r.position_top.silent, r.position_top.moments))),
    ("**departments: time to notice, median / p95; missed** (positions)", |r| notice(&r.position_top)),
    ("the same, until the presence is told", |r| notice(&r.presence_top)),
    ("departments: false switches and flaps, per person and hour (positions)", |r| switches(&r.position_top)),
    ("the same (presences)", |r| switches(&r.presence_top)),
    ("aisles: share of all moments with the right one or rightly none; of moments in one (positions)", |r| {
        format!("{}; {}", percent(r.position_shelf.right_share()), percent(share(r.at_shelf.1, r.at_shelf.0)))
    }),
    ("aisles: time to notice, median / p95; missed (positions)", |r| notice(&r.position_shelf)),
    ("the same, until the presence is told", |r| notice(&r.presence_shelf)),
    ("aisles: false switches and flaps, per person and hour (positions; presences)", |r| {
        format!("{}; {}", switches(&r.position_shelf), switches(&r.presence_shelf))
    }),
    ("positions: median, p75, p95", |r| {
        format!("{:.2} m, {:.2} m, {:.2} m", r.error.at(0.5), r.error.at(0.75), r.error.at(0.95))
    }),
    ("root mean square of the error; of the claimed uncertainty", |r| {
        let (error, claimed) = r.rms();
        format!("{error:.2} m; {claimed:.2} m")
    }),
    ("reliability error: departments; aisles", |r| {
        format!("{:.3}; {:.3}", r.reliability_top.error(), r.reliability_shelf.error())
    }),
    ("**ghosts of people with a name**: per hour; of departures; person-seconds per hour", |r| ghosts(r, &r.named)),
    ("from leaving to the last presence's end, median / p95; longer than 10, 20, 30 s", |r| lingering(&r.named)),
    ("ghosts of strangers", |r| ghosts(r, &r.strangers)),
    ("of strangers, from leaving to the last presence's end", |r| lingering(&r.strangers)),
    ("dots of people who left: person-seconds per hour (named; strangers)", |r| {
        let per_hour = |counts: &Counts| counts.per_hour(counts.dot_s, r.judged_s);
        format!("{:.0}; {:.0}", per_hour(&r.named), per_hour(&r.strangers))
    }),
    ("one person present as two, people with a name: times and seconds per hour", |r| doubled(r, &r.named)),
    ("the same of strangers", |r| doubled(r, &r.strangers)),
    ("present, as a share of who is inside (named; strangers)", |r| {
        let ratio = |counts: &Counts| percent(share(counts.present_s, counts.inside_s));
        format!("{}; {}", ratio(&r.named), ratio(&r.strangers))
    }),
    ("expected in the store beyond who truly is: p5, median, p95", |r| {
        let at = |share| r.expected.at(share);
        if r.expected.is_empty() { "-".into() } else { format!("{:+.0}, {:+.0}, {:+.0}", at(0.05), at(0.5), at(0.95)) }
    }),
    ("footfall in and out: true; counted", |r| {
        let [(entered, counted_in), (left, counted_out)] = r.footfall;
        format!("{entered}, {left}; {counted_in}, {counted_out}")
    }),
    ("visits of people with a name: true; told; never seen; cut in two; joined", |r| visits(&r.named)),
    ("**changes of their id or address inside; visits cut there**", |r| changes(&r.named)),
    ("visits of strangers: true; told; never seen; cut in two; joined", |r| visits(&r.strangers)),
    ("changes of their address inside; visits cut within 90 s", |r| changes(&r.strangers)),
    ("ids without an owner; refused", |r| format!("{}; {}", r.unnamed.unknown, r.unnamed.refused)),
    ("processor time of the shop machine, per person and hour", |r| {
        r.cpu_s_per_person_hour().map_or_else(|| "not told here".into(), |seconds| format!("{seconds:.2} s"))
    }),
];

/// Reports side by side, each under its title.
#[must_use]
pub fn markdown(reports: &[(String, Report)]) -> String {
    let titles: Vec<&str> = reports.iter().map(|(title, _)| title.as_str()).collect();
    let mut text = format!("| figure | {} |\n|---|{}\n", titles.join(" | "), "---|".repeat(titles.len()));
    for (name, figure) in ROWS {
        let cells: Vec<String> = reports.iter().map(|(_, report)| figure(report)).collect();
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    }
    text
}

/// Of all answers as sure as this, so many were right: one row a tenth, for both layers.
#[must_use]
pub fn reliability(report: &Report) -> String {
    let mut text =
        "| claimed | departments: mean claim, right (answers) | aisles: mean claim, right (answers) |\n|---|---|---|\n"
            .to_owned();
    for bin in 0..super::figures::BINS {
        let cell = |table: &Reliability| match table.bins[bin] {
            (0, _, _) => "-".to_owned(),
            (answers, claimed, right) => {
                format!("{:.2}, {:.2} ({answers})", claimed / share(answers, 1), share(right, answers))
            }
        };
        let (top, shelf) = (cell(&report.reliability_top), cell(&report.reliability_shelf));
        let _ = writeln!(
            text,
            "| .{bin} to {} | {top} | {shelf} |",
            if bin == 9 { "1".into() } else { format!(".{}", bin + 1) }
        );
    }
    text
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn notice(score: &Score) -> String {
    let (median, late) = (score.notice.at(0.5), score.notice.at(0.95));
    format!("{median:.1} s / {late:.1} s; {} of {}", percent(score.missed_share()), score.stays)
}

fn switches(score: &Score) -> String {
    format!("{:.0}, {:.1}", score.per_hour(score.false_switches), score.per_hour(score.flaps))
}

fn ghosts(report: &Report, counts: &Counts) -> String {
    format!(
        "{:.0}; {}; {:.0}",
        counts.per_hour(counts.ghosts, report.judged_s),
        percent(share(counts.ghosts, counts.departures)),
        counts.per_hour(counts.ghost_s, report.judged_s)
    )
}

fn lingering(counts: &Counts) -> String {
    let longer = [10.0, 20.0, 30.0].map(|bound| percent(counts.lingering.above(bound))).join(", ");
    format!("{:.1} s / {:.1} s; {longer}", counts.lingering.at(0.5), counts.lingering.at(0.95))
}

fn doubled(report: &Report, counts: &Counts) -> String {
    let per_hour = |count| counts.per_hour(count, report.judged_s);
    format!("{:.0}, {:.0}", per_hour(counts.doubled), per_hour(counts.doubled_s))
}

fn visits(counts: &Counts) -> String {
    let Counts { visits, told, unseen, split, joined, .. } = counts;
    format!("{visits}; {told}; {unseen}; {split}; {joined}")
}

fn changes(counts: &Counts) -> String {
    format!("{}; {}", counts.changes, counts.split_at_change)
}
