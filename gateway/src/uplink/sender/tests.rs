//! New before old, the pace of the old, repeats, and that everything arrives once over a bad line.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// So fast that it limits nothing.
const FAST: u32 = 1_000_000;

fn send(sender: &mut Sender, now: Millis) -> Vec<u64> {
    let mut sent = Vec::new();
    while let Some(due) = sender.poll(now) {
        for seq in due.numbers {
            assert_eq!(sender.is_historical(seq), due.historical);
            sender.sent(seq, now);
            sent.push(seq);
        }
    }
    sent
}

#[test]
fn no_more_than_a_window_is_under_way() {
    let mut sender = Sender::new(1, 100, false, FAST);
    assert!(send(&mut sender, Millis(0)).is_empty(), "not connected");
    sender.connected(Millis(0));
    assert_eq!(send(&mut sender, Millis(0)), (1..=16).collect::<Vec<_>>());
    assert!(send(&mut sender, Millis(10)).is_empty());
    sender.acked(4, None, Millis(20));
    assert_eq!(send(&mut sender, Millis(20)), [17, 18, 19, 20]);
}

#[test]
fn what_is_answered_again_is_not_counted_again() {
    let mut sender = Sender::new(5, 20, false, FAST);
    assert_eq!((sender.unanswered((6, 8)), sender.unanswered((1, 5)), sender.unanswered((19, 99))), (3, 1, 2));
    sender.acked(7, None, Millis(0));
    assert_eq!((sender.unanswered((6, 8)), sender.unanswered((5, 7)), sender.unanswered((21, 30))), (1, 0, 0));
    sender.acked(7, Some((10, 12)), Millis(0));
    assert_eq!((sender.unanswered((9, 13)), sender.unanswered((10, 12)), sender.unanswered((1, 99))), (2, 0, 10));
}

#[test]
fn silence_and_a_new_connection_both_send_again() {
    let mut sender = Sender::new(5, 6, false, FAST);
    sender.connected(Millis(0));
    assert_eq!(send(&mut sender, Millis(0)), [5, 6]);
    assert_eq!(sender.poll_timeout(), Some(Millis(5_000)));
    assert!(send(&mut sender, Millis(4_999)).is_empty());
    assert_eq!(send(&mut sender, Millis(5_000)), [5, 6]);
    sender.acked(5, None, Millis(6_000));
    sender.disconnected();
    assert_eq!((send(&mut sender, Millis(9_000)), sender.poll_timeout()), (vec![], None));
    sender.connected(Millis(9_000));
    assert_eq!(send(&mut sender, Millis(9_000)), [6]);
    sender.acked(6, None, Millis(9_100));
    assert!(sender.is_live_done());
    assert_eq!(sender.poll_timeout(), None);
}

#[test]
fn what_the_spool_let_go_is_not_waited_for() {
    let mut sender = Sender::new(1, 3, false, FAST);
    sender.connected(Millis(0));
    send(&mut sender, Millis(0));
    sender.holds(50, 60, Millis(1));
    assert_eq!(send(&mut sender, Millis(1)), (50..=60).collect::<Vec<_>>());
}

#[test]
fn what_is_new_goes_before_what_was_kept_back() {
    // 90 batches are on disk from long ago; 91 and 92 are made now.
    let mut sender = Sender::new(1, 90, true, 8);
    sender.holds(1, 92, Millis(0));
    sender.connected(Millis(0));
    assert_eq!((sender.live_from(), sender.backlog()), (91, 90));
    assert_eq!(send(&mut sender, Millis(0)), [91, 92], "the bucket of the backlog is empty at first");
    assert_eq!(send(&mut sender, Millis(125)), [1]);
    sender.acked(1, Some((91, 92)), Millis(130));
    sender.holds(2, 93, Millis(250));
    assert_eq!(send(&mut sender, Millis(250)), [93, 2]);
    assert_eq!((sender.live_from(), sender.backlog()), (91, 89));
}

#[test]
fn the_backlog_keeps_its_pace() {
    let mut sender = Sender::new(1, 10_000, true, 100);
    sender.connected(Millis(0));
    let mut sent = 0;
    for now in (0..10_000).step_by(10) {
        let numbers = send(&mut sender, Millis(now));
        sent += numbers.len();
        if let Some(last) = numbers.last() {
            sender.acked(*last, None, Millis(now));
        }
    }
    assert!((950..=1_000).contains(&sent), "100 a second for 10 s, and {sent} went");
}

#[test]
fn a_short_break_makes_no_backlog_and_a_long_one_does() {
    let mut sender = Sender::new(1, 0, false, FAST);
    sender.holds(1, 1, Millis(0));
    sender.holds(1, 2, Millis(10_000));
    sender.connected(Millis(19_000));
    assert_eq!(sender.poll(Millis(19_000)), Some(Due { numbers: 1..=2, historical: false }));
    sender.disconnected();
    sender.holds(1, 3, Millis(21_000));
    sender.connected(Millis(21_000));
    assert_eq!(sender.poll(Millis(21_000)), Some(Due { numbers: 2..=3, historical: false }));
    assert_eq!((sender.live_from(), sender.backlog()), (2, 1));
}

#[test]
fn what_the_server_has_already_is_not_sent_again() {
    let mut sender = Sender::new(1, 60, true, FAST);
    sender.connected(Millis(0));
    sender.acked(10, Some((21, 60)), Millis(0));
    assert_eq!(sender.backlog(), 10);
    assert_eq!(send(&mut sender, Millis(1_000)), (11..=20).collect::<Vec<_>>());
    sender.acked(60, None, Millis(1_010));
    assert_eq!((sender.live_from(), sender.backlog(), sender.poll_timeout()), (0, 0, None));
}

