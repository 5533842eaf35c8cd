use super::*;

/// The template with every commented key switched on.
fn all_keys() -> String {
    let is_key = |line: &str| line.contains(" = ") || line.starts_with('[');
    let mut text = String::new();
    for line in TEMPLATE.lines() {
        let bare = line.strip_prefix("# ").filter(|rest| is_key(rest) && !rest.ends_with(['.', ':']));
        text.push_str(bare.unwrap_or(line));
        text.push('\n');
    }
    text
}

fn error(text: &str) -> ConfigError {
    Config::parse(text, "gateway.toml").expect_err("a wrong configuration")
}

#[test]
fn template_parses_and_its_comments_tell_the_true_defaults() {
    let plain = Config::parse(TEMPLATE, "template").expect("the template is right");
    let all = Config::parse(&all_keys(), "template").expect("every key in the template exists");
    assert_eq!(plain.receivers.espresense, all.receivers.espresense);
    assert_eq!(plain.receivers.theengs, all.receivers.theengs);
    assert_eq!(plain.receivers.minew, all.receivers.minew);
    assert_eq!(plain.radio.silence_s, all.radio.silence_s);
    assert_eq!((plain.radio.power_on, &plain.radio.adapters), (all.radio.power_on, &all.radio.adapters));
    assert_eq!(plain.radio.source, all.radio.source);
    assert_eq!(plain.gateway.prefix, all.gateway.prefix);
    assert_eq!((plain.spool.bytes_max, plain.age_max()), (all.spool.bytes_max, all.age_max()));
    assert_eq!((&plain.privacy, plain.status), (&all.privacy, all.status));
    assert_eq!(plain.log, all.log);
    assert_eq!(all.sensors.len(), 1);
    assert_eq!(all.gateway.tag_uuids.len(), 1);
}

#[test]
fn a_typo_names_the_key_and_the_fix() {
    let wrong = error(&TEMPLATE.replace("store = \"demo\"", "stroe = \"demo\""));
    assert_eq!(wrong.key, "gateway.stroe");
    assert!(wrong.fix.contains("config template"));
}

#[test]
fn what_can_not_work_is_refused_by_name() {
    let with = |section: &str, line: &str| TEMPLATE.replace(section, &format!("{section}\n{line}"));
    for (text, key) in [
        (TEMPLATE.replacen("url = \"mqtt://", "url = \"http://", 1), "receivers.url"),
        (with("[spool]", "bytes_max = 10"), "spool.bytes_max"),
        (with("[spool]", "age_max_h = 0"), "spool.age_max_h"),
        (with("[privacy]", "mode = \"day\"").replace("[spool]", "[spool]\nage_max_h = 25"), "spool.age_max_h"),
        (with("[privacy]", "timezone = \"Mars/Olympus\""), "privacy.timezone"),
        (with("[privacy]", "mode = \"forever\""), "privacy.mode"),
        (with("[gateway]", "prefix = \"xyz\""), "gateway.prefix"),
        (with("[radio]", "silence_s = 0"), "radio.silence_s"),
        (with("[radio]", "source = \"radio\""), "radio.source"),
        (with("[radio]", "adapter = \"/dev/hci0\""), "radio.adapter"),
        (with("[radio]", "adapter = \"hci0\"\nadapters = [\"hci1\"]"), "radio.adapters"),
        (with("[radio]", "adapters = [\"hci1\", \"hci1\"]"), "radio.adapters"),
        (with("[radio]", "source = \"btleplug\"\nadapters = [\"hci0\", \"hci1\"]"), "radio.adapters"),
        (format!("{TEMPLATE}\n[sensors.a]\nkind = \"shelf\"\ntopic = \"a/+\"\n"), "sensors.a.topic"),
    ] {
        assert_eq!(error(&text).key, key);
    }
    let days = with("[spool]", "age_max_h = 72");
    assert!(Config::parse(&days, "test").is_ok(), "strangers who are counted never wait");
    let twice = "\n[sensors.a]\nkind = \"shelf\"\ntopic = \"x\"\n[sensors.b]\nkind = \"shelf\"\ntopic = \"x\"\n";
    assert_eq!(error(&format!("{TEMPLATE}{twice}")).key, "sensors.b.topic");
}

#[test]
fn every_maker_that_can_be_set_from_afar_is_one_of_the_box() {
    for maker in wire::settings::MAKERS {
        let text = format!(
            "[gateway]\nid = \"gw-1\"\nstore = \"demo\"\ndata_dir = \"data\"\n[receivers]\n{maker} = [\"a/+/b\"]\n"
        );
        let receivers = Config::parse(&text, maker).expect(maker).receivers;
        let filters = crate::intake::Intake::new(&receivers);
        assert_eq!(filters.source("a/x/b").kind(), maker);
    }
}

#[test]
fn several_adapters_are_receivers_of_their_own_and_one_is_the_box() {
    let with = |line: &str| {
        let text = TEMPLATE.replace("[radio]", &format!("[radio]\nreceiver = \"ceiling\"\n{line}"));
        Config::parse(&text, "gateway.toml").expect("right")
    };
    assert_eq!(with("adapter = \"hci0\"").adapter_receiver("hci0").as_str(), "ceiling");
    assert_eq!(with("").adapter_receiver("hci3").as_str(), "ceiling");
    let several = with("adapters = [\"hci0\", \"hci1\"]");
    assert_eq!(several.adapter_receiver("hci1").as_str(), "ceiling-hci1");
}
