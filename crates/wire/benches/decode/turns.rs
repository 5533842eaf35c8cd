//! Our decoders at the command of another program, which times peers' between our laps: `list` names what there is, with its
//! bytes, and `lap NAME COUNT` answers the microseconds of one call.

use std::io::{self, BufRead as _, Write as _};

use crate::Work;

/// Answers line by line until the other end closes.
pub(crate) fn serve(works: &mut [Work]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split('\t').collect();
        match words[..] {
            ["list"] => {
                for work in &*works {
                    writeln!(out, "{}\t{}", work.name, hex::encode(&work.bytes))?;
                }
                writeln!(out)?;
            }
            ["lap", name, count] => {
                let work = works.iter_mut().find(|work| work.name == name);
                let (Some(work), Ok(count)) = (work, count.parse()) else {
                    return Err(io::Error::other(format!("{line:?} names no decoder or no number")));
                };
                writeln!(out, "{:.6}", crate::lap(&mut *work.run, count))?;
            }
            _ => return Err(io::Error::other(format!("{line:?} is no order"))),
        }
        out.flush()?;
    }
    Ok(())
}
