//! Our own log: what a policy would have chosen among the offers that were there, with the beliefs of that moment.
//!
//! Only what a log can tell is judged: how one of the ranked offers is chosen. What changes beliefs or worths themselves
//! is for `replay`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use flate2::read::MultiGzDecoder;
use learn::thompson::{Arm, Shares, reachable, shares_of};
use measure::ope::{Dist, Log, Menus, Options, Round, evaluate};
use model::policy::Policy;
use serde::{Deserialize, Deserializer};

use super::{Findings, Run};
use crate::replay;

/// Most bytes of one row.
const ROW_BYTES_MAX: u64 = 1 << 20;
/// Most rows of a log.
const ROWS_MAX: usize = 500_000;
/// Most different offers of a log.
const OFFERS_MAX: usize = 100;
/// The word for saying nothing.
const SILENCE: &str = "silence";

/// One exported decision, as far as it is needed.
#[derive(Debug, Deserialize)]
struct Row {
    /// An offer's id, or the word for silence.
    action: String,
    pscore: f64,
    /// None while its time is not over.
    reward: Option<f64>,
    #[serde(default)]
    reserve: f64,
    #[serde(default)]
    holdout: bool,
    #[serde(default)]
    control: bool,
    #[serde(default)]
    shadow: bool,
    #[serde(default)]
    policy: String,
    #[serde(default, deserialize_with = "list_or_text")]
    candidates: Vec<Candidate>,
}

/// An offer that was considered; what is believed of it is there if it was ranked.
#[derive(Debug, Deserialize)]
struct Candidate {
    offer: String,
    pscore: f64,
    mean: Option<f64>,
    sd: Option<f64>,
    scale: Option<f64>,
    shift: Option<f64>,
}

impl Candidate {
    fn arm(&self) -> Option<Arm> {
        Some(Arm { mean: self.mean?, sd: self.sd?, scale: self.scale?, shift: self.shift? })
    }
}

/// A list, or the text of one: a flat table has no lists.
fn list_or_text<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Candidate>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        List(Vec<Candidate>),
        Text(String),
    }
    match Either::deserialize(from)? {
        Either::List(list) => Ok(list),
        Either::Text(text) => serde_json::from_str(&text).map_err(serde::de::Error::custom),
    }
}

/// Judges a policy on a log.
pub(super) fn run(log: &Path, policy: &Path) -> anyhow::Result<Findings> {
    let policy = read_policy(policy)?;
    let path = if log.is_dir() { log.join("decisions.ndjson") } else { log.to_owned() };
    let (rows, skipped) = read(&path)?;
    ensure!(!rows.is_empty(), "{} holds no decision with a choice and an outcome", path.display());
    let from: BTreeSet<&str> = rows.iter().map(|row| row.policy.as_str()).collect();
    let from = from.into_iter().collect::<Vec<_>>().join("+");
    let report = judge(&rows, &policy).with_context(|| format!("judge by {}", path.display()))?;
    let name = path.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let run = Run { from, to: policy.id.to_string(), skipped: Some(skipped), truth: None, report };
    Ok(Findings { campaign: name, runs: vec![run] })
}

/// Reads a policy, and refuses what a log can't tell.
fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    let policy = replay::read_policy(path)?;
    let house = Policy::default();
    let beyond = [
        ("reserve", policy.reserve != house.reserve),
        ("fatigue", policy.fatigue != house.fatigue),
        ("distance_m", policy.distance_m.to_bits() != house.distance_m.to_bits()),
        ("half_life_h", policy.half_life_h != house.half_life_h),
        ("pseudo_views", policy.pseudo_views.to_bits() != house.pseudo_views.to_bits()),
        ("outcome_window_s", policy.outcome_window_s != house.outcome_window_s),
        ("forget", policy.forget.to_bits() != house.forget.to_bits()),
    ];
    match beyond.iter().find(|(_, changed)| *changed) {
        Some((key, _)) => bail!(
            "{}: {key} changes what was believed or what it was worth, which a log of choices can't tell; take it out, or \
             use `attimo-server replay`",
            path.display()
        ),
        None => Ok(policy),
    }
}

