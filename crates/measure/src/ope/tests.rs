//! Small logs whose answers are known, refusals, and the shared reference where it lies beside the repository.

use super::*;

/// A log of two actions, drawn evenly, of which the second earns one in four and the first nothing.
fn log_of(n: usize) -> Log {
    let round =
        |i: usize| Round { action: i % 2, position: 0, reward: if i % 8 == 1 { 1.0 } else { 0.0 }, pscore: 0.5 };
    Log::new((0..n).map(round).collect(), vec![vec![]; n], vec![vec![0.0], vec![1.0]]).unwrap()
}

fn towards_second(share: f64) -> Dist {
    Dist::Positions(vec![vec![1.0 - share, share]])
}

#[test]
fn all_estimates_find_what_is_plain_to_see() {
    let report = evaluate(&log_of(4_000), &towards_second(0.8), &Options::default()).unwrap();
    let all = report.estimates.expect("the log carries it");
    for estimate in [all.ips, all.snips, all.dm, all.dr, all.sndr] {
        assert!((estimate.value - 0.2).abs() < 1e-3, "{all:?}");
        assert!(estimate.low <= estimate.value && estimate.value <= estimate.high, "{all:?}");
    }
    assert!((all.ips.se - (0.125 * 1.6 * 1.6 - 0.04_f64).sqrt() / 4_000.0_f64.sqrt()).abs() < 1e-5, "{all:?}");
    assert_eq!((report.rounds, report.actions, report.clicks), (4_000, 2, 500));
}

#[test]
fn a_log_that_is_worth_few_rounds_is_refused() {
    let report = evaluate(&log_of(100), &towards_second(0.8), &Options::default()).unwrap();
    assert_eq!(report.refused.iter().map(|refusal| refusal.code).collect::<Vec<_>>(), [Code::Ess]);
    assert!(report.estimates.is_none());
}

#[test]
fn wrong_propensities_are_refused() {
    let mut rounds = log_of(4_000).rounds;
    rounds.iter_mut().for_each(|round| round.pscore = 0.4);
    rounds[7].pscore = 1e-7;
    let log = Log::new(rounds, vec![vec![]; 4_000], vec![vec![0.0], vec![1.0]]).unwrap();
    let report = evaluate(&log, &towards_second(0.5), &Options::default()).unwrap();
    let codes: Vec<Code> = report.refused.iter().map(|refusal| refusal.code).collect();
    assert_eq!(codes, [Code::MeanWeight, Code::Ess, Code::OneWeight]);
    let text = serde_json::to_value(report.refused).unwrap();
    assert_eq!(text[0]["code"], "mean-weight");
    assert_eq!(text[2]["code"], "one-weight");
}

#[test]
fn what_the_log_never_did_is_refused() {
    let round = |_| Round { action: 0, position: 0, reward: 0.0, pscore: 1.0 };
    let log = Log::new((0..1_000).map(round).collect(), vec![vec![]; 1_000], vec![vec![]; 2]).unwrap();
    let report = evaluate(&log, &towards_second(0.05), &Options::default()).unwrap();
    assert_eq!(report.refused.iter().map(|refusal| refusal.code).collect::<Vec<_>>(), [Code::Support]);
}

#[test]
fn logs_that_make_no_sense_say_where() {
    let round = Round { action: 0, position: 0, reward: 0.0, pscore: 0.5 };
    let with = |round| Log::new(vec![round], vec![vec![]], vec![vec![]]).unwrap_err().to_string();
    assert_eq!(
        with(Round { pscore: 0.0, ..round }),
        "round 0: its propensity is 0, more than 0 and at most 1 is needed"
    );
    assert!(with(Round { action: 3, ..round }).contains("its action is 3"));
    assert!(with(Round { reward: f64::NAN, ..round }).contains("its reward"));
    assert_eq!(Log::new(vec![], vec![], vec![]), Err(LogError::Empty));
    assert!(matches!(Log::new(vec![round], vec![], vec![vec![]]), Err(LogError::Size { .. })));
    let policy = Dist::Positions(vec![vec![1.0, 0.0, 0.0]]);
    assert!(matches!(evaluate(&log_of(10), &policy, &Options::default()), Err(LogError::Ragged { .. })));
}
