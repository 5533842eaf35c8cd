// The shape of the server's answer about the fleet. Times are RFC 3339; counts are since the start of the box, or of the
// server where it counts.

import type { Condition } from "../types";

export interface Fleet {
  at: string;
  gateways: Box[];
  /** Declared receivers of which no box tells. */
  unheard: { id: string; store: string }[];
  beacons: Beacon[];
}

export type BoxState = "online" | "silent" | "offline" | "never" | "revoked";

export interface Box {
  id: string;
  /** Its store; none while it has not said so. */
  store: string | null;
  state: BoxState;
  since: string | null;
  lastSeen: string | null;
  version: string | null;
  startedAt: string | null;
  adapters: string[];
  /** What it keeps of people who gave no consent; none when it does not say. */
  privacy: "count" | "day" | null;
  certificate: { state: "valid" | "expiring" | "expired" | "revoked"; until: string } | null;
  config: Settings;
  uplink: Uplink;
  /** The box's clock less the server's, and whether its times are taken as they are. */
  clock: { offsetMs: number; believed: boolean } | null;
  receivers: Receiver[];
}

/** What was set from afar and what the box made of it. */
export interface Settings {
  state: "none" | "pending" | "trying" | "applied" | "refused" | "rolled-back";
  desired: number | null;
  inForce: number | null;
  field: string | null;
  reason: string | null;
  at: string | null;
}

export interface Count {
  code: string;
  count: number;
}

export interface Uplink {
  spoolBatches: number;
  spoolBytes: number;
  oldestUnsentMs: number;
  backlog: number;
  advertsHeard: number;
  sightingsSent: number;
  sightingsTaken: number;
  lost: { sightings: number; readings: number };
  dropped: Count[];
  refused: Count[];
  /** Batches that the server still waits for. */
  missing: number;
}

export interface Receiver {
  id: string;
  /** None while it is in no shop's file. */
  store: string | null;
  /** `radio` is the box's own. */
  kind: string;
  state: "online" | "silent" | "offline" | "unknown";
  condition: Condition;
  conditionSince: string | null;
  lastHeard: string | null;
  advertsPerS: number;
  heard: number;
  missed: number;
  overflowed: number;
}

export interface Beacon {
  id: string;
  store: string;
  kind: "fixed" | "tag" | "sensor";
  state: "never" | "heard" | "missing" | "away" | "moved" | "offline";
  lastHeard: string | null;
  lastReceiver: string | null;
  battery: { percent: number | null; millivolts: number | null; low: boolean; at: string } | null;
}

/** What of the fleet belongs to a store; what has not said where it belongs is shown everywhere. */
export function ofStore(fleet: Fleet, store: string): Fleet {
  const here = (one: { store: string | null }) => one.store === null || one.store === store;
  return { ...fleet, gateways: fleet.gateways.filter(here), unheard: fleet.unheard.filter(here), beacons: fleet.beacons.filter(here) };
}
