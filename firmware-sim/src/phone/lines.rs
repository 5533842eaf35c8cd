//! Server-Sent Events, cut into lines; only the data of `offer` events comes out.

/// What came so far of an event.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
    event: String,
    data: String,
}

impl Lines {
    pub(super) fn take(&mut self, chunk: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(chunk);
        let mut offers = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            if let Some(event) = line.strip_prefix("event:") {
                event.trim().clone_into(&mut self.event);
            } else if let Some(data) = line.strip_prefix("data:") {
                self.data.push_str(data.trim_start());
            } else if line.is_empty() {
                let data = std::mem::take(&mut self.data);
                if std::mem::take(&mut self.event) == "offer" {
                    offers.push(data);
                }
            }
        }
        offers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_come_out_of_a_stream_however_it_is_cut() {
        let text = "event: ping\ndata: {}\n\nevent: offer\r\ndata: {\"id\":\ndata: 1}\r\n\r\n: comment\nevent:offer\ndata:2\n\n";
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let offers: Vec<String> = text.as_bytes().chunks(size).flat_map(|chunk| lines.take(chunk)).collect();
            assert_eq!(offers, ["{\"id\":1}", "2"], "cut every {size} bytes");
        }
    }
}
