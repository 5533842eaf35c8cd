//! The table of formats ticks nothing that no golden test proves.

use tests::tree::root;

use super::capabilities::test_names;

/// Formats over the air, of receivers and of sensors.
const ROWS: usize = 13 + 13 + 9;

#[test]
fn every_tick_of_the_table_of_formats_has_a_golden_test() {
    let text = std::fs::read_to_string(root().join("docs/formats.md")).expect("the table of formats");
    let tests = test_names();
    let mut rows = 0;
    for line in text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| format |")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [format, ours, .., proof] = cells[..] else { panic!("seven cells: {line}") };
        assert!(cells.len() == 7 && matches!(ours, "yes" | "part"), "{format}: {ours}");
        assert!(ours == "yes" || format.contains('('), "{format} is read in part: a note must say what is missing");
        let proofs: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
        assert!(!proofs.is_empty(), "{format} names no test");
        for proof in proofs {
            assert!(tests.contains(proof), "{format}: no test is called {proof}");
        }
        rows += 1;
    }
    assert_eq!(rows, ROWS, "a format came or went: say how many there are");
}

#[test]
fn every_test_that_the_text_names_exists() {
    let text = std::fs::read_to_string(root().join("docs/formats.md")).expect("the table of formats");
    let tests = test_names();
    let quoted = text.split('`').skip(1).step_by(2);
    // A test's name is a sentence: words joined by underscores.
    for name in quoted.filter(|name| name.matches('_').count() >= 4 && !name.contains([' ', '.', '/'])) {
        assert!(tests.contains(name), "no test is called {name}");
    }
}
