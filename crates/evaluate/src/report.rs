//! The page of results: one table in the form of the targets, then every method on every case, the simulated scenario, and
//! whether claims mean something.

mod cells;

use std::fmt::Write as _;

use crate::play::Config;
use crate::reliability::{BINS, Reliability};
use crate::score::Metrics;
use crate::target::{Limit, TARGETS, Target, Verdict};

use cells::{metres, places, share, two};

/// Between these lines of a page the results stand.
pub const BEGIN: &str = "<!-- results: written by make accuracy -->";
/// The end of the results.
pub const END: &str = "<!-- end of results -->";

/// All results.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Ours.
    pub ours: Vec<Ours>,
    /// Of what others do.
    pub others: Vec<Other>,
    /// Of the simulated scenario.
    pub walks: Vec<WalkResult>,
}

/// A result of ours.
#[derive(Debug, Clone)]
pub struct Ours {
    /// On which case.
    pub case: &'static str,
    /// With which knowledge.
    pub config: Config,
    /// How right.
    pub metrics: Metrics,
    /// How honest.
    pub reliability: Reliability,
    /// The median error of each device, where there are several.
    pub devices: Vec<(String, f64)>,
}

/// A result of a baseline.
#[derive(Debug, Clone)]
pub struct Other {
    /// On which case.
    pub case: &'static str,
    /// With which knowledge.
    pub config: Config,
    /// Which method.
    pub method: &'static str,
    /// How right.
    pub metrics: Metrics,
}

/// A result on the simulated scenario.
#[derive(Debug, Clone)]
pub struct WalkResult {
    /// Which walk.
    pub walk: &'static str,
    /// Which variant.
    pub variant: &'static str,
    /// The distance solver, told the true constants.
    pub solver: Metrics,
    /// Ours, told the plan.
    pub ours: Metrics,
}

impl Report {
    /// The tables as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut page = String::new();
        self.targets(&mut page);
        self.methods(&mut page);
        self.scenario(&mut page);
        self.claims(&mut page);
        page
    }

    fn targets(&self, page: &mut String) {
        *page += "| set, config | best baseline on the same rows | ours | verdict | pass | stretch |\n|---|---|---|---|---|---|\n";
        for ours in &self.ours {
            let target = TARGETS.iter().find(|target| target.case == ours.case && target.config == ours.config);
            let (pass, stretch) = target.map_or_else(|| ("-".into(), "-".into()), limits);
            let best = self.best(ours);
            let verdict = target.map_or_else(|| "no target".into(), |target| verdict(target, &ours.metrics));
            let devices = devices(&ours.devices);
            let _ = writeln!(
                page,
                "| {}, {} | {best} | {}{devices} | {verdict} | {pass} | {stretch} |",
                ours.case,
                ours.config.name(),
                summary(&ours.metrics)
            );
        }
    }

    /// The baseline with the least median error among those that know no more.
    fn best(&self, ours: &Ours) -> String {
        let allowed = |other: &&Other| other.case == ours.case && other.config.knows() <= ours.config.knows();
        let best = self
            .others
            .iter()
            .filter(allowed)
            .min_by(|a, b| a.metrics.median.unwrap_or(f64::MAX).total_cmp(&b.metrics.median.unwrap_or(f64::MAX)));
        best.map_or_else(|| "-".into(), |best| format!("{}: {}", best.method, summary(&best.metrics)))
    }

    fn methods(&self, page: &mut String) {
        *page += "\nEvery method on every case. Times in s, rates a minute; `macro` is the mean of the zones' own shares.\n\n";
        *page += "| case | method | median | p75 | p95 | zone | macro | floor | t_detect median/p95 | miss | false | flaps | switches |\n";
        *page += "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
        for ours in &self.ours {
            let name = format!("**ours, {}**", ours.config.name());
            let _ = writeln!(page, "| {} | {name} {}", ours.case, cells::row(&ours.metrics));
        }
        for other in &self.others {
            let name = format!("{}, {}", other.method, other.config.name());
            let _ = writeln!(page, "| {} | {name} {}", other.case, cells::row(&other.metrics));
        }
    }

    fn scenario(&self, page: &mut String) {
        *page += "\nThe scenario that ESPresense-companion publishes (6 x 4 m, 4 receivers, exponent 3, 2.5 dB; published: diagonal 0.60 m, p95 1.33 m, 6.6 % wrong room; living room to bedroom 0.60, 1.61, 22.3 %) and harder variants.\n";
        *page += "The solver on distances is told the true constants, ours only the plan.\n\n";
        *page += "| walk | variant | Nelder-Mead median/p95, wrong room | ours median/p95, wrong room |\n|---|---|---|---|\n";
        for result in &self.walks {
            let one = |metrics: &Metrics| {
                let wrong = metrics.zone.map_or_else(|| "-".into(), |zone| format!("{:.1} %", (1.0 - zone) * 100.0));
                format!("{}/{} m, {wrong}", two(metrics.median), two(metrics.p95))
            };
            let (solver, ours) = (one(&result.solver), one(&result.ours));
            let _ = writeln!(page, "| {} | {} | {solver} | {ours} |", result.walk, result.variant);
        }
    }

    fn claims(&self, page: &mut String) {
        *page += "\nWhether claims mean something: of the zone answers given with a probability in each bin, the share that was right (and how many there were); ";
        *page += "the mean gap between both, and the gap that chance alone would make if all claims held and the answers of one stay in a zone were right or wrong together; ";
        *page += "and how often the truth lay in the regions that should hold 50 % and 90 % of the belief.\n\n";
        *page += "| case, config |";
        for (place, low) in BINS.iter().enumerate() {
            let high = BINS.get(place + 1).copied().unwrap_or(1.0);
            let _ = write!(page, " {low:.1} to {high:.1} |");
        }
        *page += " mean gap | by chance | in 50 % | in 90 % |\n|---|";
        *page += &"---|".repeat(BINS.len() + 4);
        page.push('\n');
        for ours in &self.ours {
            let _ = write!(page, "| {}, {} |", ours.case, ours.config.name());
            for bin in ours.reliability.bins {
                let _ = match places(bin.right, bin.given) {
                    Some(right) => write!(page, " {} ({}) |", share(Some(right)), bin.given),
                    None => write!(page, " - |"),
                };
            }
            let Reliability { places: all, in_half, in_nine_tenths, .. } = ours.reliability;
            let (half, nine) = (share(places(in_half, all)), share(places(in_nine_tenths, all)));
            let [gap, chance] = [ours.reliability.zone_error(), ours.reliability.zone_error_by_chance()].map(share);
            let _ = writeln!(page, " {gap} | {chance} | {half} | {nine} |");
        }
    }
}

