//! Applying to a real store.

use super::*;

const FLOOR: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"feature":"floor","id":"ground","name":"Ground"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[20,0],[20,30],[0,30],[0,0]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"door","name":"Door","floor":"ground","kind":"entrance"},"geometry":{"type":"Polygon","coordinates":[[[8,0],[12,0],[12,2],[8,2],[8,0]]]}}
]}"#;

fn shop(store: &str, name: &str, receiver: &str) -> String {
    format!(
        "[store]\nid = \"{store}\"\nname = \"{name}\"\ntimezone = \"Europe/Rome\"\n\n\
         [[receiver]]\nid = \"{receiver}\"\nfloor = \"ground\"\nx = 1.0\ny = 2.0\n"
    )
}

struct Bench {
    folder: tempfile::TempDir,
    store: Store,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&Store::file_url(folder.path())).await.expect("a store");
        Self { folder, store }
    }

    async fn apply(&self, toml: &str, dry_run: bool) -> Result<Report, Error> {
        std::fs::write(self.folder.path().join(SHOP_FILE), toml).expect("a file");
        std::fs::write(self.folder.path().join(FLOOR_FILE), FLOOR).expect("a file");
        apply(self.folder.path(), &self.store, dry_run, Timestamp(1)).await
    }

    async fn version(&self) -> Option<i64> {
        self.store.shop_versions().await.expect("versions").first().map(|(_, version)| *version)
    }
}

#[tokio::test]
async fn the_second_time_nothing_changes() {
    let bench = Bench::new().await;
    let first = bench.apply(&shop("milano", "Milano", "r1"), false).await.expect("applied");
    assert_eq!(
        first.to_string(),
        "milano (new)\n  + store milano\n  + floor ground\n  + zone door\n  + receiver r1\n4 changes\n"
    );
    let second = bench.apply(&shop("milano", "Milano", "r1"), false).await.expect("applied");
    assert_eq!(second.to_string(), "milano: nothing to change\n");
    assert_eq!(bench.version().await, Some(1));
}

#[tokio::test]
async fn a_change_is_told_by_its_field_and_a_dry_run_keeps_nothing() {
    let bench = Bench::new().await;
    assert!(bench.apply(&shop("milano", "Milano", "r1"), true).await.expect("checked").is_new);
    assert_eq!(bench.version().await, None);
    bench.apply(&shop("milano", "Milano", "r1"), false).await.expect("applied");
    let changed = bench.apply(&shop("milano", "Milano Duomo", "r2"), false).await.expect("applied");
    assert_eq!(
        changed.to_string(),
        "milano\n  - receiver r1\n  ~ store milano: name \"Milano\" -> \"Milano Duomo\"\n  + receiver r2\n3 changes\n"
    );
    assert_eq!(bench.version().await, Some(2));
}

