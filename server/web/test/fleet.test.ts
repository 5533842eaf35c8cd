import { describe, expect, test } from "vitest";

import type { Beacon, Box, Fleet, Receiver } from "../src/fleet/shape";
import { ofStore } from "../src/fleet/shape";
import { hearing, hearsWell, inOrder, lossOf, runs, type Tellers, troubles, worstFirst } from "../src/fleet/troubles";
import { en as english } from "../src/lang/en";
import { fleet as en } from "../src/lang/en/fleet";
import { it as italian } from "../src/lang/it";
import { fleet as it } from "../src/lang/it/fleet";

const AT = "2026-11-22T17:40:00.000Z";
const before = (seconds: number) => new Date(Date.parse(AT) - seconds * 1_000).toISOString();
const EN: Tellers = { say: en, words: english, tongue: "en", zone: "Europe/Rome" };
const IT: Tellers = { say: it, words: italian, tongue: "it", zone: "Europe/Rome" };

const RECEIVER: Receiver = { id: "wine", store: "milano", kind: "espresense", state: "online", condition: "well", conditionSince: null, lastHeard: before(1), advertsPerS: 11.4, heard: 40_211, missed: 12, overflowed: 0 };
const BOX: Box = {
  id: "gw-1",
  store: "milano",
  state: "online",
  since: before(36_000),
  lastSeen: before(1),
  version: "0.1.0",
  startedAt: before(36_002),
  adapters: ["hci0"],
  privacy: "count",
  certificate: { state: "valid", until: "2027-02-20T08:00:00.000Z" },
  config: { state: "applied", desired: 12, inForce: 12, field: null, reason: null, at: before(60) },
  uplink: { spoolBatches: 3, spoolBytes: 20_480, oldestUnsentMs: 900, backlog: 0, advertsHeard: 812_345, sightingsSent: 90_211, sightingsTaken: 90_180, lost: { sightings: 0, readings: 0 }, dropped: [{ code: "companion", count: 1_200 }], refused: [], missing: 0 },
  clock: { offsetMs: -120, believed: true },
  receivers: [RECEIVER],
};
const BEACON: Beacon = { id: "shelf-1", store: "milano", kind: "fixed", state: "heard", lastHeard: before(40), lastReceiver: "wine", battery: { percent: null, millivolts: 2_870, low: false, at: before(300) } };
const FLEET: Fleet = { at: AT, gateways: [BOX], unheard: [], beacons: [BEACON] };

const told = (fleet: Partial<Fleet>, tellers = EN) => troubles({ ...FLEET, ...fleet }, tellers).map((one) => `${one.level}: ${one.name} ${one.wrong}`);
const box = (more: Partial<Box>, tellers = EN) => told({ gateways: [{ ...BOX, ...more }] }, tellers);
const receiver = (more: Partial<Receiver>) => box({ receivers: [{ ...RECEIVER, ...more }] });

test("a fleet that is well needs nobody", () => {
  expect(told({})).toEqual([]);
});

