//! What goes with somebody: the names on stays and visits, what was noted of them, and at last the customer's row.

use model::ids::{CustomerId, DeviceId};

use super::commit::Changes;
use super::driver::Step;
use super::reservations;

/// The steps for all of whom a commit keeps less; they come last, so that nothing of the same commit stays.
pub(super) fn steps(steps: &mut Vec<Step>, changes: &Changes) {
    for device in changes.rehomed.iter().chain(&changes.unlinked) {
        nameless_steps(steps, *device);
    }
    for device in &changes.unlinked {
        steps.push(Step::Execute { sql: "DELETE FROM devices WHERE id = $1", args: vec![device.to_string().into()] });
    }
    for customer in &changes.hidden {
        hide_steps(steps, customer);
        unrecord_step(steps, customer);
    }
    for (customer, _) in changes.consents.iter().filter(|(_, record)| !record.consent.profiling) {
        unprofile_steps(steps, customer);
    }
    for customer in &changes.forgotten {
        forget_steps(steps, customer);
    }
}

/// Takes the name off a device's stays and visits.
fn nameless_steps(steps: &mut Vec<Step>, device: DeviceId) {
    for sql in
        ["UPDATE visits SET subject = NULL WHERE subject = $1", "UPDATE presence SET subject = NULL WHERE subject = $1"]
    {
        steps.push(Step::Execute { sql, args: vec![format!("device:{device}").into()] });
    }
}

/// Takes the name off a customer's stays and visits.
fn hide_steps(steps: &mut Vec<Step>, customer: &CustomerId) {
    for sql in [
        "UPDATE visits SET subject = NULL WHERE subject IN (SELECT 'device:' || id FROM devices WHERE customer = $1)",
        "UPDATE presence SET subject = NULL WHERE subject IN (SELECT 'device:' || id FROM devices WHERE customer = $1)",
    ] {
        steps.push(Step::Execute { sql, args: vec![customer.as_str().into()] });
    }
}

/// What came in about a customer is not kept any more.
fn unrecord_step(steps: &mut Vec<Step>, customer: &CustomerId) {
    let sql = "DELETE FROM inputs WHERE customer = $1";
    steps.push(Step::Execute { sql, args: vec![customer.as_str().into()] });
}

/// What a profile rests on goes with the consent to it.
fn unprofile_steps(steps: &mut Vec<Step>, customer: &CustomerId) {
    unrecord_step(steps, customer);
    for sql in ["DELETE FROM purchases WHERE customer = $1", "UPDATE merges SET state = NULL WHERE into_customer = $1"]
    {
        steps.push(Step::Execute { sql, args: vec![customer.as_str().into()] });
    }
}

/// Forgets a customer: devices and the log of consents go with the customer's row.
fn forget_steps(steps: &mut Vec<Step>, customer: &CustomerId) {
    hide_steps(steps, customer);
    reservations::release_pending_of(steps, customer);
    for sql in [
        "DELETE FROM reservations WHERE customer = $1",
        "DELETE FROM purchases WHERE customer = $1",
        "DELETE FROM inputs WHERE customer = $1 OR customer IN \
         (SELECT into_customer FROM merges WHERE from_customer = $1)",
        "DELETE FROM merges WHERE from_customer = $1 OR into_customer = $1",
        "UPDATE decisions SET customer = NULL WHERE customer = $1",
        "DELETE FROM deliveries WHERE customer = $1",
        "DELETE FROM customers WHERE id = $1",
    ] {
        steps.push(Step::Execute { sql, args: vec![customer.as_str().into()] });
    }
}
