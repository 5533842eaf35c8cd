//! What the moment, the relation and the person, and each source of them, bring to foreseeing an answer: the same lessons
//! for a brain that sees all, and for others that lack something.

use decide::brain::Brain;
use decide::catalogue::Catalogue;
use decide::features::kind;
use decide::intent::Intent;
use decide::person::Person;
use firmware_sim::response::{Appeal, Circumstances, Responses};
use learn::logistic::Path;
use model::decision::{Around, Block, Choice, Decision, Feature};
use model::event::Interest;
use model::ids::CategoryId;
use model::policy::{Choose, Policy};
use model::signal::Aged;
use model::time::{Millis, Timestamp};

use super::bandit::{self, Met, NOON};

const VISITS: u64 = 6_000;
const SEEDS: [u64; 4] = [1, 2, 3, 4];
const OFFERS: usize = 3;

/// A brain that does not see some of the features, and what it foresaw.
struct Student {
    lacks: fn(&Feature) -> bool,
    brain: Brain,
    /// Log-odds, and whether they bought; of the second half, when it has learnt.
    foreseen: Vec<(f64, bool)>,
}

impl Student {
    fn new(lacks: fn(&Feature) -> bool) -> Self {
        Self { lacks, brain: Brain::new(&Policy::default()), foreseen: Vec::new() }
    }

    fn meet(&mut self, path: Path<'_>, features: &[Feature], yes: bool, visit: u64) {
        let seen: Vec<Feature> = features.iter().filter(|feature| !(self.lacks)(feature)).cloned().collect();
        if visit >= VISITS / 2 {
            self.foreseen.push((self.brain.opinion(path, &seen).belief.mean, yes));
        }
        self.brain.teach(path, &seen, yes, at(visit));
    }
}

/// How often who bought was thought likelier to than who did not: 0.5 is chance.
fn auc(foreseen: &[(f64, bool)]) -> f64 {
    let mut sorted = foreseen.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut no, mut pairs) = (0_u64, 0_u64);
    for (_, yes) in &sorted {
        if *yes { pairs += no } else { no += 1 }
    }
    let yes = sorted.len() as u64 - no;
    pairs as f64 / (no * yes) as f64
}

fn at(visit: u64) -> Timestamp {
    NOON + Millis::seconds(i64::try_from(visit).expect("thousands"))
}

fn ago(now: Timestamp, hours: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "some days")]
    let ms = (hours * 3_600_000.0) as i64;
    now - Millis(ms)
}

/// What the shop would know of somebody in these circumstances.
fn known(catalogue: &Catalogue, met: &Circumstances, now: Timestamp) -> (Person, Intent) {
    let mut person = Person::default();
    (0..met.visits).for_each(|_| person.visit());
    met.complaint_days.into_iter().for_each(|days| person.complain(ago(now, days * 24.0)));
    let left = ago(now, 24.0);
    person.waits(ago(left, met.wait_min / 60.0), left);
    person.spend = met.spent * 100.0;
    let mut intent = Intent::default();
    let category = CategoryId::new("wine").expect("a reference");
    for product in &catalogue.products {
        intent.touch(Interest::Viewed, Some(&product.id), Some(&category), ago(now, met.looked_h));
    }
    (person, intent)
}

fn around(met: &Circumstances, now: Timestamp) -> Around {
    let weather = if met.rain { "rain" } else { "sun" };
    Around {
        crowding: Some(Aged { value: met.crowding, at: now }),
        company: Some(Aged { value: met.company, at: now }),
        weather: Some(Aged { value: weather.to_owned(), at: now }),
        ..Around::default()
    }
}

fn decide(catalogue: &Catalogue, policy: &Policy, met: &Circumstances, visit: u64) -> Decision {
    let now = at(visit);
    let (person, intent) = known(catalogue, met, now);
    #[expect(clippy::cast_possible_truncation, reason = "two minutes at most")]
    let dwell = Millis((met.dwell_s * 1_000.0) as i64);
    let met = Met { intent, person, dwell, around: around(met, now) };
    bandit::decide((catalogue, policy, &Brain::new(policy)), visit, now, met)
}

/// Lets every student see the same people, told something at random. What could be foreseen at best, by the truth itself.
fn taught(seed: u64, catalogue: &Catalogue, students: &mut [Student]) -> f64 {
    let appeal = Appeal { kind: 0, anyway: 0.02, told: 0.25, taste: 0.0 };
    let responses = Responses::new(seed, vec![appeal; OFFERS]);
    let policy = Policy { choose: Choose::Uniform, ..Policy::default() };
    let mut truth = Vec::new();
    for visit in 0..VISITS {
        let met = responses.circumstances(visit, visit);
        let decision = decide(catalogue, &policy, &met, visit);
        let Choice::Offer { offer } = &decision.choice else { continue };
        let yes = responses.would_then(visit, visit, bandit::number(offer)).buy_told;
        let path = Path { offer: offer.as_str(), category: "wine", store: "s" };
        for student in &mut *students {
            student.meet(path, &decision.explanation.features, yes, visit);
        }
        if visit >= VISITS / 2 {
            truth.push((met.readiness(), yes));
        }
    }
    auc(&truth)
}

/// What is left out, by which features, and the least and the most that this costs.
type Case = (&'static str, fn(&Feature) -> bool, [f64; 2]);

#[test]
fn the_moment_the_relation_and_the_person_each_foresee_something() {
    let table: [Case; 11] = [
        ("the moment", |f| f.block == Block::Micro, [0.015, 0.1]),
        ("the relation", |f| f.block == Block::Relational, [0.015, 0.1]),
        ("the person", |f| f.block == Block::Personal, [0.01, 0.1]),
        ("how long they stand", |f| f.name == "dwell", [0.001, 0.05]),
        ("the crowd", |f| f.name == "crowding", [0.005, 0.05]),
        ("the company", |f| f.name == "company", [0.002, 0.05]),
        ("complaints", |f| matches!(kind(&f.name), "complaint" | "relationship"), [0.01, 0.05]),
        ("visits", |f| matches!(kind(&f.name), "visits" | "relationship"), [0.005, 0.05]),
        ("what they looked at", |f| f.name == "intent", [0.002, 0.05]),
        ("what they spent", |f| f.name == "spend", [0.001, 0.05]),
        ("the weather, which changes nothing", |f| kind(&f.name) == "weather", [-0.002, 0.002]),
    ];
    let catalogue = bandit::shop_with(OFFERS, 0, "intent_min = 0.0\n");
    let (mut sums, mut truth) = (vec![0.0; table.len() + 1], 0.0);
    let part = 1.0 / SEEDS.len() as f64;
    for seed in SEEDS {
        let mut students: Vec<Student> = table.iter().map(|row| Student::new(row.1)).collect();
        students.push(Student::new(|_| false));
        truth += part * taught(seed, &catalogue, &mut students);
        students.iter().zip(&mut sums).for_each(|(student, sum)| *sum += part * auc(&student.foreseen));
    }
    let all = sums.pop().expect("the one that lacks nothing");
    println!("{truth:.4} by the truth itself\n{all:.4} with everything");
    for ((what, _, _), auc) in table.iter().zip(&sums) {
        println!("{auc:.4} ({:+.4}) without {what}", auc - all);
    }
    assert!(all > 0.65 && all < truth, "{all} of {truth}");
    for ((what, _, [least, most]), auc) in table.iter().zip(&sums) {
        assert!((*least..=*most).contains(&(all - auc)), "{what}: {all} and {auc} without it");
    }
}
