//! The table of capabilities says nothing that no test proves.

use std::collections::BTreeSet;
use std::path::Path;

use tests::tree::{root, tracked_files};

/// The groups of capabilities, and how many each has.
const GROUPS: [(char, u32); 6] = [('A', 11), ('B', 14), ('C', 14), ('D', 9), ('E', 11), ('F', 9)];

#[test]
fn every_capability_is_named_once_with_a_proof_that_is_there() {
    let text = std::fs::read_to_string(root().join("docs/capabilities.md")).expect("the table of capabilities");
    let expected: Vec<String> =
        GROUPS.iter().flat_map(|(group, count)| (1..=*count).map(move |n| format!("{group}{n}"))).collect();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .filter(|cells: &Vec<&str>| expected.iter().any(|id| id == cells[0]))
        .collect();
    let named: Vec<&str> = rows.iter().map(|cells| cells[0]).collect();
    assert_eq!(named, expected, "each once, in order");
    let tests = test_names();
    for cells in rows {
        let [id, _, state, proof] = cells[..] else { panic!("four cells: {cells:?}") };
        let proofs: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
        match state {
            "done" | "partly" => assert!(!proofs.is_empty(), "{id} names no test"),
            "not done" => assert!(proofs.is_empty(), "{id} is not done and names a proof"),
            other => panic!("{id}: {other} is none of done, partly and not done"),
        }
        for proof in proofs {
            assert!(tests.contains(proof), "{id}: no test is called {proof}");
        }
    }
}

/// The names of all tests of the tree, in Rust and in the browser.
pub(crate) fn test_names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in tracked_files() {
        let path = Path::new(&file);
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if !matches!(extension, "rs" | "ts" | "mjs" | "js") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(root().join(&file)) else { continue };
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate() {
            let name = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "));
            let is_test = lines[number.saturating_sub(4)..number]
                .iter()
                .any(|before| before.contains("test]") || before.contains("test("));
            if let Some(name) = name.filter(|_| is_test) {
                names.extend(name.split('(').next().map(str::to_owned));
            }
            let both = line.strip_prefix("on_both_databases!(").and_then(|rest| rest.split(')').next());
            names.extend(both.map(str::to_owned));
            let quoted = ["test(\"", "test('", "it(\"", "it('"].iter().find_map(|start| line.strip_prefix(start));
            names.extend(quoted.and_then(|rest| rest.split(['"', '\'']).next()).map(str::to_owned));
        }
    }
    names
}
