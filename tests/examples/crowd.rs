//! Runs the crowd on virtual time and prints what it is worth; `--into FILE` also writes it between that file's marks.

use std::io::Write as _;

use anyhow::{Context as _, bail};
use model::time::Millis;
use tests::crowd::{Report, Run, table};

/// The marks around what is written into a file.
const BEGIN: &str = "<!-- crowd: begin -->";
const END: &str = "<!-- crowd: end -->";

fn main() -> anyhow::Result<()> {
    let wish = Wish::read(std::env::args().skip(1))?;
    let mut out = std::io::stdout().lock();
    let mut reports: Vec<(String, Report)> = Vec::new();
    for (title, address_s, privacy) in [
        ("phones keep their address", 0, "day"),
        ("phones change it every 15 min", 900, "day"),
        ("the same, `count` mode", 900, "count"),
    ] {
        if !wish.only.is_empty() && !title.contains(&wish.only) {
            continue;
        }
        let run = Run {
            seed: wish.seed,
            people: wish.people,
            address_s: wish.address_s.unwrap_or(address_s),
            privacy,
            warm_up: Millis::minutes(wish.warm_up),
            judged: Millis::minutes(wish.minutes),
        };
        let report = run.play(|minute| {
            let _ = write!(std::io::stderr(), "\r{title}: minute {minute} of {}", wish.warm_up + wish.minutes);
        });
        writeln!(std::io::stderr())?;
        reports.push((title.to_owned(), report));
    }
    let Some((title, last)) = reports.get(1).or(reports.first()) else { bail!("nothing is called {:?}", wish.only) };
    let reliability = table::reliability(last);
    let text = format!("{}\nAnswers by how sure they were ({title}):\n\n{reliability}", table::markdown(&reports));
    writeln!(out, "{text}")?;
    match wish.into {
        Some(path) => write_between_marks(&path, &text),
        None => Ok(()),
    }
}

/// What the command line asks for.
struct Wish {
    seed: u64,
    people: usize,
    warm_up: i64,
    minutes: i64,
    address_s: Option<u32>,
    only: String,
    into: Option<String>,
}

impl Wish {
    fn read(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut wish =
            Self { seed: 7, people: 250, warm_up: 10, minutes: 20, address_s: None, only: String::new(), into: None };
        while let Some(key) = arguments.next() {
            let value = arguments.next().with_context(|| format!("{key} needs a value"))?;
            let number = || value.parse().with_context(|| format!("{key} {value} is no whole number"));
            match key.as_str() {
                "--seed" => wish.seed = number()?,
                "--people" => wish.people = usize::try_from(number()?)?,
                "--warm-up" => wish.warm_up = i64::try_from(number()?)?,
                "--minutes" => wish.minutes = i64::try_from(number()?)?,
                "--address" => wish.address_s = Some(u32::try_from(number()?)?),
                "--only" => wish.only = value,
                "--into" => wish.into = Some(value),
                _ => bail!("{key} is unknown; there are --seed --people --warm-up --minutes --address --only --into"),
            }
        }
        Ok(wish)
    }
}

fn write_between_marks(path: &str, text: &str) -> anyhow::Result<()> {
    let file = std::fs::read_to_string(path).with_context(|| format!("read {path}"))?;
    let (before, rest) = file.split_once(BEGIN).with_context(|| format!("{path} has no {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{path} has no {END}"))?;
    std::fs::write(path, format!("{before}{BEGIN}\n{text}{END}{after}")).with_context(|| format!("write {path}"))
}
