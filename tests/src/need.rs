//! What a test needs of the machine. Without it the test fails and says what to do, unless this run may leave it out.
#![expect(clippy::print_stdout, reason = "a test says what it left out")]

/// Set to 1 where a test may be left out for want of a tool.
pub const MAY_LEAVE_OUT: &str = "ATTIMO_TESTS_MAY_LEAVE_OUT";

/// What `needed` is; none, and said so, where it is missing and this run may leave the test out.
///
/// # Errors
/// When it is missing and nobody allowed that: `what` is missing, `fix` is what to do.
pub fn or_leave_out<T>(needed: Option<T>, what: &str, fix: &str) -> anyhow::Result<Option<T>> {
    let may = std::env::var_os(MAY_LEAVE_OUT).is_some_and(|value| value == "1");
    found(needed, may, what, fix)
}

/// Whether this machine lets a test mount in a namespace of its own.
///
/// # Errors
/// When it does not, and the test may not be left out.
pub fn mounts(may: bool) -> anyhow::Result<bool> {
    let what = "this machine allows no mount in a namespace of its own";
    let fix = "apt-get install util-linux and allow it with sysctl kernel.unprivileged_userns_clone=1, or run as root";
    Ok(or_leave_out(may.then_some(()), what, fix)?.is_some())
}

fn found<T>(needed: Option<T>, may_leave_out: bool, what: &str, fix: &str) -> anyhow::Result<Option<T>> {
    if needed.is_none() && !may_leave_out {
        anyhow::bail!("{what}: {fix}, or set {MAY_LEAVE_OUT}=1 to leave the test out");
    }
    if needed.is_none() {
        println!("left out: {what} ({fix})");
    }
    Ok(needed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_fails_a_test_unless_it_may_be_left_out() {
        let (what, fix) = ("libfaketime is not installed", "apt-get install faketime");
        let refused = found::<()>(None, false, what, fix).expect_err("a failure").to_string();
        assert!(refused.contains(what) && refused.contains(fix) && refused.contains(MAY_LEAVE_OUT), "{refused}");
        assert_eq!(found::<()>(None, true, what, fix).expect("left out"), None);
        assert_eq!(found(Some(7), false, what, fix).expect("there"), Some(7));
    }
}
