use clap::{CommandFactory as _, Parser};

use super::*;

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// As the server's own.
    #[arg(long, short, global = true, default_value = "/etc/none.toml")]
    config: PathBuf,
}

const SET: [(&str, &str); 2] = [
    ("receivers.csv", "rx,x,y,z\nr1,1,1,2.3\nr2,9,1,2.3\nr3,9,5,2.3\nr4,1,5,2.3\n"),
    ("zones.csv", "zone,x0,y0,x1,y1\n\"left, cold\",0,0,5,6\nright,5,0,10,6\n"),
];
const PART: [(&str, &str); 3] = [
    ("rssi.csv", "track,t,rx,rssi\na,0.1,r1,-60\na,0.2,r2,-78\na,0.3,r4,-62\na,0.9,r1,-61\n"),
    ("queries.csv", "sample_id,track,t\na0,a,-5\na1,a,1\n"),
    ("truth.csv", "sample_id,track,t,x,y,zone\na1,a,1,1.5,3,\"left, cold\"\n"),
];

/// Writes the files and runs the command line, with `DIR` for the folder.
fn run_in(files: &[(&str, &str)], line: &str) -> (tempfile::TempDir, anyhow::Result<String>) {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).expect("a file");
    }
    let line = line.replace("DIR", &dir.path().display().to_string());
    let cli = Cli::try_parse_from(["attimo-server"].into_iter().chain(line.split(' '))).expect("a command line");
    let said = run(&cli.command);
    (dir, said)
}

#[test]
fn the_word_for_the_knowledge_lives_beside_the_servers_own_option() {
    Cli::command().debug_assert();
    let line = ["attimo-server", "positions", "--plan", "a", "--part", "b", "--config", "self", "--out", "c"];
    let cli = Cli::try_parse_from(line).expect("a command line");
    let Command::Positions(options) = &cli.command else { panic!("another command") };
    assert_eq!(options.config, PathBuf::from("self"));
    let wrong = Cli::try_parse_from(line.map(|word| if word == "self" { "none" } else { word }));
    assert!(wrong.expect_err("no such knowledge").to_string().contains("plan, self, survey"));
}

#[test]
fn every_question_of_a_folder_is_answered_and_scored() {
    let files = [&SET[..], &PART[..]].concat();
    let (dir, said) =
        run_in(&files, "positions --plan DIR --part DIR --config plan --out DIR/pred.csv --truth DIR/truth.csv");
    let said = said.expect("all is there");
    assert!(said.contains("2 answers to 1 tracks") && said.contains("right zone (share)           1.000"), "{said}");
    let table = std::fs::read_to_string(dir.path().join("pred.csv")).expect("the answers");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[..2], ["sample_id,x,y,zone", "a0,5.000,3.000,"]);
    assert!(lines[2].starts_with("a1,") && lines[2].ends_with(",\"left, cold\""), "{}", lines[2]);
}

/// The hall's recording: somebody goes round it for so many seconds, heard twice a second; one receiver is weak.
/// Rows of `rssi.csv`, `queries.csv` and `truth.csv`.
fn recording(seconds: u32, stride: f64) -> [String; 3] {
    let mut files = ["track,t,rx,rssi\n", "sample_id,track,t\n", "sample_id,track,t,x,y,zone\n"].map(String::from);
    for half in 0..seconds * 2 {
        let t = f64::from(half) / 2.0;
        let turn = t * stride;
        let (x, y) = (5.0 + 4.0 * turn.sin(), 3.0 + 2.0 * (1.7 * turn).cos());
        for (n, (rx, ex, ey, power)) in
            [("r1", 1.0, 1.0, -56.0), ("r2", 9.0, 1.0, -70.0), ("r3", 9.0, 5.0, -60.0), ("r4", 1.0, 5.0, -58.0_f64)]
                .iter()
                .enumerate()
        {
            let metres = (x - ex).hypot(y - ey).hypot(1.0);
            let noise = f64::from((half * 7 + u32::try_from(n).expect("small") * 5) % 9) - 4.0;
            files[0] += &format!("w,{:.2},{rx},{:.1}\n", t + 0.01, power - 17.0 * metres.log10() + noise);
        }
        if half % 2 == 0 && half > 10 {
            let zone = if x < 5.0 { "\"left, cold\"" } else { "right" };
            files[1] += &format!("q{half},w,{t:.1}\n");
            files[2] += &format!("q{half},w,{t:.1},{x:.2},{y:.2},{zone}\n");
        }
    }
    files
}

#[test]
fn what_was_learnt_from_a_folder_makes_its_answers_better() {
    let [rssi, queries, truth] = recording(120, 0.21);
    let [dev_rssi, dev_queries, dev_truth] = recording(900, 0.13);
    let dev = tempfile::tempdir().expect("a folder");
    for (name, text) in [("rssi.csv", &dev_rssi), ("queries.csv", &dev_queries), ("truth.csv", &dev_truth)] {
        std::fs::write(dev.path().join(name), text).expect("a file");
    }
    let part = [("rssi.csv", rssi.as_str()), ("queries.csv", queries.as_str()), ("truth.csv", truth.as_str())];
    let files = [&SET[..], &part[..]].concat();
    let score = |config: &str| {
        let mut line =
            format!("positions --plan DIR --part DIR --config {config} --out DIR/pred.csv --truth DIR/truth.csv");
        if config != "plan" {
            line += &format!(" --learn {}", dev.path().display());
        }
        let (_dir, said) = run_in(&files, &line);
        let said = said.expect("all is there");
        let figure = |name: &str| {
            let line = said.lines().find(|line| line.starts_with(name)).expect("a figure");
            line.rsplit(' ').next().and_then(|number| number.parse::<f64>().ok()).expect("a number")
        };
        assert!((figure("share answered") - 1.0).abs() < 1e-9, "{said}");
        (figure("error median"), figure("right zone (share)"))
    };
    let [plan, itself, survey] = ["plan", "self", "survey"].map(score);
    // Who always says the middle of the hall is 3 m off, and right half of the time.
    for learnt in [itself, survey] {
        assert!(learnt.0 < 2.0 && learnt.1 > 0.75, "{plan:?} {itself:?} {survey:?}");
        assert!(learnt.0 < 0.9 * plan.0 && learnt.1 >= plan.1, "{plan:?} {itself:?} {survey:?}");
    }
}

#[test]
fn what_is_missing_or_wrong_is_named_with_the_way_out() {
    let files = [&SET[..], &PART[..]].concat();
    let check = |files: &[(&str, &str)], line: &str, expect: &str| {
        let (_dir, said) = run_in(files, line);
        let said = format!("{:#}", said.expect_err("something is wrong"));
        assert!(said.contains(expect), "{said}");
    };
    let line = "positions --plan DIR --part DIR --config plan --out DIR/pred.csv";
    check(
        &files[..4],
        "positions --plan DIR/no --part DIR --config plan --out o",
        "is not a folder; name the one with",
    );
    check(&files[..2], line, "rssi.csv is missing; check the folder");
    let broken = [&files[..2], &[("rssi.csv", "track,t,rx,rssi\na,0,r1,x\n"), PART[1]][..]].concat();
    check(&broken, line, "rssi.csv, line 2, column rssi: \"x\" is not a number");
    check(&files, &line.replace("plan --out", "self --out"), "name their folder with --learn DEV_DIR");
}
