use super::*;

fn shop() -> StoreId {
    StoreId::new("milano").expect("an id")
}

/// Four weeks of twelve hours a day with twenty stays a quarter, and four offers of which three are heard and one is taken.
fn four_weeks() -> BTreeMap<i64, Tally> {
    let open = |day: i64| (32..80).map(move |n| day * DAY + n);
    let usual = Tally { came: 20, told: 4, heard: 3, taken: 1 };
    (0..DAYS + 2).flat_map(open).map(|quarter| (quarter, usual)).collect()
}

/// What begins in eight quarters of the next noon when each of them is changed.
fn begins(change: fn(&mut Tally)) -> Vec<(i64, Count, Way)> {
    let noon = (DAYS + 1) * DAY + 48;
    let (mut watch, mut tallies) = (Watch::default(), four_weeks());
    let mut begun = Vec::new();
    for quarter in noon - 16..noon + 16 {
        if quarter >= noon {
            tallies.entry(quarter).and_modify(change);
        }
        let known: BTreeMap<i64, Tally> = tallies.range(..=quarter).map(|(at, tally)| (*at, *tally)).collect();
        begun.extend(watch.look(&shop(), &known, quarter).into_iter().map(|(count, way)| (quarter - noon, count, way)));
    }
    begun
}

#[test]
fn a_crowd_three_times_as_large_raises_an_alarm_within_two_quarters() {
    assert_eq!(begins(|_| {}), [], "a usual day raises none");
    let crowd = begins(|tally| tally.came *= 3);
    assert!(matches!(crowd.as_slice(), [(0..=1, Count::Footfall, Way::More)]), "{crowd:?}");
    let empty = begins(|tally| tally.came = 0);
    assert!(matches!(empty.as_slice(), [(0..=1, Count::Footfall, Way::Fewer)]), "{empty:?}");
}

#[test]
fn answers_that_stay_away_raise_an_alarm_and_so_do_offers_that_nobody_takes() {
    let cut = begins(|tally| (tally.heard, tally.taken) = (0, 0));
    let feedback = cut.iter().find(|(_, count, _)| *count == Count::Feedback).expect("devices say nothing any more");
    assert!(feedback.0 <= 8 && feedback.2 == Way::Fewer, "{cut:?}");
    assert!(cut.iter().all(|(at, count, _)| *count != Count::Redemption || *at >= ANSWERED), "{cut:?}");
    let rush = begins(|tally| tally.taken = tally.told);
    assert!(rush.iter().any(|(_, count, way)| (*count, *way) == (Count::Redemption, Way::More)), "{rush:?}");
    assert_eq!(begins(|tally| (tally.told, tally.heard, tally.taken) = (0, 0, 0)), [], "nothing told, nothing missing");
}

#[test]
fn each_quarter_is_looked_at_once_when_it_is_over() {
    let mut watch = Watch::default();
    let at = |quarter: i64, minutes: i64| Timestamp(quarter * QUARTER_MS) + Millis::minutes(minutes);
    assert!(watch.due(at(100, 5)).is_empty(), "what was before the start is not looked at");
    assert!(watch.due(at(100, 16)).is_empty(), "it has ended a minute ago");
    assert_eq!(watch.due(at(101, 2)).collect::<Vec<_>>(), [100]);
    assert!(watch.due(at(101, 3)).is_empty());
    assert_eq!(watch.due(at(120, 3)).collect::<Vec<_>>(), [116, 117, 118, 119]);
}

#[test]
fn what_is_older_than_a_day_is_read_once_and_again_after_a_long_pause() {
    let (mut watch, tallies) = (Watch::default(), four_weeks());
    let first = DAYS * DAY + 40;
    let quarters = (first..first + DAY).chain([first + 3 * DAY]);
    for quarter in quarters {
        let from = watch.unread(&shop(), quarter);
        let again = quarter > first && quarter < first + DAY;
        assert_eq!(from, if again { quarter - DAY } else { oldest(quarter) });
        let between =
            |from: i64| tallies.range(from..=quarter).map(|(at, tally)| (*at, *tally)).collect::<BTreeMap<_, _>>();
        let known = watch.learn(&shop(), between(from), from, quarter);
        assert_eq!(known, between(oldest(quarter)), "the same as if all were read");
        watch.known.insert(shop(), Known { before: quarter + 1, tallies: known });
    }
}
