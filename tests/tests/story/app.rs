//! Segment's official Node SDK, pointed at the server with nothing changed but its address.

use std::process::Command;
use std::time::Duration;

use tests::house::{Consent, Database, House};
use tests::process::output;
use tests::push::PushService;
use tests::tree::root;
use tests::walker::AT_THE_WINE;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_sent_by_segments_node_sdk_leads_to_the_offer() -> anyhow::Result<()> {
    let folder = root().join("tests/sdk");
    if Command::new("npm").arg("--version").output().is_err() {
        println!("left out: Node is not installed");
        return Ok(());
    }
    output(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--silent"]).current_dir(&folder))?;
    let house = House::start(Database::Sqlite)?;
    let pushes = PushService::start().await?;
    let browser = pushes.subscribe("carla", 11)?;
    let phone = house.app().register("carla", Consent::ALL, Some(&browser)).await?;

    let said = output(
        Command::new("node")
            .arg("view.mjs")
            .args([&house.http, &house.write_key, "carla", "SKU-WINE"])
            .current_dir(&folder),
    )?;
    assert!(said.contains("flushed 2"), "{said}");

    let walking = house.receivers()?.keep_hearing(phone.air, AT_THE_WINE);
    let push = pushes.wait(&browser, Duration::from_secs(40)).await?;
    walking.abort();
    assert_eq!(push["offerId"], "barolo-today");
    Ok(())
}
