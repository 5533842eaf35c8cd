//! Colours, where somebody looks at a terminal, and columns.

use std::io::IsTerminal as _;

/// Whether text is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// For a terminal.
    Colours,
    /// For files, pipes and whoever asked for none.
    Plain,
}

/// How a text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Head,
    Good,
    Fair,
    Poor,
    Faint,
}

impl Paint {
    /// What standard output is: colours on a terminal, unless `NO_COLOR` is set.
    #[must_use]
    pub fn of_stdout() -> Self {
        let asked = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        if asked && std::io::stdout().is_terminal() { Self::Colours } else { Self::Plain }
    }

    /// The text in its tone.
    pub(super) fn on(self, tone: Tone, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        let code = match (self, tone) {
            (Self::Plain, _) | (Self::Colours, Tone::Plain) => return text.to_owned(),
            (Self::Colours, Tone::Head) => "1",
            (Self::Colours, Tone::Good) => "32",
            (Self::Colours, Tone::Fair) => "33",
            (Self::Colours, Tone::Poor) => "31",
            (Self::Colours, Tone::Faint) => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// A table whose columns are as wide as they must be.
#[derive(Debug)]
pub(super) struct Table {
    /// Whether a column is of numbers, and so is set to the right.
    numbers: Vec<bool>,
    rows: Vec<Vec<(Tone, String)>>,
}

impl Table {
    /// A table with a head; a column whose head starts with `>` is of numbers.
    pub(super) fn new(head: &[&str]) -> Self {
        let titles = head.iter().map(|title| (Tone::Faint, title.trim_start_matches('>').to_owned()));
        Self { numbers: head.iter().map(|title| title.starts_with('>')).collect(), rows: vec![titles.collect()] }
    }

    pub(super) fn row(&mut self, cells: Vec<(Tone, String)>) {
        self.rows.push(cells);
    }

    /// Writes the table, indented by two.
    pub(super) fn write(&self, paint: Paint, out: &mut String) {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|(_, text)| text.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.numbers.len()).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (tone, text)) in row.iter().enumerate() {
                let space = " ".repeat(widths[column] - text.chars().count());
                let is_number = self.numbers[column];
                line.push_str("  ");
                line.push_str(if is_number { &space } else { "" });
                line.push_str(&paint.on(*tone, text));
                line.push_str(if is_number { "" } else { &space });
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_colours() {
        let mut table = Table::new(&["zone", ">m²"]);
        table.row(vec![(Tone::Good, "Caffè".into()), (Tone::Plain, "7".into())]);
        table.row(vec![(Tone::Plain, "x".into()), (Tone::Plain, "120".into())]);
        let (mut plain, mut painted) = (String::new(), String::new());
        table.write(Paint::Plain, &mut plain);
        table.write(Paint::Colours, &mut painted);
        assert_eq!(plain, "  zone    m²\n  Caffè    7\n  x      120\n");
        assert!(painted.contains("\x1b[32mCaffè\x1b[0m") && painted.replace("\x1b[32m", "").contains("Caffè\x1b[0m  "));
    }
}
