//! Where the server believes a tag to be, asked at the moment of each query, in the form that the scorer reads.

use serde_json::Value;

use crate::api::Api;

/// The first line of the file.
pub(super) const HEADER: &str = "sample_id,x,y,zone";

/// Whom to ask.
#[derive(Debug, Clone)]
pub struct Server {
    /// The server's API.
    pub api: Api,
    /// The store that was made for the recording.
    pub store: String,
}

/// A position.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    x: f64,
    y: f64,
    zone: String,
}

impl Server {
    /// Asks for a tag's position; none if the server does not know one.
    pub(super) async fn ask(&self, tag: &str) -> anyhow::Result<Option<Answer>> {
        let now = self.api.ask(&format!("/api/v1/stores/{}/now", self.store)).await?;
        Ok(find(&now, &format!("tag:{tag}")))
    }
}

fn find(now: &Value, subject: &str) -> Option<Answer> {
    let dot = now["dots"].as_array()?.iter().find(|dot| dot["subject"] == subject)?;
    let zone = dot["zone"].as_str().unwrap_or_default().to_owned();
    Some(Answer { x: dot["x"].as_f64()?, y: dot["y"].as_f64()?, zone })
}

/// One line of the file; without a position its fields stay empty.
pub(super) fn line(sample: &str, answer: Option<&Answer>) -> String {
    match answer {
        Some(Answer { x, y, zone }) => format!("{sample},{x:.3},{y:.3},{zone}"),
        None => format!("{sample},,,"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_becomes_a_line_that_the_scorer_reads() {
        let now = json!({"dots": [
            {"subject": "tag:track-2", "x": 9.0, "y": 9.0, "zone": null},
            {"subject": "tag:track-1", "x": 1.25, "y": 2.0, "zone": "Z00"},
        ]});
        let check = |tag: &str, expect: &str| assert_eq!(line("s1", find(&now, tag).as_ref()), expect);
        check("tag:track-1", "s1,1.250,2.000,Z00");
        check("tag:track-2", "s1,9.000,9.000,");
        check("tag:track-3", "s1,,,");
    }
}
