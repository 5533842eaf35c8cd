//! A table as orders or events: every cell is data, whatever it looks like; what can't be read is named by its line.

use std::collections::BTreeMap;

use csv::StringRecord;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// Largest table.
const LEN_MAX: usize = 256 * 1024 * 1024;
/// Most lines that are read.
const LINES_MAX: usize = 1_000_000;
/// Longest cell.
const CELL_LEN_MAX: usize = 4 * 1024;
/// Most columns.
const COLUMNS_MAX: usize = 100;

/// A line that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// Which, as an editor counts.
    pub line: u64,
    /// What is wrong, and the fix.
    pub problem: String,
}

/// What a table holds, each with the line where it starts.
#[derive(Debug, Default, PartialEq)]
pub struct Table {
    /// Requests or events.
    pub rows: Vec<(u64, Value)>,
    /// What was left out.
    pub bad: Vec<Bad>,
}

/// A line's cells by the names of their columns; empty cells are missing.
struct Line<'a> {
    number: u64,
    columns: &'a [String],
    cells: StringRecord,
}

impl Line<'_> {
    fn get(&self, column: &str) -> Option<&str> {
        let at = self.columns.iter().position(|known| known == column)?;
        self.cells.get(at).map(str::trim).filter(|cell| !cell.is_empty())
    }
}

