//! Every kind of moment as a shop declares it, from what the floor, the shelf and the app tell to the decision; and what
//! comes late or twice.

use model::event::OrderLine;
use model::presence::PresenceReason;

use super::*;
use crate::shop::DOOR;

/// What happens, each to the first device where the shelf or the floor tells it.
#[derive(Debug, Clone, Copy)]
enum What {
    Comes(&'static str),
    Dwells(&'static str),
    Goes(&'static str),
    /// Out of the store.
    Leaves,
    Lifts,
    PutsBack,
    Adds,
    Opens,
    Buys,
}

use What::{Adds, Buys, Comes, Dwells, Goes, Leaves, Lifts, Opens, PutsBack};

/// What comes by other ways than the floor itself may come this much later.
const LATE: Millis = Millis(1_500);

fn walked(zone: &str, kind: PresenceKind, rule: &str, at: Timestamp) -> Presence {
    let reason = PresenceReason { rule: rule.into(), ..PresenceReason::default() };
    Presence { subject: Subject::Device(DeviceId(1)), reason, ..presence(zone, kind, at, at) }
}

fn event(core: &mut Core, word: &str, what: EventKind, at: Timestamp, now: Timestamp) {
    let id = message(&format!("{word}-{}", at.0));
    core.handle(Input::Event { customer: customer(1), event: Event { id, at, what } }, now);
}

impl What {
    const fn is_of_the_floor(self) -> bool {
        match self {
            Comes(_) | Dwells(_) | Goes(_) | Leaves => true,
            Lifts | PutsBack | Adds | Opens | Buys => false,
        }
    }

    fn happen(self, core: &mut Core, at: Timestamp, now: Timestamp) {
        core.handle(Input::Wake, now);
        let lifted = Attribution { product: Some(product("barolo")), ..taken(1, 0.9, at) };
        let added = EventKind::Interest {
            interest: Interest::Added,
            product: Some(product("barolo")),
            category: None,
            probability: Probability::ONE,
        };
        match self {
            Comes(zone) => core.pass_on(walked(zone, PresenceKind::Entered, "enter-probability", at)),
            Dwells(zone) => core.pass_on(walked(zone, PresenceKind::Dwelling, "dwell-time", at)),
            Goes(zone) => core.pass_on(walked(zone, PresenceKind::Left, "leave-probability", at)),
            Leaves => core.pass_on(walked("staff", PresenceKind::Left, DOOR, at)),
            Lifts => touch(core, &lifted, Interest::PickedUp),
            PutsBack => touch(core, &lifted, Interest::PutBack),
            Adds => event(core, "add", added, at, now),
            Opens => event(core, "open", EventKind::Opened, at, now),
            Buys => {
                let lines = vec![OrderLine { product: product("barolo"), quantity: 1, price: None }];
                event(core, "buy", EventKind::Purchased { order: None, lines }, at, now);
            }
        }
    }
}

/// The way out, beside both shelves.
fn floor() -> String {
    FLOOR.replace("\"kind\":\"private\"", "\"kind\":\"entrance\"")
}

/// The seconds at which the declared moment is decided on, and whether something was said then.
fn moments(declared: &str, script: &[(i64, What)], late: bool, twice: bool) -> (Vec<i64>, usize) {
    let mut core = Core::new(CoreConfig { seed: 7 });
    let shop = format!("{SHOP}\n[[moment]]\nid = \"it\"\n{declared}\n");
    core.handle(Input::Plan(PlanFiles::parse(&shop, &floor()).expect("right")), NOON);
    welcome(&mut core, 1);
    lease(&mut core, 3, NOON);
    let delay = |what: What| if late && !what.is_of_the_floor() { LATE } else { Millis::ZERO };
    let mut arrivals: Vec<_> = script.iter().map(|(at, what)| (after(*at) + delay(*what), after(*at), *what)).collect();
    arrivals.sort_by_key(|(now, at, _)| (*now, *at));
    for (now, at, what) in arrivals {
        what.happen(&mut core, at, now);
        if twice {
            what.happen(&mut core, at, now);
        }
    }
    let end = script.last().map_or(0, |(at, _)| *at) + 120;
    let last = core.now;
    for second in last.since(NOON).0 / 1_000 + 1..end {
        core.handle(Input::Wake, after(second));
    }
    let commands = drain(&mut core);
    let mut fired = Vec::new();
    for command in &commands {
        if let Command::Decided(decision) = command
            && decision.moment.pattern.as_ref().is_some_and(|pattern| pattern.as_str() == "it")
        {
            fired.push(decision.moment.at.since(NOON).0 / 1_000);
        }
    }
    (fired, delivered(&commands).len())
}

/// The moment fires at these seconds, also when what is told comes late, or twice.
fn check(declared: &str, script: &[(i64, What)], expect: &[i64]) {
    for (late, twice) in [(false, false), (true, false), (false, true), (true, true)] {
        let (fired, _) = moments(declared, script, late, twice);
        assert_eq!(fired, expect, "{declared} {script:?}, late {late}, twice {twice}");
    }
}

#[test]
fn every_kind_of_moment_is_declared_and_fires_in_its_time_alone() {
    let stay = [(10, Comes("wine")), (18, Dwells("wine"))];
    check("on = [\"entered\"]\nkinds = [\"shelf\"]", &stay, &[10]);
    check("on = [\"dwelling\"]", &stay, &[18]);
    let lingering = "on = [\"dwelling\"]\nafter_s = 60";
    check(lingering, &stay, &[78]);
    check(lingering, &[stay.as_slice(), &[(40, Goes("wine"))]].concat(), &[]);
    let touched = [(10, Comes("wine")), (11, Lifts), (12, PutsBack), (13, Goes("wine")), (14, Comes("pasta"))];
    check("on = [\"picked_up\"]", &touched, &[11]);
    check("on = [\"picked_up\", \"put_back\"]", &touched, &[12]);
    check("on = [\"picked_up\", \"put_back\"]\nzones = [\"pasta\"]", &touched, &[]);
    let second = "on = [\"entered\"]\ntimes = { count = 2, hours = 72 }";
    let passes =
        [(10, Comes("wine")), (20, Goes("wine")), (21, Comes("pasta")), (25, Goes("pasta")), (90, Comes("wine"))];
    check(second, &passes, &[90]);
    check(second, &passes[..4], &[]);
    check("on = [\"app_opened\"]\nscope = \"visit\"", &[(10, Comes("wine")), (11, Opens), (12, Goes("wine"))], &[11]);
    let idle = "on = [\"entered\", \"dwelling\", \"left\"]\nwithout = [\"picked_up\"]";
    check(idle, &[stay.as_slice(), &[(30, Goes("wine"))]].concat(), &[30]);
    check(idle, &[stay.as_slice(), &[(29, Lifts), (30, Goes("wine"))]].concat(), &[]);
    // Twice in three days: the next visit begins a day after the first has ended.
    let day = 86_400;
    let visits = [(10, Comes("wine")), (20, Goes("wine")), (day, Comes("wine"))];
    check("on = [\"entered\"]\nscope = \"customer\"\ntimes = { count = 2, hours = 72 }", &visits, &[day]);
}

#[test]
fn who_leaves_with_the_cart_unbought_makes_a_moment_at_the_door() {
    let leaving = "on = [\"visit_ended\"]\nscope = \"visit\"\nunbought = true";
    let way = |between: &[(i64, What)]| {
        let out = [(30, Goes("wine")), (31, Comes("staff")), (40, Leaves)];
        [&[(10, Comes("wine"))], between, &out].concat()
    };
    check(leaving, &way(&[(20, Lifts)]), &[40]);
    check(leaving, &way(&[(29, Adds)]), &[40]);
    check(leaving, &way(&[(20, Lifts), (29, PutsBack)]), &[]);
    check(leaving, &way(&[(20, Adds), (29, Buys)]), &[]);
    check(leaving, &way(&[]), &[]);
    // Nobody leaves who only falls silent at a shelf: the phone may sleep.
    check(leaving, &[(10, Comes("wine")), (20, Lifts), (30, Goes("wine"))], &[]);
    let said = moments(leaving, &way(&[(20, Lifts)]), false, false).1;
    assert!(said >= 1, "something is said on the way out");
}

#[test]
fn a_visit_ends_when_the_last_of_the_devices_has_left() {
    let declared = "\n[[moment]]\nid = \"it\"\non = [\"visit_ended\"]\nscope = \"visit\"\nunbought = true\n";
    let mut core = Core::new(CoreConfig { seed: 7 });
    core.handle(Input::Plan(PlanFiles::parse(&format!("{SHOP}{declared}"), &floor()).expect("right")), NOON);
    welcome(&mut core, 1);
    core.handle(Input::Link { device: DeviceId(2), customer: customer(1) }, NOON);
    lease(&mut core, 3, NOON);
    let walk = |core: &mut Core, device: u128, zone: &str, kind, rule: &str, second| {
        core.handle(Input::Wake, after(second));
        let told = walked(zone, kind, rule, after(second));
        core.pass_on(Presence { subject: Subject::Device(DeviceId(device)), visit: VisitId(device), ..told });
    };
    for device in [1, 2] {
        walk(&mut core, device, "staff", PresenceKind::Entered, "enter-probability", 10);
    }
    Lifts.happen(&mut core, after(20), after(20));
    drain(&mut core);
    let decided = |core: &mut Core| drain(core).iter().filter(|command| matches!(command, Command::Decided(_))).count();
    walk(&mut core, 1, "staff", PresenceKind::Left, DOOR, 30);
    assert_eq!(decided(&mut core), 0, "the watch is still there");
    walk(&mut core, 2, "staff", PresenceKind::Left, DOOR, 33);
    core.handle(Input::Wake, after(40));
    assert_eq!(decided(&mut core), 1, "what the phone's visit touched is left behind");
}
