//! Refuses an offer whose rule does not hold. A rule that can't be read, or fails, refuses too.

use model::decision::Refusal;

use super::Case;
use crate::rule::Facts;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let Some(rule) = case.context.catalogue.rule_of(case.index) else { return Ok(()) };
    let held = match rule {
        Ok(rule) => rule.holds(&Facts::of_offer(case)),
        Err(error) => Err(error.to_string()),
    };
    match held {
        Ok(true) => Ok(()),
        Ok(false) => Err(Refusal::Rule { error: None }),
        Err(error) => Err(Refusal::Rule { error: Some(error.chars().take(200).collect()) }),
    }
}
