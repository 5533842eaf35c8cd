//! Plain tables: a header line, then rows parted by commas. What is wrong is said with file, line and column.

use std::borrow::Cow;
use std::fmt;

/// What is wrong with a file, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    /// Which file.
    pub file: String,
    /// The line, from 1; none when it is about the whole file.
    pub line: Option<usize>,
    /// The column's name, or the place in a GeoJSON file.
    pub column: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub fix: String,
}

impl Error {
    /// An error about a whole file.
    #[must_use]
    pub fn of(file: &str, problem: impl fmt::Display, fix: &str) -> Self {
        Self { file: file.into(), line: None, column: None, problem: problem.to_string(), fix: fix.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}; {}", self.problem, self.fix)
    }
}

/// A table with named columns.
#[derive(Debug)]
pub struct Table<'a> {
    file: &'a str,
    header: Vec<Cow<'a, str>>,
    rows: Vec<(usize, Vec<Cow<'a, str>>)>,
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column(usize);

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'t> {
    table: &'t Table<'t>,
    line: usize,
    cells: &'t [Cow<'t, str>],
}

impl<'a> Table<'a> {
    /// Reads a table; `file` is its name in errors. Empty lines are left out.
    ///
    /// # Errors
    /// When there is no header line, or a row has another number of cells.
    pub fn parse(file: &'a str, text: &'a str) -> Result<Self, Error> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let Some((_, header)) = lines.next() else {
            return Err(Error::of(file, "is empty", "its first line names the columns"));
        };
        let header: Vec<_> = cells(header);
        let mut rows = Vec::new();
        for (index, line) in lines {
            let row = cells(line);
            if row.len() != header.len() {
                return Err(Error {
                    line: Some(index + 1),
                    ..Error::of(
                        file,
                        format_args!("has {} cells where the header has {}", row.len(), header.len()),
                        "write one cell for each column",
                    )
                });
            }
            rows.push((index + 1, row));
        }
        Ok(Self { file, header, rows })
    }

    /// The column with this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn column(&self, name: &str) -> Result<Column, Error> {
        self.optional(name).ok_or_else(|| Error {
            line: Some(1),
            column: Some(name.into()),
            ..Error::of(self.file, "is missing", "add the column, or check the name in the header")
        })
    }

    /// The column with this name, if there is one.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<Column> {
        self.header.iter().position(|cell| cell == name).map(Column)
    }

    /// The rows, in the order of the file.
    pub fn rows(&'a self) -> impl Iterator<Item = Row<'a>> {
        self.rows.iter().map(|(line, cells)| Row { table: self, line: *line, cells })
    }
}

impl<'t> Row<'t> {
    /// The text in a column.
    #[must_use]
    pub fn text(self, column: Column) -> &'t str {
        &self.cells[column.0]
    }

    /// The text in a column, which must not be empty.
    ///
    /// # Errors
    /// When it is.
    pub fn name(self, column: Column) -> Result<&'t str, Error> {
        match self.text(column) {
            "" => Err(self.error(column, "is empty", "write a name")),
            name => Ok(name),
        }
    }

    /// The number in a column.
    ///
    /// # Errors
    /// When it is not a finite number.
    pub fn number(self, column: Column) -> Result<f64, Error> {
        let text = self.text(column);
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            Ok(_) | Err(_) => {
                Err(self.error(column, format_args!("{text:?} is not a number"), "write a number such as 12.5"))
            }
        }
    }

    /// An error at a place of this row.
    pub fn error(self, column: Column, problem: impl fmt::Display, fix: &str) -> Error {
        Error {
            line: Some(self.line),
            column: Some(self.table.header[column.0].to_string()),
            ..Error::of(self.table.file, problem, fix)
        }
    }
}

/// The cells of a line; a cell in double quotes may hold commas, and quotes as two of them.
fn cells(line: &str) -> Vec<Cow<'_, str>> {
    if !line.contains('"') {
        return line.split(',').map(|cell| Cow::Borrowed(cell.trim())).collect();
    }
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(Cow::Owned(std::mem::take(&mut cell).trim().to_owned())),
            other => cell.push(other),
        }
    }
    cells.push(Cow::Owned(cell.trim().to_owned()));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_by_the_names_of_its_columns() {
        let table = Table::parse("t.csv", "\u{feff}name,x\n\"a, \"\"b\"\"\", 1.5\n\nc,2\n").expect("a table");
        let (name, x) = (table.column("name").expect("it is there"), table.column("x").expect("it is there"));
        let rows: Vec<(&str, f64)> = table.rows().map(|row| (row.text(name), row.number(x).expect("number"))).collect();
        assert_eq!(rows, [("a, \"b\"", 1.5), ("c", 2.0)]);
        assert!(table.optional("z").is_none());
    }

    #[test]
    fn errors_name_file_line_and_column() {
        let check = |text: &str, expect: &str| {
            let read = || {
                let table = Table::parse("t.csv", text)?;
                let x = table.column("x")?;
                table.rows().try_for_each(|row| row.number(x).map(drop))
            };
            assert_eq!(read().expect_err("something is wrong").to_string(), expect);
        };
        check("", "t.csv: is empty; its first line names the columns");
        check("y\n1\n", "t.csv, line 1, column x: is missing; add the column, or check the name in the header");
        check("x,y\n1,2\n\n3\n", "t.csv, line 4: has 1 cells where the header has 2; write one cell for each column");
        check("x,y\n1,2\ninf,2\n", "t.csv, line 3, column x: \"inf\" is not a number; write a number such as 12.5");
    }
}
