//! The key of strangers' pseudonyms: in memory alone, and after midnight not even there.
//!
//! Nobody is told the key, so it is looked for: every run of 32 bytes in the process's memory that makes the pseudonym
//! which the box gave to an address that we know.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use model::sighting::Transmitter;
use sha2::Sha256;
use tests::alone::{Alone, Order, faketime, shifted_by};

const ADDRESS: [u8; 6] = [0xc3, 0x5a, 0xd7, 0x12, 0x34, 0x56];
const STORE: &str = "corner";
/// A random key of 32 bytes has about 30 different ones; that it has fewer than these happens once in a billion years.
const DIFFERENT_MIN: usize = 22;
/// Largest region of memory that is read at once.
const REGION_MAX: u64 = 256 << 20;

/// All writable memory of a process.
fn memory(process: u32) -> anyhow::Result<Vec<Vec<u8>>> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps"))?;
    let file = File::open(format!("/proc/{process}/mem"))?;
    let mut regions = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw") && !line.contains("[v")) {
        let range = line.split_whitespace().next().and_then(|range| range.split_once('-'));
        let Some((from, to)) = range else { continue };
        let (from, to) = (u64::from_str_radix(from, 16)?, u64::from_str_radix(to, 16)?);
        let mut bytes = vec![0; usize::try_from((to - from).min(REGION_MAX))?];
        // A region may go while we look.
        if file.read_exact_at(&mut bytes, from).is_ok() {
            regions.push(bytes);
        }
    }
    Ok(regions)
}

fn pseudonym(key: &[u8]) -> u64 {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(STORE.as_bytes());
    mac.update(&ADDRESS);
    let digest = mac.finalize().into_bytes();
    u64::from_be_bytes(digest[..8].try_into().expect("eight bytes"))
}

fn is_like_a_key(bytes: &[u8]) -> bool {
    let mut seen = [false; 256];
    bytes.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    seen.iter().filter(|seen| **seen).count() >= DIFFERENT_MIN
}

/// The key that makes a pseudonym, if it lies in memory.
fn find_key(memory: &[Vec<u8>], wanted: u64) -> Option<[u8; 32]> {
    let windows = memory.iter().flat_map(|region| region.windows(32));
    // Nearly all memory is zeros and text: most is passed over by its first bytes.
    let candidates = windows.filter(|bytes| bytes[..4] != [0; 4] && is_like_a_key(bytes));
    let mut tried = BTreeSet::new();
    candidates
        .map(|bytes| <[u8; 32]>::try_from(bytes).expect("32 bytes"))
        .find(|bytes| tried.insert(*bytes) && pseudonym(bytes) == wanted)
}

/// In how many places the key lies, as it is or as HMAC pads it.
fn copies(memory: &[Vec<u8>], key: [u8; 32]) -> usize {
    let forms = [key, key.map(|byte| byte ^ 0x36), key.map(|byte| byte ^ 0x5c)];
    let starts: Vec<[u8; 4]> = forms.iter().map(|form| [form[0], form[1], form[2], form[3]]).collect();
    memory
        .iter()
        .flat_map(|region| region.windows(32))
        .filter(|bytes| starts.iter().any(|start| bytes[..4] == *start) && forms.iter().any(|form| bytes == form))
        .count()
}

async fn say(alone: &Alone) -> anyhow::Result<()> {
    let mac = hex::encode_upper(ADDRESS);
    let payload = format!(
        r#"[{{"timestamp":"2026-11-22T10:00:00Z","type":"Gateway","mac":"AC233FC00101"}},{{"timestamp":"2026-11-22T10:00:00Z","type":"Unknown","mac":"{mac}","rssi":-60,"rawData":"020106"}}]"#
    );
    alone.post("minew/AC233FC00101/status", payload).await
}

/// The pseudonyms that the box gave so far, in order.
async fn pseudonyms(alone: &Alone, count: usize) -> anyhow::Result<Vec<u64>> {
    let mut given = Vec::new();
    alone
        .until("the box has passed the stranger on", async || {
            say(alone).await?;
            given.clear();
            for sighting in alone.kept()?.into_iter().flat_map(|batch| batch.sightings) {
                if let Transmitter::Anonymous(pseudonym) = sighting.transmitter
                    && given.last() != Some(&pseudonym.0)
                {
                    given.push(pseudonym.0);
                }
            }
            Ok(given.len() >= count)
        })
        .await?;
    Ok(given)
}

fn assert_not_on_disk(folder: &Path, key: [u8; 32]) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            assert_not_on_disk(&path, key);
            continue;
        }
        let bytes = std::fs::read(&path).expect("bytes");
        assert_eq!(copies(&[bytes], key), 0, "the key stands in {}", path.display());
        let text = std::fs::read_to_string(&path).unwrap_or_default().to_lowercase();
        assert!(!text.contains(&hex::encode(key)), "the key stands in {}", path.display());
    }
}

#[test]
fn a_box_that_dies_writes_no_memory_to_disk() {
    let unit = tests::tree::root().join("deploy/systemd/attimo-gateway.service");
    let unit = std::fs::read_to_string(unit).expect("the unit");
    assert!(unit.lines().any(|line| line == "LimitCORE=0"), "a core file would hold the key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_of_the_day_is_in_memory_alone_and_after_midnight_nowhere() -> anyhow::Result<()> {
    let Some(library) = faketime()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let shift = folder.path().join("shift");
    std::fs::write(&shift, "+0")?;
    let environment = shifted_by(&shift, &library);
    let sections = "[privacy]\nmode = \"day\"\n[log]\nfilter = \"trace\"\n".to_owned();
    let alone = Alone::start(folder.path(), Order { sections, environment, ..Order::default() })?;
    let today = pseudonyms(&alone, 1).await?[0];
    let before = memory(alone.running.id())?;
    let key = find_key(&before, today).expect("the key in use lies in memory, or nothing could be told of it");
    assert!(copies(&before, key) >= 1);
    assert_not_on_disk(folder.path(), key);

    std::fs::write(&shift, "+86400")?;
    let given = pseudonyms(&alone, 2).await?;
    assert!(given[1] != today && !given[1..].contains(&today), "the stranger of yesterday is known today");
    assert_eq!(copies(&memory(alone.running.id())?, key), 0, "yesterday's key is still in memory");
    Ok(())
}
