use super::*;

fn report() -> Report {
    let metrics = Metrics {
        n: 9,
        coverage: 1.0,
        median: Some(1.234),
        p75: Some(2.0),
        p95: Some(3.5),
        zone: Some(0.8),
        switches: Some(0.1),
        ..Metrics::default()
    };
    let mut reliability = Reliability { places: 4, in_half: 2, in_nine_tenths: 3, ..Reliability::default() };
    reliability.bins[5] = crate::reliability::Bin { given: 10, claimed: 9.5, right: 9, variance: 0.475 };
    let ours = |config| Ours {
        case: "tetam tracks",
        config,
        metrics: metrics.clone(),
        reliability: reliability.clone(),
        devices: vec![("P1".into(), 2.0), ("P2".into(), 1.0)],
    };
    let other = |method, config, median| Other {
        case: "tetam tracks",
        config,
        method,
        metrics: Metrics { median: Some(median), ..metrics.clone() },
    };
    Report {
        ours: vec![ours(Config::Plan), ours(Config::Survey)],
        others: vec![other("centroid", Config::Plan, 2.5), other("prints", Config::Survey, 1.6)],
        walks: vec![WalkResult { walk: "diagonal", variant: "crowd", solver: metrics.clone(), ours: metrics.clone() }],
    }
}

#[test]
fn every_result_has_its_row_beside_the_best_that_knows_no_more() {
    let page = report().markdown();
    let row = |start: &str| page.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{page}"));
    let plan = row("| tetam tracks, plan |");
    assert!(plan.contains("| centroid: 2.50/2.00/3.50 m, zone .800") && plan.contains("**stretch**"), "{plan}");
    assert!(plan.contains("by phone P1 2.00, P2 1.00 m"), "{plan}");
    let survey = row("| tetam tracks, survey |");
    assert!(survey.contains("| prints: 1.60/") && survey.contains("short: p95"), "{survey}");
    assert!(page.contains("| diagonal | crowd | 1.23/3.50 m, 20.0 % |"), "{page}");
    assert!(page.contains(".900 (10) | .050 | .055 | .500 | .750 |"), "{page}");
}

#[test]
fn tables_are_whole() {
    for table in report().markdown().split("\n\n").filter(|part| part.starts_with('|')) {
        let bars: Vec<usize> = table.lines().map(|line| line.matches('|').count()).collect();
        assert!(bars.windows(2).all(|pair| pair[0] == pair[1]), "{table}");
    }
}

#[test]
fn results_replace_what_stood_between_the_marks() {
    let page = placed("# Page\n\nBefore.\n", "one");
    assert!(page.starts_with("# Page\n\nBefore.\n\n<!--"));
    let again = placed(&format!("{page}\nAfter.\n"), "two");
    assert!(again.contains("two") && !again.contains("one") && again.ends_with("\nAfter.\n"), "{again}");
}
