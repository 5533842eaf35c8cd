//! What a box runs with, of its own file and of the settings from afar.

use model::time::Timestamp;
use runtime::clock::SystemClock;
use serde_json::json;
use wire::uplink::ReceiverHealth;

use super::*;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn desired(version: u64) -> Desired {
    let serde_json::Value::Object(settings) = json!({"uplink": {"backlog_per_s": 9}}) else { panic!("an object") };
    Desired { version, settings, may_lose_receivers: false }
}

/// The same, with something that may silence receivers.
fn risky(version: u64) -> Desired {
    let serde_json::Value::Object(settings) = json!({"receivers": {"minew": []}}) else { panic!("an object") };
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
    book.try_out(desired(1), [], NOW);
    assert_eq!(book.look(&Signs { is_told: true, heard: Vec::new() }, NOW), None);
    book.try_out(desired(2), [], NOW);
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
    assert_eq!((config.in_force, config.uplink.backlog_per_s, is_trial), (None, 1_000, false));
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

/// A box that was told nothing yet, with its file.
fn untried(folder: &Path) -> (PathBuf, Config, Shop) {
    let path = write(folder, "");
    let config = Config::load(&path).expect("a configuration");
    (path, config, Shop { book: Book::default(), ..shop(folder) })
}

fn health(heard: &[(&str, i64)]) -> Health {
    let receiver =
        |(name, at): &(&str, i64)| ReceiverHealth::new(ReceiverId::new(name).expect("an id"), Timestamp(*at), 1);
    Health { receivers: heard.iter().map(receiver).collect(), ..Health::default() }
}

#[test]
fn a_receiver_that_was_never_heard_is_not_asked_after() {
    assert_eq!(heard_lately(&health(&[("a", 0), ("b", 0)])), []);
    let names: Vec<String> =
        heard_lately(&health(&[("a", 0), ("b", NOW.0), ("c", NOW.0 - 59_000), ("d", NOW.0 - 61_000)]))
            .iter()
            .map(ToString::to_string)
            .collect();
    assert_eq!(names, ["b", "c"]);
    assert_eq!(heard(&health(&[("a", 0)]), Timestamp(0)), [], "a box that begins in 1970 has not heard it either");
}

/// The ends of a run that hears what it is told to.
fn ends(heard: &[(&str, i64)]) -> (Ends, watch::Sender<Health>) {
    let (say, health) = watch::channel(health(heard));
    let (_, desired) = mpsc::channel(1);
    let (report, _) = watch::channel(None);
    (Ends { boot: BootId(1), started_at: NOW, desired, report, health }, say)
}

#[test]
fn settings_wait_until_it_is_known_who_is_heard_without_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, config, mut shop) = untried(folder.path());
    let (ends, say) = ends(&[]);
    let mut watch = Watch::new(shop.clock.monotonic(), &config, Millis(0));
    shop.told(risky(3), &mut watch, &config, &path);
    assert!(!shop.is_left(&mut watch, &ends) && shop.book.trial().is_none(), "the run is young");
    say.send_replace(health(&[("wine", NOW.0)]));
    watch.settled = shop.clock.monotonic();
    assert!(shop.is_left(&mut watch, &ends));
    let trial = shop.book.trial().expect("a trial");
    assert_eq!((trial.desired.version, trial.receivers.len()), (3, 1));

    // Taken back before it was tried, it is not tried.
    let mut watch = Watch::new(shop.clock.monotonic(), &config, Millis(0));
    shop.told(risky(4), &mut watch, &config, &path);
    assert!(watch.is_told, "a newer version proves the line as well");
    shop.told(risky(3), &mut watch, &config, &path);
    assert_eq!(watch.pending, None);
}