describe("a box tells what is wrong with it", () => {
  test.each<[Partial<Box>, string]>([
    [{ state: "never", since: null }, "warn: Box gw-1 has been let in, and never reported"],
    [{ state: "offline", since: before(7_500) }, "bad: Box gw-1 has been offline for 2 h 5 min"],
    [{ state: "silent", since: before(42) }, "warn: Box gw-1 has said nothing for 42 s"],
    [{ certificate: { state: "expired", until: "2026-11-20T08:00:00Z" } }, "bad: Box gw-1 has a certificate that ran out on 20 Nov 2026"],
    [{ certificate: { state: "expiring", until: "2026-11-24T08:00:00Z" } }, "warn: Box gw-1 has a certificate that runs out on 24 Nov 2026, and its renewal is overdue"],
    [{ config: { ...BOX.config, state: "refused", desired: 13, field: "spool.bytes_max", reason: "must be at least 1 MB" } }, "warn: Box gw-1 refused its new settings (version 13): spool.bytes_max: must be at least 1 MB"],
    [{ config: { ...BOX.config, state: "rolled-back", desired: 13, reason: "2 receivers were not heard any more" } }, "warn: Box gw-1 took its new settings (version 13) back: 2 receivers were not heard any more"],
    [{ config: { ...BOX.config, state: "pending", desired: 13, at: null } }, "note: Box gw-1 has not answered to its new settings yet (version 13)"],
    [{ uplink: { ...BOX.uplink, spoolBatches: 4_211, oldestUnsentMs: 5_400_000 } }, "warn: Box gw-1 keeps 4,211 batches on its disk, the oldest for 1 h 30 min"],
    [{ uplink: { ...BOX.uplink, lost: { sightings: 1_200, readings: 3 } } }, "note: Box gw-1 lost what it had heard: 1,200 sightings, 3 sensor readings"],
    [{ uplink: { ...BOX.uplink, spoolBatches: 0, missing: 20 } }, "note: Box gw-1 no longer has 20 batches for which the server waits"],
    [{ uplink: { ...BOX.uplink, spoolBatches: 0, missing: 1 } }, "note: Box gw-1 no longer has 1 batch for which the server waits"],
    [{ clock: { offsetMs: 130_000, believed: false } }, "note: Box gw-1 has a clock that is 2 min 10 s fast"],
    [{ clock: { offsetMs: -130_000, believed: false } }, "note: Box gw-1 has a clock that is 2 min 10 s slow"],
    [{ clock: { offsetMs: -1_790_000_000_000, believed: false } }, "note: Box gw-1 does not know what time it is"],
  ])("%o", (more, sentence) => {
    expect(box(more)).toEqual([sentence]);
  });

  test("what is as usual is no trouble: a short wait, a gap that the disk still fills, settings that are being tried, a clock that is seconds off, one that was thrown out", () => {
    expect(box({ uplink: { ...BOX.uplink, spoolBatches: 40, oldestUnsentMs: 20_000 } })).toEqual([]);
    expect(box({ uplink: { ...BOX.uplink, spoolBatches: 40, missing: 20 } })).toEqual([]);
    expect(box({ config: { ...BOX.config, state: "trying", desired: 13 } })).toEqual([]);
    expect(box({ clock: { offsetMs: 3_000, believed: true } })).toEqual([]);
    expect(box({ state: "revoked", certificate: { state: "revoked", until: AT } })).toEqual([]);
  });

  test("in Italian too", () => {
    expect(box({ state: "offline", since: before(200_000) }, IT)).toEqual(["bad: Centralina gw-1 non è in linea da 2 giorni"]);
    expect(box({ clock: { offsetMs: -130_000, believed: false } }, IT)).toEqual(["note: Centralina gw-1 ha l’orologio indietro di 2 min 10 s"]);
  });
});

test("a radio that hears nothing is a trouble of a box that is there, and no box that is away", () => {
  const radio: Receiver = { ...RECEIVER, id: "gw-1-radio", kind: "radio", state: "silent", lastHeard: before(120) };
  const sentence = "bad: Box gw-1 is online, but its own radio hears nothing (last heard 2 min ago)";
  expect(box({ receivers: [radio] })).toEqual([sentence]);
  // One that stands in no plan is known by its box alone.
  expect(box({ receivers: [{ ...radio, state: "unknown", store: null }] })).toEqual([sentence]);
  // One that never heard anything is dead too, once the box has run for a while.
  const dead: Receiver = { ...radio, state: "unknown", store: null, lastHeard: null };
  expect(box({ receivers: [dead] })).toEqual(["bad: Box gw-1 is online, but its own radio hears nothing (never heard)"]);
  expect(box({ receivers: [dead], startedAt: before(20) })).toEqual(["note: Receiver gw-1-radio is in no shop’s file"]);
});

test("a box that began in 1970 has run for as long as it has run", () => {
  const startedAt = "1970-01-01T00:00:10.000Z";
  const offsetMs = Date.parse(before(600)) - Date.parse(startedAt);
  expect(runs({ startedAt, clock: { offsetMs, believed: false } }, AT)).toBe(600_000);
  expect(runs({ startedAt: before(-3_600), clock: { offsetMs: -3_660_000, believed: true } }, AT)).toBe(60_000);
});

test("a box that is away explains the silence of all that hangs on it", () => {
  const away = { state: "offline", since: before(90), receivers: [{ ...RECEIVER, state: "offline" }, { ...RECEIVER, id: "bakery", condition: "dead" }] } satisfies Partial<Box>;
  const fleet: Partial<Fleet> = { gateways: [{ ...BOX, ...away }], unheard: [{ id: "till", store: "milano" }], beacons: [{ ...BEACON, state: "missing" }] };
  expect(told(fleet)).toEqual(["bad: Box gw-1 has been offline for 1 min 30 s"]);
});

