//! Logs and metrics: set up once, at the start of a binary.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Starts logging to standard error.
///
/// `filter` is in the form of `RUST_LOG`, which wins when it is set. Calling it again changes nothing.
pub fn init(format: Format, filter: &str) {
    let wanted = EnvFilter::try_from_default_env();
    let is_free = wanted.is_err();
    let filter = wanted.unwrap_or_else(|_| EnvFilter::new(filter));
    // A second start (tests do it) finds the first one in place, which is what is wanted.
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr);
    let (started, change): (_, Change) = match format {
        Format::Text => {
            let lines = lines.with_env_filter(filter).with_filter_reloading();
            let handle = lines.reload_handle();
            (lines.try_init(), Box::new(move |filter| handle.reload(filter).is_ok()))
        }
        Format::Json => {
            let lines = lines.json().flatten_event(true).with_env_filter(filter).with_filter_reloading();
            let handle = lines.reload_handle();
            (lines.try_init(), Box::new(move |filter| handle.reload(filter).is_ok()))
        }
    };
    if started.is_ok() && is_free {
        let _ = CHANGE.set(change);
    }
}

/// Puts another filter in place of the present one.
type Change = Box<dyn Fn(EnvFilter) -> bool + Send + Sync>;

static CHANGE: OnceLock<Change> = OnceLock::new();

/// Logs by another filter from now on. `RUST_LOG` wins here, too; before [`init`] nothing changes.
pub fn set_filter(filter: &str) {
    if let Some(change) = CHANGE.get()
        && !change(EnvFilter::new(filter))
    {
        tracing::warn!("the log's filter could not be changed");
    }
}

static METRICS: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Installs the metrics recorder at the first call, and renders what it holds in Prometheus' text form.
#[must_use]
pub fn render_metrics() -> String {
    match install_metrics() {
        Some(handle) => {
            handle.run_upkeep();
            handle.render()
        }
        None => String::new(),
    }
}

/// Installs the metrics recorder; counters before this call are lost, so call it at the start.
pub fn install_metrics() -> Option<&'static PrometheusHandle> {
    METRICS.get_or_init(|| PrometheusBuilder::new().install_recorder().ok()).as_ref()
}
