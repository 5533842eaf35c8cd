//! Fifty thousand advertisements of canaries, in both modes: no address stands in anything that is written, sent or shown.

use tests::canary::{Order, run};

/// Few enough that chance alone finds one in some ten thousand runs.
const TRANSMITTERS: u32 = 2_000;

async fn no_address_slips_out(mode: &str) -> anyhow::Result<()> {
    let outcome = run(Order { adverts: 50_000, transmitters: TRANSMITTERS, mode }).await?;
    assert!(outcome.heard >= 50_000 && outcome.passed_on > 1_000, "{outcome:?}");
    assert!(outcome.own > 1_000, "its own radio heard {}", outcome.own);
    assert!(outcome.said > 1_000, "the finder does not even find them in what receivers say");
    assert_eq!(outcome.planted, 3, "the finder does not find what was put there");
    assert_eq!(outcome.canaries.hits, 0, "{:#?}", outcome.canaries.found);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_thousand_adverts_leave_no_address_anywhere_when_people_are_counted() -> anyhow::Result<()> {
    no_address_slips_out("count").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_thousand_adverts_leave_no_address_anywhere_with_pseudonyms_of_a_day() -> anyhow::Result<()> {
    no_address_slips_out("day").await
}