#[test]
fn a_server_that_takes_packs_gets_whole_ones_and_the_rest_at_the_end() {
    let mut sender = Sender::new(1, 300, true, 1_000);
    sender.holds(1, 301, Millis(0));
    sender.connected(Millis(0));
    assert_eq!(send(&mut sender, Millis(10)), std::iter::once(301).chain(1..=10).collect::<Vec<_>>());
    sender.packs();
    sender.acked(10, Some((301, 301)), Millis(20));
    assert!(send(&mut sender, Millis(20)).is_empty(), "not a whole pack yet");
    assert_eq!(sender.poll_timeout(), Some(Millis(43)));
    assert_eq!(send(&mut sender, Millis(43)), (11..=42).collect::<Vec<_>>());
    assert_eq!(send(&mut sender, Millis(200)), (43..=138).collect::<Vec<_>>(), "four are under way");
    assert_eq!(sender.poll_timeout(), Some(Millis(5_043)));
    sender.acked(42, Some((301, 301)), Millis(210));
    assert_eq!(send(&mut sender, Millis(900)), (139..=170).collect::<Vec<_>>());
    sender.acked(170, Some((301, 301)), Millis(910));
    assert_eq!(send(&mut sender, Millis(1_900)), (171..=298).collect::<Vec<_>>());
    sender.acked(298, Some((301, 301)), Millis(1_910));
    assert_eq!(send(&mut sender, Millis(2_000)), [299, 300], "the end is no whole pack");
    sender.acked(301, None, Millis(2_010));
    assert_eq!((sender.backlog(), sender.poll_timeout()), (0, None));
    // Another server may stand there at the next connection.
    let mut sender = Sender::new(1, 300, true, FAST);
    sender.connected(Millis(0));
    sender.packs();
    sender.connected(Millis(10_000));
    assert_eq!(send(&mut sender, Millis(20_000)).len() as u64, UNDER_WAY_MAX);
}

/// The server's rule, as simply as it can be written: a set of all numbers.
#[derive(Debug, Default)]
struct Reference {
    taken: BTreeSet<u64>,
    order: Vec<u64>,
}

impl Reference {
    fn take(&mut self, seq: u64, live_from: u64) {
        let high = self.taken.last().copied().unwrap_or(0);
        let missing = (1..high).find(|n| !self.taken.contains(n));
        let fits = seq == high + 1 || (seq > high && seq == live_from) || missing == Some(seq);
        if fits && self.taken.insert(seq) {
            self.order.push(seq);
        }
    }

    fn ack(&self) -> (u64, Option<(u64, u64)>) {
        let through = (1..).find(|n| !self.taken.contains(n)).map_or(0, |n| n - 1);
        let high = self.taken.last().copied().unwrap_or(0);
        let from = (1..=high).rev().find(|n| !self.taken.contains(n)).map_or(1, |n| n + 1);
        (through, (high > through).then_some((from, high)))
    }
}

proptest! {
    /// Whatever is lost on the way, however long the line is down: everything arrives, once.
    #[test]
    fn everything_arrives_over_a_bad_line(
        steps in prop::collection::vec((0u64..4, any::<bool>(), any::<bool>(), 0u8..12), 1..120),
        packs: bool,
    ) {
        let mut sender = Sender::new(1, 0, false, 200);
        let mut server = Reference::default();
        let (mut now, mut last, mut up) = (0, 0, true);
        sender.connected(Millis(0));
        let idle = std::iter::repeat_n((0, false, false, 0), 400);
        for (made, lose_batches, lose_ack, chance) in steps.into_iter().chain(idle) {
            now += 2_000;
            last += made;
            sender.holds(1, last, Millis(now));
            match (up, chance) {
                (true, 1..=2) => { sender.disconnected(); up = false; }
                (false, 0 | 6..) => { sender.connected(Millis(now)); up = true; }
                (true | false, _) => {}
            }
            if packs {
                sender.packs();
            }
            let live_from = sender.live_from();
            let mut sent = Vec::new();
            while let Some(due) = sender.poll(Millis(now)) {
                for seq in due.numbers {
                    sender.sent(seq, Millis(now));
                    sent.push((seq, sender.live_from()));
                }
            }
            let under_way_max = UNDER_WAY_MAX + if packs { PACKED_UNDER_WAY_MAX } else { UNDER_WAY_MAX };
            prop_assert!(live_from <= last + 1 && sent.len() as u64 <= under_way_max);
            if !lose_batches {
                sent.iter().for_each(|(seq, live_from)| server.take(*seq, *live_from));
            }
            if !lose_ack && !sent.is_empty() {
                let (through, beyond) = server.ack();
                sender.acked(through, beyond, Millis(now));
            }
        }
        prop_assert_eq!(server.taken.len() as u64, last);
        prop_assert_eq!(server.order.len() as u64, last, "nothing twice");
        prop_assert!(sender.is_live_done() && sender.backlog() == 0, "{:?}", sender);
    }
}

#[test]
fn an_outage_makes_a_backlog_however_many_batches_come() {
    let mut sender = Sender::new(1, 0, false, FAST);
    for seq in 1..=600 {
        sender.holds(1, seq, Millis(i64::try_from(seq).expect("small") * 100));
    }
    sender.connected(Millis(60_000));
    let sent = send(&mut sender, Millis(60_000));
    assert!((400..=405).contains(&sent[0]), "what is fresher than 20 s goes first: {}", sent[0]);
    assert!(sender.is_historical(399) && !sender.is_historical(sent[0]));
}
