//! What a box runs with, of its own file and of the settings from afar.

use model::time::Timestamp;
use runtime::clock::SystemClock;
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn desired(version: u64) -> Desired {
    let serde_json::Value::Object(settings) = json!({"uplink": {"backlog_per_s": 9}}) else { panic!("an object") };
    Desired { version, settings, may_lose_receivers: false }
}

fn write(folder: &Path, more: &str) -> PathBuf {
    let path = folder.join("gateway.toml");
    let start = format!("[gateway]\nid = \"gw-1\"\nstore = \"demo\"\ndata_dir = {:?}\n", folder.join("data"));
    std::fs::write(&path, start + "[uplink]\nurl = \"mqtt://127.0.0.1:1\"\n" + more).expect("a file");
    path
}

/// A box on which version 1 held and version 2 is on trial.
fn shop(folder: &Path) -> Shop {
    let mut book = Book::default();
    book.try_out(desired(1), [], false, NOW);
    assert_eq!(book.look(&Signs { is_told: true, heard: Vec::new() }, NOW), None);
    book.try_out(desired(2), [], false, NOW);
    let shop = Shop { book, kept: Kept::new(&folder.join("data")), clock: Arc::new(SystemClock::new()) };
    shop.keep();
    shop
}

#[test]
fn a_box_that_takes_nothing_from_afar_goes_by_its_file_alone_and_forgets() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut shop = shop(folder.path());
    let path = write(folder.path(), "");
    let (config, is_trial) = shop.next(&path).expect("a configuration");
    assert_eq!((config.in_force, config.uplink.backlog_per_s, is_trial), (Some(2), 9, true));
    let path = write(folder.path(), "[settings]\nfrom_afar = false\n");
    let (config, is_trial) = shop.next(&path).expect("a configuration");
    assert_eq!((config.in_force, config.uplink.backlog_per_s, is_trial), (None, 400, false));
    assert_eq!((&shop.book, shop.kept.get()), (&Book::default(), Book::default()));
}

#[test]
fn a_typo_in_the_file_ends_the_process_and_leaves_the_book_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut shop = shop(folder.path());
    let before = shop.book.clone();
    let path = write(folder.path(), "[spol]\n");
    for _ in 0..5 {
        assert!(shop.next(&path).expect_err("a typo").to_string().contains("spol"));
    }
    assert_eq!((&shop.book, &shop.kept.get()), (&before, &before));
    shop.back(None, "the line did not come back");
    shop.next(&path).expect_err("a typo");
    let path = write(folder.path(), "");
    assert_eq!(shop.next(&path).expect("a configuration").0.in_force, Some(1), "what held still does");
}

#[test]
fn who_examines_a_box_sees_what_it_runs_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = shop(folder.path());
    let path = write(folder.path(), "");
    assert_eq!(as_it_runs(&path).expect("a configuration").in_force, Some(2));
    let path = write(folder.path(), "[settings]\nfrom_afar = false\n");
    assert_eq!(as_it_runs(&path).expect("a configuration").in_force, None);
    assert_eq!(shop.kept.get(), shop.book, "nothing was changed");
    let path = write(folder.path(), "");
    forget(&folder.path().join("data")).expect("forgotten");
    assert_eq!(as_it_runs(&path).expect("a configuration").in_force, None);
    forget(&folder.path().join("data")).expect("nothing is no error");
}
