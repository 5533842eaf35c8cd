//! Numbers as cells of a table.

use crate::score::Metrics;

/// A length, a time or a rate; a dash for none.
pub(super) fn two(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.2}"))
}

/// A share, without its leading zero; a dash for none.
pub(super) fn share(value: Option<f64>) -> String {
    value.map_or_else(
        || "-".into(),
        |value| {
            let text = format!("{value:.3}");
            text.strip_prefix('0').map_or(text.clone(), str::to_owned)
        },
    )
}

/// A limit, as short as it can be said.
pub(super) fn limit(value: f64) -> String {
    format!("{value}")
}

/// The three usual percentiles of the error.
pub(super) fn metres(metrics: &Metrics) -> String {
    format!("{}/{}/{} m", two(metrics.median), two(metrics.p75), two(metrics.p95))
}

/// A part of a whole; none of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(super) fn places(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// All figures of a result, from the median on, up to the end of the row.
pub(super) fn row(m: &Metrics) -> String {
    let cells = [
        two(m.median),
        two(m.p75),
        two(m.p95),
        share(m.zone),
        share(m.zone_macro),
        share(m.floor),
        if m.changes > 0 { format!("{}/{}", two(m.detect_median), two(m.detect_p95)) } else { "-".into() },
        share(m.missed),
        two(m.false_switches),
        two(m.flaps),
        two(m.switches),
    ];
    format!("| {} |", cells.join(" | "))
}
