//! Values that stand for nobody: what broken apps send where an id should be.

/// Words that apps send when there is no id; compared without case and space.
const WORDS: [&str; 22] = [
    "null",
    "nil",
    "undefined",
    "none",
    "nan",
    "na",
    "n/a",
    "void",
    "unknown",
    "anonymous",
    "anon",
    "guest",
    "user",
    "visitor",
    "customer",
    "test",
    "tester",
    "default",
    "empty",
    "true",
    "false",
    "[object object]",
];
/// So many times the same character and nothing else is no id.
const REPEATS_MIN: usize = 3;

/// Whether a value is nobody's id: empty, a word for "nothing", zero or minus one, or one character over and over.
#[must_use]
pub fn is_blocked(value: &str) -> bool {
    let folded = value.trim().to_lowercase();
    // Dashes and braces of a UUID are no part of what it says: the nil UUID is all zeros.
    let bare: String = folded.chars().filter(|c| !matches!(c, '-' | '{' | '}' | '_' | ' ')).collect();
    if bare.is_empty() || folded == "-1" {
        return true;
    }
    let first = bare.chars().next();
    let is_one_character = bare.chars().all(|c| Some(c) == first);
    WORDS.contains(&folded.as_str()) || (is_one_character && (bare.len() >= REPEATS_MIN || bare.starts_with('0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_broken_apps_send_is_nobody() {
        for value in [
            "",
            " ",
            "null",
            " NULL ",
            "undefined",
            "None",
            "NaN",
            "unknown",
            "anonymous",
            "Guest",
            "test",
            "0",
            "0000",
            "-1",
            "-",
            "xxxxx",
            "1111111",
            "00000000-0000-0000-0000-000000000000",
            "{00000000-0000-0000-0000-000000000000}",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "[object Object]",
        ] {
            assert!(is_blocked(value), "{value:?}");
        }
    }

    #[test]
    fn real_ids_are_somebody() {
        for value in
            ["u", "u-1", "1", "42", "10", "anna", "test-7", "47bb8acf-a591-4bd4-8ad3-55e15cbbb1ec", "007", "xx"]
        {
            assert!(!is_blocked(value), "{value:?}");
        }
    }
}
