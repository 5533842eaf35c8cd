//! Whatever can happen to a customer, in any order.

use model::consent::Consent;
use model::delivery::DeliveryState;
use model::event::Interest;
use model::outcome::OutcomeKind;
use model::presence::PresenceKind;
use proptest::prelude::*;

use super::rig::KINDS;
use crate::fixture::all;

#[derive(Debug, Clone)]
pub(super) enum Op {
    Pass(i64),
    Presence { zone: &'static str, kind: PresenceKind, ago: i64, device: u128 },
    Interest(Interest, &'static str),
    Buy(&'static str),
    GiveBack(&'static str),
    Consent(Consent),
    Report(DeliveryState),
    React(OutcomeKind),
    Gone(u128),
}

fn any_product() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["barolo", "penne"])
}

fn any_op() -> impl Strategy<Value = Op> {
    let zone = prop::sample::select(vec!["wine", "pasta", "staff"]);
    let interest = prop::sample::select(vec![Interest::Viewed, Interest::Added, Interest::PickedUp, Interest::Removed]);
    let state = prop::sample::select(vec![
        DeliveryState::Sending,
        DeliveryState::Sent,
        DeliveryState::Failed,
        DeliveryState::Expired,
        DeliveryState::Withheld,
    ]);
    let kind = prop::sample::select(vec![OutcomeKind::Delivered, OutcomeKind::Opened, OutcomeKind::Dismissed]);
    prop_oneof![
        4 => prop_oneof![1..400_i64, 1_000..10_000_i64, Just(86_400)].prop_map(Op::Pass),
        8 => (zone, prop::sample::select(KINDS.to_vec()), 0..60_i64, 1..3_u128)
            .prop_map(|(zone, kind, ago, device)| Op::Presence { zone, kind, ago, device }),
        4 => (interest, any_product()).prop_map(|(interest, product)| Op::Interest(interest, product)),
        1 => any_product().prop_map(Op::Buy),
        1 => any_product().prop_map(Op::GiveBack),
        1 => (any::<bool>(), any::<bool>(), any::<bool>())
            .prop_map(|(locating, profiling, marketing_push)| Op::Consent(Consent { locating, profiling, marketing_push })),
        2 => state.prop_map(Op::Report),
        1 => kind.prop_map(Op::React),
        1 => (1..3_u128).prop_map(Op::Gone),
    ]
}

/// A customer who allows everything at first, and then anything.
pub(super) fn any_ops() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(any_op(), 0..80).prop_map(|mut ops| {
        ops.insert(0, Op::Consent(all()));
        ops
    })
}
