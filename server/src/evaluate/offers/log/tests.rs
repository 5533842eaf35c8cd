//! Logs that a known world and a known policy wrote, judged against what the other policy truly earns in it.

use std::fmt::Write as _;

use learn::special::sigmoid;
use learn::thompson::pick;
use model::policy::Choose;
use serde_json::json;

use super::*;

/// A seeded stream of numbers from 0 up to 1 (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from(z >> 32).expect("32 bits")) / 4_294_967_296.0
    }
}

/// What is believed of three offers at a moment, and what is true.
fn menu(chance: &mut Chance) -> Vec<(Arm, f64)> {
    [-1.2, -0.6, -2.0]
        .map(|level| {
            let truth = level + 0.8 * (chance.next() - 0.5);
            let mean = truth + 0.4 * (chance.next() - 0.5);
            (Arm { mean, sd: 0.5, scale: 200.0, shift: -20.0 }, sigmoid(truth))
        })
        .to_vec()
}

const OFFERS: [&str; 3] = ["coffee", "cake", "tea"];

/// A log of so many decisions by a policy, as text; and what an average one earns if the other policy decides.
fn world(rows: usize, by: Choose, other: Choose, flat: bool) -> (String, f64) {
    let mut chance = Chance(7);
    let (mut text, mut truth) = (String::new(), 0.0);
    for row in 0..rows {
        let menu = menu(&mut chance);
        let arms: Vec<Arm> = menu.iter().map(|(arm, _)| *arm).collect();
        let shares = shares_of(by, &arms, 0.0, 0.2);
        let chosen = pick(&shares, chance.next());
        let reward = chosen.is_some_and(|index| chance.next() < menu[index].1);
        let would = shares_of(other, &arms, 0.0, 0.2);
        truth += would.arms.iter().zip(&menu).map(|(share, (_, p))| share * p).sum::<f64>();
        let candidates: Vec<_> = OFFERS
            .iter()
            .zip(arms.iter().zip(&shares.arms))
            .map(|(offer, (arm, share))| json!({"offer": offer, "pscore": share, "mean": arm.mean, "sd": arm.sd, "scale": arm.scale, "shift": arm.shift}))
            .collect();
        let candidates =
            if flat { json!(serde_json::to_string(&candidates).expect("JSON")) } else { json!(candidates) };
        let line = json!({
            "id": row, "action": chosen.map_or("silence", |index| OFFERS[index]), "policy": "house",
            "pscore": chosen.map_or(shares.silence, |index| shares.arms[index]),
            "reward": u8::from(reward), "reserve": 0, "holdout": row % 50 == 49, "candidates": candidates,
        });
        writeln!(text, "{line}").expect("a string");
    }
    (text, truth / f64::from(u32::try_from(rows).expect("few")))
}

fn judged(log: &str, policy: &str) -> anyhow::Result<Findings> {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("decisions.ndjson"), log).expect("a file");
    std::fs::write(dir.path().join("candidate.toml"), policy).expect("a file");
    run(dir.path(), &dir.path().join("candidate.toml"))
}

#[test]
fn another_policy_is_judged_as_it_would_have_done() {
    for (by, other, word) in [
        (Choose::Thompson, Choose::Uniform, "uniform"),
        (Choose::Uniform, Choose::Thompson, "thompson"),
        (Choose::EpsilonGreedy, Choose::Thompson, "thompson"),
    ] {
        let (log, truth) = world(20_000, by, other, word == "uniform");
        let findings =
            judged(&log, &format!("id = \"candidate\"\nchoose = \"{word}\"\nepsilon = 0.2\n")).expect("a log");
        let run = &findings.runs[0];
        assert_eq!((run.from.as_str(), run.to.as_str(), run.skipped), ("house", "candidate", Some(400)));
        let all = run.report.estimates.as_ref().expect("a log that explores");
        for estimate in [&all.ips, &all.snips, &all.dr, &all.sndr] {
            assert!((estimate.value - truth).abs() < 4.0 * estimate.se, "{by:?}: {estimate:?} against {truth}");
        }
        assert!(all.dr.se < all.ips.se, "the model of rewards narrows it: {all:?}");
        assert!((run.report.logged - truth).abs() > 4.0 * all.dr.se, "the policies differ");
    }
}

#[test]
fn a_log_that_never_explored_is_refused() {
    let (log, _) = world(2_000, Choose::Best, Choose::Uniform, false);
    let findings = judged(&log, "choose = \"uniform\"\n").expect("a log");
    let report = &findings.runs[0].report;
    assert!(report.estimates.is_none(), "{report:?}");
    assert!(report.refused.iter().any(|refusal| refusal.code == measure::ope::Code::Support), "{report:?}");
}

#[test]
fn an_offer_that_is_off_is_not_chosen_and_a_weighted_one_more_often() {
    let mut chance = Chance(1);
    let menu: Vec<(usize, Arm)> = menu(&mut chance).into_iter().enumerate().map(|(i, (arm, _))| (i + 1, arm)).collect();
    let chances = |text: &str| {
        let mut chances = vec![0.0; 4];
        choose(&menu, &OFFERS, 0.0, &toml::from_str(text).expect("a policy"), &mut chances);
        assert!((chances.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{chances:?}");
        chances
    };
    let (plain, off) = (chances(""), chances("off = [\"cake\"]"));
    assert!(plain[2] > 0.3 && off[2].abs() < 1e-12, "{plain:?} {off:?}");
    assert!(chances("weight = { tea = 5.0 }")[3] > 2.0 * plain[3]);
}

#[test]
fn what_a_log_can_not_tell_is_refused_by_name() {
    let (log, _) = world(10, Choose::Thompson, Choose::Thompson, false);
    let wrong = |policy: &str| format!("{:#}", judged(&log, policy).expect_err("refused"));
    assert!(wrong("forget = 0.9\n").contains("forget changes what was believed"));
    assert!(wrong("epsilon = 2.0\n").contains("epsilon 2 is out of range"));
    assert!(wrong("nonsense = 1\n").contains("nonsense"));
    let broken = judged("{\"action\":\"coffee\"}\n", "").expect_err("no chance");
    assert!(format!("{broken:#}").contains("line 1") && format!("{broken:#}").contains("pscore"), "{broken:#}");
    let empty = judged("", "").expect_err("empty").to_string();
    assert!(empty.contains("no decision with a choice"), "{empty}");
}