/// The rows with a choice and an outcome, and how many others there are.
fn read(path: &Path) -> anyhow::Result<(Vec<Row>, usize)> {
    let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
    let packed = path.extension().is_some_and(|end| end == "gz");
    let text: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut text = BufReader::new(text);
    let (mut rows, mut skipped, mut line) = (Vec::new(), 0, String::new());
    for number in 1.. {
        line.clear();
        let bytes = text.by_ref().take(ROW_BYTES_MAX).read_line(&mut line);
        if bytes.with_context(|| format!("read {}", path.display()))? == 0 {
            break;
        }
        if line.trim().is_empty() {
            continue;
        }
        let row: Row = serde_json::from_str(&line).with_context(|| format!("{}, line {number}", path.display()))?;
        let kept_back = row.holdout || row.control || row.shadow;
        if kept_back || row.reward.is_none() || row.candidates.iter().all(|one| one.arm().is_none()) {
            skipped += 1;
            continue;
        }
        ensure!(rows.len() < ROWS_MAX, "there are more than {ROWS_MAX} decisions; export a shorter time");
        rows.push(row);
    }
    Ok((rows, skipped))
}

fn judge(rows: &[Row], policy: &Policy) -> anyhow::Result<measure::ope::Report> {
    let offers: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| row.candidates.iter().filter(|one| one.arm().is_some()).map(|one| one.offer.as_str()))
        .collect();
    ensure!(offers.len() <= OFFERS_MAX, "there are more than {OFFERS_MAX} offers; export a shorter time or one store");
    let offers: Vec<&str> = offers.into_iter().collect();
    let actions = offers.len() + 1;
    let of = |offer: &str| offers.binary_search(&offer).ok().map(|index| index + 1);
    let (mut rounds, mut menus) = (Vec::new(), Menus { scores: Vec::new(), pscores: Vec::new() });
    let mut chances = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let action = if row.action == SILENCE { Some(0) } else { of(&row.action) };
        let action = action.with_context(|| format!("decision {number}: {:?} was not among its ranked", row.action))?;
        let reward = row.reward.unwrap_or(0.0);
        rounds.push(Round { action, position: 0, reward, pscore: row.pscore });
        let (mut scores, mut pscores, mut new) = (vec![0.0; actions], vec![0.0; actions], vec![0.0; actions]);
        let ranked = || row.candidates.iter().filter_map(|one| Some((of(&one.offer)?, one.arm()?, one.pscore)));
        for (index, arm, pscore) in ranked() {
            (scores[index], pscores[index]) = (arm.mean, pscore);
        }
        pscores[0] = if action == 0 { row.pscore } else { (1.0 - pscores.iter().sum::<f64>()).max(0.0) };
        let menu: Vec<(usize, Arm)> = ranked().map(|(index, arm, _)| (index, arm)).collect();
        choose(&menu, &offers, row.reserve, policy, &mut new);
        menus.scores.push(scores);
        menus.pscores.push(pscores);
        chances.push(new);
    }
    let one_hot = |action| (1..actions).map(|other| if other == action { 1.0 } else { 0.0 }).collect();
    let log = Log::new(rounds, vec![Vec::new(); rows.len()], (0..actions).map(one_hot).collect())?.with_menus(menus)?;
    Ok(evaluate(&log, &Dist::Rounds(chances), &Options::default())?)
}

/// The chances of the policy over what was ranked; its weights are on top of those in force at the time.
fn choose(menu: &[(usize, Arm)], offers: &[&str], reserve: f64, policy: &Policy, chances: &mut [f64]) {
    let is_on = |index: usize| policy.off.iter().all(|off| off.as_str() != offers[index - 1]);
    let weight = |index: usize| {
        policy.weight.iter().find(|(offer, _)| offer.as_str() == offers[index - 1]).map_or(1.0, |(_, weight)| *weight)
    };
    let arms: Vec<(usize, Arm)> = menu
        .iter()
        .filter(|(index, _)| is_on(*index))
        .map(|(index, arm)| (*index, Arm { scale: arm.scale * weight(*index), ..*arm }))
        .collect();
    let all: Vec<Arm> = arms.iter().map(|(_, arm)| *arm).collect();
    let kept = reachable(&all, usize::try_from(policy.arms_max).unwrap_or(usize::MAX));
    let best: Vec<Arm> = kept.iter().map(|index| all[*index]).collect();
    let Shares { arms: shares, silence, .. } = shares_of(policy.choose, &best, reserve, policy.epsilon);
    for (index, share) in kept.into_iter().zip(shares) {
        chances[arms[index].0] = share;
    }
    chances[0] = silence;
}

#[cfg(test)]
mod tests;