/// Puts results between the marks of a page; a page without marks gets them at its end.
#[must_use]
pub fn placed(page: &str, results: &str) -> String {
    let block = format!("{BEGIN}\n\n{results}\n{END}");
    match (page.find(BEGIN), page.find(END)) {
        (Some(from), Some(to)) if from < to => format!("{}{block}{}", &page[..from], &page[to + END.len()..]),
        _ => format!("{}\n\n{block}\n", page.trim_end()),
    }
}

fn verdict(target: &Target, metrics: &Metrics) -> String {
    match target.judge(metrics) {
        (Verdict::Stretch, _) => "**stretch**".into(),
        (Verdict::Pass, _) => "**pass**".into(),
        (Verdict::Short, short) => {
            let names: Vec<&str> = short.iter().map(|figure| figure.name()).collect();
            format!("short: {}", names.join(", "))
        }
    }
}

/// The limits of a target in words: what passes, and what is aimed at.
fn limits(target: &Target) -> (String, String) {
    let words = |pick: &dyn Fn(&Limit) -> Option<f64>| {
        let word = |limit: &Limit| {
            let sign = if limit.0.is_share() { ">=" } else { "<=" };
            pick(limit).map(|value| format!("{} {sign} {}", limit.0.name(), cells::limit(value)))
        };
        target.limits.iter().filter_map(word).collect::<Vec<_>>().join(", ")
    };
    (words(&|limit| Some(limit.1)), words(&|limit| limit.2))
}

/// The figures of a result in one cell.
fn summary(metrics: &Metrics) -> String {
    let mut said = format!("{}, zone {}", metres(metrics), share(metrics.zone));
    if metrics.floor.is_some() {
        let _ = write!(said, ", floor {}", share(metrics.floor));
    }
    if metrics.changes > 0 {
        let (median, p95) = (two(metrics.detect_median), two(metrics.detect_p95));
        let _ = write!(said, ", t_detect {median}/{p95} s, miss {}", share(metrics.missed));
        let _ = write!(said, ", false {}, flaps {}", two(metrics.false_switches), two(metrics.flaps));
    } else if metrics.switches.is_some() {
        let _ = write!(said, ", switches {}", two(metrics.switches));
    }
    said
}

fn devices(devices: &[(String, f64)]) -> String {
    if devices.len() < 2 {
        return String::new();
    }
    let each: Vec<String> = devices.iter().map(|(name, median)| format!("{name} {median:.2}")).collect();
    format!("; by phone {} m", each.join(", "))
}

#[cfg(test)]
mod tests;
