//! What was kept back while a line was down: taken once, into visits and figures, and never into a moment.

use model::time::Millis;

use super::*;

/// Stands at the wine for a minute, an hour ago: a gap that is filled later, in two batches a second.
async fn tell_the_past(server: &Server, seqs: std::ops::RangeInclusive<u64>) -> Vec<Taken> {
    let mut taken = Vec::new();
    for seq in seqs {
        let at = START + Millis(i64::try_from(seq).expect("small") * 500);
        taken.push(server.past(seq, 121, at).await);
    }
    taken
}

#[test]
fn what_was_kept_back_makes_visits_and_no_moment() {
    let bench = Bench::new();
    bench.run(async |server| {
        server.consenting("ada").await;
        assert_eq!(server.run.event(customer("ada"), viewed("m1")).await, Ok(Taken::Stored));
        server.advance(Millis::hours(1));
        // The line is back: what is new comes first, and names where it begins.
        assert_eq!(server.fresh(121, 121).await, Taken::Stored);
        assert_eq!(server.fresh(123, 121).await, Taken::Unknown, "122 is under way");
        assert_eq!(server.past(2, 121, START).await, Taken::Unknown, "1 comes first");
        assert!(tell_the_past(server, 1..=60).await.iter().all(|taken| *taken == Taken::Stored));
        assert_eq!(server.fresh(122, 121).await, Taken::Stored, "new ones go on in between");
    });
    // The server is killed in the middle of it; what was committed is known afterwards, and nothing counts twice.
    bench.run(async |server| {
        server.advance(Millis::hours(1));
        assert_eq!(server.past(60, 121, START).await, Taken::Duplicate);
        assert_eq!(server.fresh(122, 121).await, Taken::Duplicate);
        assert!(tell_the_past(server, 61..=120).await.iter().all(|taken| *taken == Taken::Stored));
        assert!(tell_the_past(server, 1..=120).await.iter().all(|taken| *taken == Taken::Duplicate));
        assert_eq!(server.fresh(123, 0).await, Taken::Stored, "the gap is closed, and order is as ever");
        let visits = server.store.visits(&shop(), Timestamp(0), LATER).await.expect("read");
        assert!(!visits.is_empty(), "it was a visit");
        assert!(server.decisions().await.is_empty(), "and nobody was told anything because of it");
    });
}

#[test]
fn the_same_walk_told_now_makes_a_moment() {
    Bench::new().run(async |server| {
        server.consenting("ada").await;
        assert_eq!(server.run.event(customer("ada"), viewed("m1")).await, Ok(Taken::Stored));
        server.walk(0, 60).await;
        assert!(!server.decisions().await.is_empty(), "so the silence above is because of the past");
    });
}