#[test]
fn settings_that_change_nothing_of_what_is_heard_are_tried_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, config, mut shop) = untried(folder.path());
    let (ends, _say) = ends(&[("wine", NOW.0)]);
    let mut watch = Watch::new(shop.clock.monotonic(), &config, Millis(0));
    shop.told(desired(3), &mut watch, &config, &path);
    assert!(shop.is_left(&mut watch, &ends), "in the first second of a run");
    let trial = shop.book.trial().expect("a trial");
    assert_eq!((trial.desired.version, trial.receivers.len()), (3, 0), "who falls silent meanwhile is not their fault");
    assert!(shop.book.look(&Signs::default(), NOW).is_some(), "the line must stand");
    assert_eq!(
        shop.book.look(&Signs { is_told: true, heard: Vec::new() }, NOW),
        None,
        "they hold though nobody is heard"
    );

    // Of two that follow each other the second is weighed against what runs, not against the first, which never did.
    shop.book = Book::default();
    shop.told(risky(4), &mut watch, &config, &path);
    shop.told(desired(5), &mut watch, &config, &path);
    assert!(shop.is_left(&mut watch, &ends) && shop.book.in_force() == Some(&desired(5)));
    shop.book = Book::default();
    shop.told(desired(6), &mut watch, &config, &path);
    shop.told(risky(7), &mut watch, &config, &path);
    assert!(!shop.is_left(&mut watch, &ends) && shop.book.trial().is_none());
}

#[test]
fn what_risky_settings_still_owe_harmless_ones_behind_them_owe_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, config, mut shop) = untried(folder.path());
    let (ends, _say) = ends(&[("wine", NOW.0)]);
    let mut watch = Watch::new(shop.clock.monotonic(), &config, Millis(0));
    watch.settled = Millis(0);
    shop.told(risky(3), &mut watch, &config, &path);
    assert!(shop.is_left(&mut watch, &ends));
    let tried = Config::load_with(&path, &risky(3)).expect("a configuration");
    let mut watch = Watch::new(shop.clock.monotonic(), &tried, Millis(0));
    let mut more = risky(4);
    more.settings.insert("uplink".into(), json!({"backlog_per_s": 9}));
    shop.told(more, &mut watch, &tried, &path);
    assert!(shop.is_left(&mut watch, &ends), "beside those on trial they change nothing of what is heard");
    assert_eq!(shop.book.trial().map(|trial| (trial.desired.version, trial.receivers.len())), Some((4, 1)));
    let silent = Signs { is_told: true, heard: Vec::new() };
    assert!(shop.book.look(&silent, NOW).is_some_and(|reason| reason.contains("wine")));
}

#[test]
fn settings_that_follow_each_other_leave_the_box_time_to_run_and_the_newest_win() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, config, mut shop) = untried(folder.path());
    let (ends, _say) = ends(&[]);
    // As it is after a run that was left for other settings.
    let now = shop.clock.monotonic();
    let mut watch = Watch::new(now, &config, Millis(now.0 + Millis::hours(1).0));
    for version in 3..20 {
        shop.told(desired(version), &mut watch, &config, &path);
        assert!(!shop.is_left(&mut watch, &ends) && shop.book.trial().is_none(), "the box has just begun anew");
    }
    watch.may_leave = shop.clock.monotonic();
    assert!(shop.is_left(&mut watch, &ends));
    assert_eq!(shop.book.trial().map(|trial| trial.desired.version), Some(19));

    // What is not well is left at once, however short it ran.
    let now = shop.clock.monotonic();
    let mut watch = Watch::new(now, &config, Millis(now.0 + Millis::hours(1).0));
    watch.deadline = now;
    assert!(shop.is_left(&mut watch, &ends) && shop.book.trial().is_none());
}

#[tokio::test]
async fn a_run_that_does_not_end_is_cut_off() {
    let (held, mut gone) = watch::channel(());
    let mut parts = tokio::spawn(async move {
        let _held = held;
        std::future::pending::<anyhow::Result<()>>().await
    });
    end(&mut parts, Duration::from_millis(20)).await;
    assert!(gone.changed().await.is_err() && parts.is_finished());
}

#[tokio::test]
async fn a_spool_that_does_not_let_go_keeps_another_from_the_folder() {
    let (spool, disk) = watch::channel(crate::spool::Standing::default());
    let cause = let_go(disk.clone(), Duration::from_millis(20)).await.expect_err("it is held");
    assert!(cause.to_string().contains("start the gateway anew"));
    drop(spool);
    let_go(disk, Duration::from_millis(20)).await.expect("let go");
}