/// Reads every line that has the right number of cells.
fn lines(
    bytes: &[u8],
    wanted: &[&str],
    each: &mut dyn FnMut(&Line<'_>) -> Result<(), String>,
) -> Result<Vec<Bad>, String> {
    if bytes.len() > LEN_MAX {
        return Err(format!("it has {} bytes, at most {LEN_MAX} are read; split it", bytes.len()));
    }
    // Tables from spreadsheets begin with a mark that is no text.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = reader.headers().map_err(|error| error.to_string())?;
    let columns: Vec<String> = header.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
    if columns.len() > COLUMNS_MAX {
        return Err(format!("it has {} columns, at most {COLUMNS_MAX} are read", columns.len()));
    }
    if let Some(missing) = wanted.iter().find(|name| !columns.iter().any(|column| column == *name)) {
        return Err(format!("the column {missing} is missing; its first line must name {}", wanted.join(", ")));
    }
    let mut bad = Vec::new();
    for (n, record) in reader.records().enumerate() {
        let place = |record: Option<&csv::Position>| record.map_or(n as u64 + 2, csv::Position::line);
        if n >= LINES_MAX {
            return Err(format!("it has more than {LINES_MAX} lines; split it"));
        }
        match record {
            Ok(cells) => {
                let number = place(cells.position());
                let problem = if cells.len() != columns.len() {
                    Err(format!(
                        "it has {} cells and the first line {}; quote cells with commas",
                        cells.len(),
                        columns.len()
                    ))
                } else if cells.iter().any(|cell| cell.len() > CELL_LEN_MAX) {
                    Err(format!("a cell is longer than {CELL_LEN_MAX} bytes; shorten it"))
                } else {
                    each(&Line { number, columns: &columns, cells })
                };
                if let Err(problem) = problem {
                    bad.push(Bad { line: number, problem });
                }
            }
            Err(error) => {
                bad.push(Bad { line: place(error.position()), problem: format!("{error}; write it as UTF-8") })
            }
        }
    }
    Ok(bad)
}

/// Orders: lines of the same store and receipt are one, wherever they stand.
pub(super) fn orders(bytes: &[u8], store: Option<&str>) -> Result<Table, String> {
    let mut found: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    let mut rows: Vec<(u64, Value)> = Vec::new();
    let bad = lines(bytes, &["receipt", "product"], &mut |line| {
        let (key, goods) = order_line(line, store)?;
        let place = *found.entry(key.clone()).or_insert(rows.len());
        if place == rows.len() {
            rows.push((line.number, order(line, &key)?));
        }
        let known = rows[place].1["lines"].as_array_mut().expect("an order has lines");
        known.push(goods);
        Ok(())
    })?;
    Ok(Table { rows, bad })
}

type OrderKey = (String, String, String);

fn order_line(line: &Line<'_>, store: Option<&str>) -> Result<(OrderKey, Value), String> {
    let need = |column: &str| line.get(column).ok_or_else(|| format!("{column}: it is empty; write one"));
    let store = line.get("store").or(store).ok_or("store: it is empty; write one, or name it with --store")?;
    let kind = line.get("kind").unwrap_or("sale").to_ascii_lowercase();
    if !["sale", "return"].contains(&kind.as_str()) {
        return Err(format!("kind: {kind:?} is not known; write sale or return"));
    }
    let quantity = match line.get("quantity") {
        None => 1,
        Some(text) => text
            .parse::<u32>()
            .ok()
            .filter(|n| (1..=100_000).contains(n))
            .ok_or_else(|| format!("quantity: {text:?} is not a number of 1 to 100000; write one such as 2"))?,
    };
    let price = match line.get("price") {
        None => None,
        Some(text) => Some(
            text.parse::<f64>()
                .ok()
                .filter(|p| (0.0..=1e9).contains(p))
                .ok_or_else(|| format!("price: {text:?} is not an amount; write one such as 18.99"))?,
        ),
    };
    let key = (store.to_owned(), need("receipt")?.to_owned(), kind);
    Ok((key, json!({"product": need("product")?, "quantity": quantity, "price": price})))
}

fn order(line: &Line<'_>, (store, receipt, kind): &OrderKey) -> Result<Value, String> {
    let mut order = json!({"store": store, "receipt": receipt, "kind": kind, "lines": []});
    for column in ["customer", "card"] {
        if let Some(text) = line.get(column) {
            order[column] = json!(text);
        }
    }
    if line.get("customer").is_none() && line.get("card").is_none() {
        return Err("customer: nobody is named; write customer or card".into());
    }
    if let Some(at) = line.get("at") {
        let read: Result<jiff::Timestamp, _> = at.parse();
        read.map_err(|_| format!("at: {at:?} is not a time; write one such as 2026-11-22T09:00:00Z"))?;
        order["at"] = json!(at);
    }
    Ok(order)
}

/// Columns of an event that are not its properties.
const OWN: [&str; 6] = ["event", "timestamp", "user_id", "anonymous_id", "message_id", "type"];

/// Events: each line is one track call.
pub(super) fn events(bytes: &[u8]) -> Result<Table, String> {
    let mut seen: BTreeMap<[u8; 32], u32> = BTreeMap::new();
    let mut rows = Vec::new();
    let bad = lines(bytes, &["event"], &mut |line| {
        let event = line.get("event").ok_or("event: it is empty; write its name")?;
        if line.get("user_id").is_none() && line.get("anonymous_id").is_none() {
            return Err("user_id: nobody is named; write user_id or anonymous_id".into());
        }
        let named = line.columns.iter().filter(|column| !OWN.contains(&column.as_str()));
        let properties: Map<String, Value> =
            named.filter_map(|column| Some((column.clone(), json!(line.get(column)?)))).collect();
        let id = line.get("message_id").map_or_else(|| made_id(line, &mut seen), str::to_owned);
        let mut call = json!({"type": "track", "event": event, "properties": properties, "messageId": id});
        for (column, field) in [("user_id", "userId"), ("anonymous_id", "anonymousId"), ("timestamp", "timestamp")] {
            if let Some(text) = line.get(column) {
                call[field] = json!(text);
            }
        }
        rows.push((line.number, call));
        Ok(())
    })?;
    Ok(Table { rows, bad })
}

/// The same table again has the same ids, also with lines added behind; equal lines are numbered.
fn made_id(line: &Line<'_>, seen: &mut BTreeMap<[u8; 32], u32>) -> String {
    let mut hash = Sha256::new();
    for cell in &line.cells {
        hash.update((cell.len() as u64).to_be_bytes());
        hash.update(cell.as_bytes());
    }
    let hash: [u8; 32] = hash.finalize().into();
    let count = seen.entry(hash).or_default();
    *count += 1;
    format!("csv-{}-{count}", hex::encode(&hash[..16]))
}
