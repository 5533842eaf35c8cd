//! The tables that are written in bulk, with what happens when a row is there already.

use super::driver::Kind::{Blob, Int, Real, Text};
use super::driver::Table;

pub(super) static CUSTOMERS: Table = Table {
    name: "customers",
    columns: &[
        ("id", Text),
        ("locating", Int),
        ("profiling", Int),
        ("marketing_push", Int),
        ("at", Int),
        ("text_version", Text),
        ("channel", Text),
    ],
    conflict: "ON CONFLICT (id) DO UPDATE SET locating = excluded.locating, profiling = excluded.profiling, \
               marketing_push = excluded.marketing_push, at = excluded.at, text_version = excluded.text_version, \
               channel = excluded.channel",
};

pub(super) static CONSENTS: Table = Table {
    name: "consents",
    columns: &[
        ("customer", Text),
        ("locating", Int),
        ("profiling", Int),
        ("marketing_push", Int),
        ("at", Int),
        ("text_version", Text),
        ("channel", Text),
    ],
    conflict: "",
};

pub(super) static DEVICES: Table = Table {
    name: "devices",
    columns: &[
        ("id", Text),
        ("customer", Text),
        ("anonymous", Text),
        ("platform", Text),
        ("language", Text),
        ("endpoint", Text),
        ("p256dh", Text),
        ("auth", Text),
        ("created_at", Int),
    ],
    conflict: "ON CONFLICT (id) DO UPDATE SET customer = excluded.customer, anonymous = excluded.anonymous, \
               platform = excluded.platform, language = excluded.language, endpoint = excluded.endpoint, \
               p256dh = excluded.p256dh, auth = excluded.auth",
};

pub(super) static VISITS: Table = Table {
    name: "visits",
    columns: &[
        ("id", Text),
        ("store", Text),
        ("subject", Text),
        ("started", Int),
        ("last_heard", Int),
        ("ended", Int),
        ("sightings", Int),
    ],
    conflict: "ON CONFLICT (id) DO UPDATE SET last_heard = excluded.last_heard, ended = excluded.ended, \
               sightings = excluded.sightings",
};

pub(super) static PRESENCE: Table = Table {
    name: "presence",
    columns: &[
        ("visit", Text),
        ("zone", Text),
        ("since", Int),
        ("store", Text),
        ("subject", Text),
        ("kind", Text),
        ("at", Int),
        ("dwelling_at", Int),
        ("left_at", Int),
        ("probability", Real),
        ("reason", Text),
    ],
    conflict: "ON CONFLICT (visit, zone, since) DO UPDATE SET kind = excluded.kind, at = excluded.at, \
               dwelling_at = COALESCE(presence.dwelling_at, excluded.dwelling_at), \
               left_at = COALESCE(excluded.left_at, presence.left_at), probability = excluded.probability, \
               reason = excluded.reason",
};

pub(super) static COUNTS: Table = Table {
    name: "counts",
    columns: &[("store", Text), ("quarter", Int), ("zone", Text), ("kind", Text), ("n", Int)],
    conflict: "ON CONFLICT (store, quarter, zone, kind) DO UPDATE SET n = counts.n + excluded.n",
};

pub(super) static READINGS: Table = Table {
    name: "readings",
    columns: &[("store", Text), ("at", Int), ("sensor", Text), ("reading", Text)],
    conflict: "",
};

pub(super) static DECISIONS: Table = Table {
    name: "decisions",
    columns: &[
        ("id", Text),
        ("store", Text),
        ("customer", Text),
        ("at", Int),
        ("zone", Text),
        ("visit", Text),
        ("offer", Text),
        ("code", Text),
        ("holdout", Int),
        ("control", Int),
        ("shadow", Int),
        ("epoch", Int),
        ("policy", Text),
        ("body", Text),
    ],
    conflict: "ON CONFLICT DO NOTHING",
};

pub(super) static DECISION_WORDS: Table = Table {
    name: "decision_words",
    columns: &[("decision", Text), ("offer", Text), ("share", Real), ("aside", Int)],
    conflict: "ON CONFLICT DO NOTHING",
};

pub(super) static DELIVERIES: Table = Table {
    name: "deliveries",
    columns: &[
        ("id", Text),
        ("decision", Text),
        ("customer", Text),
        ("store", Text),
        ("decided_at", Int),
        ("expires_at", Int),
        ("state", Text),
        ("attempts", Int),
        ("leased_until", Int),
        ("body", Text),
    ],
    conflict: "ON CONFLICT DO NOTHING",
};

pub(super) static MESSAGE_IDS: Table =
    Table { name: "message_ids", columns: &[("id", Text), ("at", Int)], conflict: "ON CONFLICT DO NOTHING" };

pub(super) static WITHDRAWALS: Table = Table {
    name: "withdrawals",
    columns: &[("trace", Text), ("at", Int)],
    conflict: "ON CONFLICT (trace) DO UPDATE SET at = excluded.at WHERE withdrawals.at < excluded.at",
};

pub(super) static WATERMARKS: Table = Table {
    name: "watermarks",
    columns: &[("gateway", Text), ("spool", Blob), ("seq", Int), ("at", Int)],
    conflict: "ON CONFLICT (gateway, spool) DO UPDATE SET seq = excluded.seq, at = excluded.at",
};

pub(super) static WATERMARK_GAPS: Table = Table {
    name: "watermark_gaps",
    columns: &[("gateway", Text), ("spool", Blob), ("gaps", Text)],
    conflict: "ON CONFLICT (gateway, spool) DO UPDATE SET gaps = excluded.gaps",
};

pub(super) static INPUTS: Table = Table {
    name: "inputs",
    columns: &[("seq", Int), ("at", Int), ("start", Int), ("customer", Text), ("body", Text)],
    conflict: "ON CONFLICT DO NOTHING",
};

pub(super) static LEARNT: Table = Table {
    name: "learnt",
    columns: &[("which", Text), ("key", Text), ("a", Real), ("b", Real), ("at", Int)],
    conflict: "ON CONFLICT (which, key) DO UPDATE SET a = excluded.a, b = excluded.b, at = excluded.at",
};

pub(super) static EPOCHS: Table = Table {
    name: "epochs",
    columns: &[
        ("store", Text),
        ("offer", Text),
        ("epoch", Int),
        ("digest", Text),
        ("share", Real),
        ("watch", Text),
        ("started", Int),
        ("stopped", Int),
        ("why", Text),
    ],
    conflict: "ON CONFLICT (store, offer, epoch) DO UPDATE SET watch = excluded.watch, stopped = excluded.stopped, \
               why = excluded.why",
};
