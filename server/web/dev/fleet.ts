// The fleet of the little shop: one box that is well, one whose radio is deaf, one that is gone, and what hangs on them.

import type { Beacon, Box, Fleet, Receiver } from "../src/fleet/shape";
import { PLAN, STORE } from "./world.ts";

const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();
const later = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

const receiver = (id: string, n: number): Receiver => ({
  id,
  store: STORE.id,
  kind: id.split("-")[0] ?? "",
  state: n === 5 ? "silent" : "online",
  condition: n === 2 ? "moved" : "well",
  conditionSince: n === 2 ? ago(900) : null,
  lastHeard: ago(n === 5 ? 320 : 0.4),
  advertsPerS: n === 5 ? 0 : 9.4 + n * 1.7,
  heard: 40_211,
  missed: n === 3 ? 4_012 : 12,
  overflowed: 0,
});

const box = (id: string, more: Partial<Box>): Box => ({
  id,
  store: STORE.id,
  state: "online",
  since: ago(31_000),
  lastSeen: ago(1),
  version: "0.1.0",
  startedAt: ago(31_002),
  adapters: ["hci0"],
  privacy: "count",
  certificate: { state: "valid", until: later(71) },
  config: { state: "applied", desired: 12, inForce: 12, field: null, reason: null, at: ago(4_000) },
  uplink: { spoolBatches: 1, spoolBytes: 2_480, oldestUnsentMs: 240, backlog: 0, advertsHeard: 812_345, sightingsSent: 90_211, sightingsTaken: 90_180, lost: { sightings: 0, readings: 0 }, dropped: [{ code: "companion", count: 1_200 }], refused: [], missing: 0 },
  clock: { offsetMs: -120, believed: true },
  receivers: [],
  ...more,
});

const beacon = (id: string, kind: Beacon["kind"], state: Beacon["state"], millivolts: number, low = false): Beacon => ({
  id,
  store: STORE.id,
  kind,
  state,
  lastHeard: state === "never" ? null : ago(state === "heard" ? 3 : 9_000),
  lastReceiver: state === "never" ? null : "esp-1",
  battery: { percent: null, millivolts, low, at: ago(300) },
});

export function fleet(): Fleet {
  const all = PLAN.receivers.map((one, n) => receiver(one.id, n));
  const radio: Receiver = { ...receiver("box-2-radio", 5), kind: "radio", lastHeard: ago(700) };
  return {
    at: new Date().toISOString(),
    gateways: [
      box("box-1", { receivers: all.slice(0, 7) }),
      box("box-2", {
        receivers: [radio],
        config: { state: "rolled-back", desired: 12, inForce: 11, field: null, reason: "2 receivers were not heard any more: wine, bakery", at: ago(1_200) },
        uplink: { ...box("", {}).uplink, spoolBatches: 4_211, spoolBytes: 18_400_000, oldestUnsentMs: 5_400_000, backlog: 4_200, lost: { sightings: 120, readings: 0 }, missing: 20 },
        clock: { offsetMs: 1_790_000_000_000, believed: false },
      }),
      box("box-3", { state: "offline", since: ago(8_000), lastSeen: ago(8_000), certificate: { state: "expiring", until: later(4) } }),
      box("box-4", { state: "never", since: null, lastSeen: null, version: null, startedAt: null, certificate: null, clock: null, adapters: [], privacy: null }),
      box("box-old", { state: "revoked", since: ago(400_000), certificate: { state: "revoked", until: later(20) } }),
    ],
    unheard: [{ id: "theengs-8", store: STORE.id }],
    beacons: [beacon("shelf-1", "fixed", "heard", 2_870), beacon("shelf-2", "fixed", "heard", 2_310, true), beacon("shelf-3", "fixed", "missing", 2_600), beacon("door", "fixed", "moved", 2_900), beacon("cart-4", "tag", "away", 3_010), beacon("cart-5", "tag", "heard", 3_010)],
  };
}