describe("a receiver tells what is wrong with it", () => {
  test.each<[Partial<Receiver>, string[]]>([
    [{ state: "offline", lastHeard: before(180) }, ["bad: Receiver wine is offline (last heard 3 min ago)"]],
    [{ state: "silent", lastHeard: before(180) }, ["bad: Receiver wine hears nothing (last heard 3 min ago)"]],
    [{ condition: "dead" }, ["warn: Receiver wine hears nobody, though others beside it do"]],
    [{ condition: "doubtful" }, ["note: Receiver wine hears oddly"]],
    [{ store: null }, ["note: Receiver wine is in no shop’s file"]],
    [{ missed: 4_000, overflowed: 500 }, ["note: Receiver wine loses 10% of what it hears"]],
    [{ heard: 10, missed: 9 }, []],
  ])("%o", (more, sentences) => {
    expect(receiver(more)).toEqual(sentences);
  });

  test("one that is declared and of which no box tells is named", () => {
    expect(told({ unheard: [{ id: "till", store: "milano" }] })).toEqual(["warn: Receiver till is in the shop’s file, and no box hears of it"]);
  });

  test("one that two boxes hear is counted once", () => {
    const away: Receiver = { ...RECEIVER, state: "offline" };
    const fleet: Fleet = { ...FLEET, gateways: [BOX, { ...BOX, id: "gw-2", receivers: [away, { ...away, id: "till" }] }], unheard: [{ id: "bakery", store: "milano" }] };
    expect(hearing(fleet)).toEqual({ ok: 1, n: 3 });
  });

  test("its loss counts what never came and what had no room", () => {
    expect(lossOf({ ...RECEIVER, heard: 900, missed: 60, overflowed: 40 })).toBeCloseTo(0.1);
    expect([hearsWell(RECEIVER), hearsWell({ ...RECEIVER, state: "silent" }), hearsWell({ ...RECEIVER, condition: "moved" })]).toEqual([true, false, false]);
  });
});

describe("a beacon tells what is wrong with it", () => {
  test.each<[Partial<Beacon>, string[]]>([
    [{ state: "missing", lastHeard: before(3_600) }, ["warn: Beacon shelf-1 has not been heard for 1 h"]],
    [{ state: "moved" }, ["warn: Beacon shelf-1 seems to be far from its place"]],
    [{ state: "never", lastHeard: null, battery: null }, ["note: Beacon shelf-1 has never been heard"]],
    [{ battery: { percent: 12, millivolts: 2_300, low: true, at: AT } }, ["warn: Beacon shelf-1 has a nearly empty battery (12%)"]],
    [{ kind: "sensor", battery: { percent: null, millivolts: 2_310, low: true, at: AT } }, ["warn: Sensor shelf-1 has a nearly empty battery (2.31 V)"]],
    [{ kind: "tag", state: "away" }, []],
    [{ kind: "tag", state: "never" }, []],
  ])("%o", (more, sentences) => {
    const beacon = { ...BEACON, ...more };
    expect(told({ beacons: [beacon] })).toEqual(sentences);
    expect(inOrder(beacon)).toBe(sentences.length === 0);
  });
});

test("the worst comes first, among troubles and among boxes", () => {
  const boxes: Box[] = [
    { ...BOX, id: "a-old", state: "revoked" },
    { ...BOX, id: "b-well" },
    { ...BOX, id: "c-odd", clock: { offsetMs: 9_000, believed: false } },
    { ...BOX, id: "d-gone", state: "offline" },
  ];
  const found = troubles({ ...FLEET, gateways: boxes, beacons: [{ ...BEACON, state: "moved" }] }, EN);
  expect(found.map((one) => one.level)).toEqual(["bad", "warn", "note"]);
  expect(worstFirst(boxes, found).map((one) => one.id)).toEqual(["d-gone", "c-odd", "b-well", "a-old"]);
});

test("every trouble says what to do, and names the box where it tells a command", () => {
  const found = troubles({ ...FLEET, gateways: [{ ...BOX, state: "never" }] }, EN);
  expect(found[0]?.todo).toContain("attimo-server gateway token gw-1");
  for (const say of [en, it]) expect(Object.keys(say.wrong).sort()).toEqual(Object.keys(say.todo).sort());
});

test("a store is shown its own, and what has not said where it belongs", () => {
  const mixed: Fleet = { ...FLEET, gateways: [BOX, { ...BOX, id: "other", store: "roma" }, { ...BOX, id: "new", store: null }], unheard: [{ id: "x", store: "roma" }], beacons: [{ ...BEACON, store: "roma" }] };
  const shown = ofStore(mixed, "milano");
  expect([shown.gateways.map((one) => one.id), shown.unheard, shown.beacons]).toEqual([["gw-1", "new"], [], []]);
});
