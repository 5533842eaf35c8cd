//! What a process has used so far, as Linux counts it.

/// What `/proc` counts processor time in.
const TICKS_PER_S: f64 = 100.0;

/// Processor time and memory of a process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Processor time so far, in seconds.
    pub cpu_s: f64,
    /// Memory that it holds now, in MB.
    pub memory_mb: f64,
    /// The most that it ever held, in MB.
    pub peak_mb: f64,
}

/// Asks for it; zeros where the system does not tell.
#[must_use]
pub fn of(process: u32) -> Usage {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).unwrap_or_default();
    let stat = read("stat");
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    let status = read("status");
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    };
    Usage { cpu_s: ticks / TICKS_PER_S, memory_mb: megabytes("VmRSS:"), peak_mb: megabytes("VmHWM:") }
}
