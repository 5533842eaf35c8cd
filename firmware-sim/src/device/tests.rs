use wire::topics::Topic;
use wire::vendor;

use super::*;
use crate::world::World;

const START: Timestamp = Timestamp(1_795_000_000_000);

struct Run {
    world: World,
    published: Vec<Message>,
    radio: Vec<Advertisement>,
}

fn run(seconds: i64) -> Run {
    let scenario = Scenario::demo().expect("the embedded files are right");
    let mut wall = Wall::new(&scenario, START);
    let mut world = World::new(scenario, 11, START);
    let mut out = wall.tick(START);
    let mut now = START;
    while now < START + Millis::seconds(seconds) {
        now = now + Millis(100);
        for happening in world.step(now) {
            out.extend(wall.notice(&happening));
        }
        out.extend(wall.tick(now));
    }
    let (mut published, mut radio) = (Vec::new(), Vec::new());
    for output in out {
        match output {
            Output::Publish { message, .. } => published.push(message),
            Output::Radio(advertisement) => radio.push(advertisement),
        }
    }
    Run { world, published, radio }
}

#[test]
fn every_message_is_read_back_and_names_its_receiver() {
    let run = run(60);
    let mut heard_by = BTreeMap::new();
    for message in &run.published {
        match Topic::parse(&message.topic).expect("a known topic") {
            Topic::EspresenseDevice { .. } | Topic::BtToMqtt { .. } | Topic::Minew { .. } => {
                for heard in vendor::decode(&message.topic, &message.payload).expect("a right message") {
                    *heard_by.entry(heard.receiver).or_insert(0) += 1;
                }
            }
            Topic::Counter { .. } => {
                counter::read_totals(&message.payload, None).expect("totals");
            }
            Topic::TasmotaSensor { .. } => {
                shelf::decode(&message.topic, &message.payload).expect("a weight");
            }
            Topic::EspresenseTelemetry { .. } => {
                vendor::espresense::decode_telemetry(&message.topic, &message.payload).expect("telemetry");
            }
            Topic::EspresenseStatus { .. }
            | Topic::GatewayUp { .. }
            | Topic::GatewayLive { .. }
            | Topic::GatewayAck { .. }
            | Topic::GatewayState { .. } => panic!("no device on the wall says {}", message.topic),
        }
    }
    let shop = &run.world.scenario().shop;
    let mqtt: Vec<_> = shop.receivers.iter().map(|r| r.id.clone()).filter(|id| id.as_str() != "hci0").collect();
    assert!(mqtt.iter().all(|id| heard_by.contains_key(id)), "{heard_by:?}");
    assert!(!run.radio.is_empty());
}

#[test]
fn the_counter_and_the_shelf_say_what_is_true() {
    let run = run(300);
    let mut items = shelf::Items::new(Some(1.28));
    let (mut totals, mut taken) = (Vec::new(), 0);
    for message in &run.published {
        if let Some(Topic::Counter { .. }) = Topic::parse(&message.topic) {
            totals.push(counter::read_totals(&message.payload, None).expect("totals").crossed);
        }
        if let Ok((_, scale)) = shelf::decode(&message.topic, &message.payload)
            && let Some(model::reading::ReadingKind::ShelfDelta(delta)) = items.step(scale)
            && delta.abs() < 10
        {
            taken -= i64::from(delta);
        }
    }
    let sums = &run.world.truth().sums;
    let [first, .., last] = totals[..] else { panic!("a counter that reports: {totals:?}") };
    assert_eq!(u64::from(last.entered - first.entered), sums.entered);
    assert_eq!(u64::from(last.left - first.left), sums.left);
    assert_eq!(taken, i64::try_from(sums.taken).expect("few") - i64::try_from(sums.put_back).expect("few"));
    assert!(sums.taken > 0, "somebody took a bottle in five minutes");
}

#[test]
fn espresense_hears_no_nameless_phone_and_no_bare_ephemeral_id() {
    let run = run(60);
    for message in &run.published {
        if let Some(Topic::EspresenseDevice { .. }) = Topic::parse(&message.topic) {
            let heard = vendor::decode(&message.topic, &message.payload).expect("a right message");
            assert!(matches!(heard[0].frame(), Some(Frame::IBeacon(_))), "{heard:?}");
        }
    }
}
