//! What a house tells of itself: metrics of both programs, the box's health, and waiting until something is so.

use std::time::{Duration, Instant};

use super::House;

/// How long a step may take in a debug build on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked for what nobody announces.
pub const LOOK: Duration = Duration::from_millis(200);

impl House {
    /// The server's own metric, over all labels that hold a text; zero while it was never told.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn server_metric(&self, name: &str, label: &str) -> anyhow::Result<u64> {
        Ok(self.server_said(name, label).await?.unwrap_or(0))
    }

    /// The same; none while it was never told.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn server_said(&self, name: &str, label: &str) -> anyhow::Result<Option<u64>> {
        let ask = reqwest::Client::new().get(format!("{}/metrics", self.http)).bearer_auth(&self.api_key);
        Ok(sum(&ask.send().await?.error_for_status()?.text().await?, name, label))
    }

    /// The same of the gateway.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn gateway_metric(&self, name: &str, label: &str) -> anyhow::Result<u64> {
        Ok(sum(&self.gateway_page("metrics").await?, name, label).unwrap_or(0))
    }

    /// One of the gateway's pages, whatever it says.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn gateway_page(&self, path: &str) -> anyhow::Result<String> {
        Ok(reqwest::get(format!("http://{}/{path}", self.gateway_status)).await?.text().await?)
    }

    /// Waits until something is so that nobody announces.
    ///
    /// # Errors
    /// When it never is; the message holds the ends of the logs.
    pub async fn until(&self, what: &str, is: impl AsyncFnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
        self.until_within(PATIENCE, what, is).await
    }

    /// The same for what takes longer.
    ///
    /// # Errors
    /// As [`House::until`].
    pub async fn until_within(
        &self,
        patience: Duration,
        what: &str,
        mut is: impl AsyncFnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let end = Instant::now() + patience;
        while !is().await? {
            let (gateway, server) = (&self.gateway, &self.server);
            anyhow::ensure!(
                Instant::now() < end,
                "waited in vain until {what}; gateway:\n{}\nserver:\n{}",
                gateway.log_tail(),
                server.log_tail()
            );
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

/// The sum of a metric's lines whose labels hold a text; none if there is no such line.
fn sum(metrics: &str, name: &str, label: &str) -> Option<u64> {
    let lines = metrics.lines().filter_map(|line| line.strip_prefix(name));
    let of_it = lines.filter(|rest| rest.starts_with(['{', ' ']) && rest.contains(label));
    of_it.filter_map(|rest| rest.rsplit(' ').next()?.parse::<u64>().ok()).reduce(|sum, one| sum + one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_summed_over_its_labels_and_not_taken_for_a_longer_name() {
        let text = "a_total{source=\"x\"} 2\na_total{source=\"y\"} 3\na_total_more 9\nb 4\n";
        let of = |name, label| sum(text, name, label);
        assert_eq!(
            (of("a_total", ""), of("a_total", "\"y\""), of("b", ""), of("c", "")),
            (Some(5), Some(3), Some(4), None)
        );
    }
}