#[test]
fn obstacles_passages_and_reaches_are_told() {
    let feature = |properties: &str, geometry: &str, coordinates: &str| {
        format!(
            ",{{\"type\":\"Feature\",\"properties\":{properties},\"geometry\":{{\"type\":\"{geometry}\",\"coordinates\":{coordinates}}}}}"
        )
    };
    let with = |more: &str| {
        let floor = FLOOR.replace("\n]}", &format!("\n{more}]}}"));
        Shop::parse(&shop("milano", "Milano", "r1"), &floor).expect("the plan is right")
    };
    let square = "[[[0,0],[20,0],[20,30],[0,30],[0,0]]]";
    let upper = feature(r#"{"feature":"floor","id":"upper","level":1}"#, "Polygon", square);
    let shelf = |loss: u8| {
        let properties = format!("{{\"feature\":\"obstacle\",\"floor\":\"ground\",\"loss_db_m\":{loss}}}");
        feature(&properties, "Polygon", "[[[5,5],[6,5],[6,9],[5,9],[5,5]]]")
    };
    let lift = |floor: &str| {
        let properties = format!("{{\"feature\":\"passage\",\"id\":\"lift\",\"floor\":\"{floor}\",\"seconds\":20}}");
        feature(&properties, "Point", "[3,3]")
    };
    let lifts = format!("{}{}", lift("ground"), lift("upper"));
    let told = |old: &Shop, new: &Shop| diff::diff(Some(old), new).iter().map(ToString::to_string).collect::<Vec<_>>();
    let (bare, full) = (with(&upper), with(&format!("{upper}{}{lifts}", shelf(6))));
    let name = "obstacle on ground at (5, 5) (6, 5) (6, 9) (5, 9)";
    assert_eq!(told(&bare, &full), [format!("+ {name}"), "+ passage lift".into()]);
    let weaker = with(&format!("{upper}{}{lifts}", shelf(3)));
    assert_eq!(told(&full, &weaker), [format!("~ {name}: loss_db_m 6.0 -> 3.0")]);
    let reach = |plan: &Shop| {
        let mut plan = plan.clone();
        plan.floors[0].zones[0].reach = 1.5;
        plan
    };
    assert_eq!(told(&full, &reach(&full)), ["~ zone door: reach_m 0.0 -> 1.5"]);
    assert_eq!(
        told(&full, &bare),
        ["- passage lift".to_owned(), format!("- {name}")].into_iter().rev().collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_comment_is_no_change_of_the_shop() {
    let bench = Bench::new().await;
    bench.apply(&shop("milano", "Milano", "r1"), false).await.expect("applied");
    let report = bench.apply(&format!("# new\n{}", shop("milano", "Milano", "r1")), false).await.expect("applied");
    assert_eq!(report.to_string(), "milano: only its text changed\n");
}

#[tokio::test]
async fn wrong_files_change_nothing_and_name_the_fix() {
    let bench = Bench::new().await;
    let missing = apply(bench.folder.path(), &bench.store, false, Timestamp(1)).await.expect_err("no files");
    assert!(missing.to_string().contains("shop.toml"), "{missing}");
    let wrong =
        bench.apply(&shop("milano", "Milano", "r1").replace("ground", "cellar"), false).await.expect_err("wrong");
    assert!(wrong.to_string().contains("cellar"), "{wrong}");
    assert_eq!(bench.version().await, None);
}

#[tokio::test]
async fn two_stores_can_not_claim_one_receiver() {
    let bench = Bench::new().await;
    bench.apply(&shop("milano", "Milano", "r1"), false).await.expect("applied");
    let taken = bench.apply(&shop("torino", "Torino", "r1"), false).await.expect_err("taken");
    assert!(taken.to_string().contains("milano"), "{taken}");
    bench.apply(&shop("torino", "Torino", "r2"), false).await.expect("applied");
}

#[tokio::test]
async fn two_offers_that_promise_different_things_are_refused_and_nothing_is_kept() {
    let bench = Bench::new().await;
    let toml = |second: u32| {
        let offer = |id: &str, off: u32| {
            format!(
                "[[offer]]\nid = \"{id}\"\nproduct = \"barolo\"\ndiscount = {off}\n[offer.content.en]\ntitle = \"T\"\nbody = \"\"\n"
            )
        };
        let product = "[[product]]\nid = \"barolo\"\nname = \"Barolo\"\ncategory = \"wine\"\nprice = 3000\nmargin = 900\nzone = \"door\"\n";
        format!("{}{product}{}{}", shop("milano", "Milano", "r1"), offer("ten", 300), offer("twenty", second))
    };
    for dry_run in [true, false] {
        let refused = bench.apply(&toml(600), dry_run).await.expect_err("ten percent and twenty");
        let Error::Invalid(errors) = &refused else { panic!("{refused}") };
        assert!(errors.len() == 1 && errors[0].key == "offer[1].discount", "{errors:?}");
        assert!(
            errors[0].problem.contains("ten saves 300") && errors[0].fix.contains("the same discount"),
            "{errors:?}"
        );
        assert_eq!(bench.version().await, None, "nothing of it is kept");
    }
    bench.apply(&toml(300), false).await.expect("the same terms");
    assert!(bench.apply(&toml(600), false).await.is_err());
    assert_eq!(bench.version().await, Some(1), "what was there stays");
}
