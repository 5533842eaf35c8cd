//! What was found, as a page for people.

use std::fmt::Write as _;

use measure::ope::{Code, Estimate, Refusal};

use super::{Findings, Run};

pub(super) fn page(findings: &Findings) -> String {
    let mut page = String::new();
    for run in &findings.runs {
        // Writing to a string can't fail.
        let _ = section(&mut page, &findings.campaign, run);
    }
    page
}

fn section(page: &mut String, campaign: &str, run: &Run) -> std::fmt::Result {
    let (report, weights) = (&run.report, &run.report.weights);
    writeln!(page, "{campaign}: {} judged on the log of {}", run.to, run.from)?;
    let (rounds, clicks) = (report.rounds, report.clicks);
    writeln!(page, "  {rounds} rounds, {} actions, {clicks} rewarded; logged {:.6}", report.actions, report.logged)?;
    if let Some(skipped) = run.skipped {
        writeln!(page, "  {skipped} decisions left out: kept back to compare with, or without a choice")?;
    }
    writeln!(
        page,
        "  weights: mean {:.3}, largest {:.1} ({:.1} % of all), worth {:.0} rounds",
        weights.mean,
        weights.max,
        100.0 * weights.share_max,
        weights.ess
    )?;
    match &report.estimates {
        Some(all) => {
            writeln!(page, "  estimate        value   std. error   95 % interval")?;
            let rows =
                [("IPS", &all.ips), ("SNIPS", &all.snips), ("DM", &all.dm), ("DR", &all.dr), ("SNDR", &all.sndr)];
            rows.iter().try_for_each(|(name, estimate)| row(page, name, estimate))?;
        }
        None => {
            writeln!(page, "  no estimate: this log can't carry one")?;
            report.refused.iter().try_for_each(|refusal| writeln!(page, "  - {}", why(refusal)))?;
        }
    }
    match run.truth {
        Some(truth) => writeln!(page, "  when {} ran itself it earned {truth:.6}\n", run.to),
        None => writeln!(page),
    }
}

fn row(page: &mut String, name: &str, estimate: &Estimate) -> std::fmt::Result {
    let Estimate { value, se, low, high } = estimate;
    writeln!(page, "  {name:<8} {value:>12.6} {se:>12.6}   {low:.6} to {high:.6}")
}

fn why(refusal: &Refusal) -> String {
    let Refusal { code, is, wanted } = refusal;
    match code {
        Code::MeanWeight => format!(
            "the weights average {is:.3}, which should be near 1 (bound {wanted}): the propensities are wrong, or the \
             log leaves out much of what the policy would do"
        ),
        Code::Ess => format!("the log is worth {is:.0} rounds of the policy, {wanted:.0} are needed: log for longer"),
        Code::OneWeight => format!(
            "one round has {:.1} % of all weight, at most {:.1} % is sound: explore more evenly",
            100.0 * is,
            100.0 * wanted
        ),
        Code::Support => format!(
            "the policy gives {:.1} % of its choices to actions that the log never took, at most {:.1} % is sound: let \
             the log explore them",
            100.0 * is,
            100.0 * wanted
        ),
    }
}
