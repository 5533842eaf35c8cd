// What is wrong in the fleet and what to do about it, worst first, each in one plain sentence. Pure.
// A box that is away explains the silence of all that hangs on it, so nothing else is said of it; a radio that hears nothing
// is a trouble of its own, and no box that is away.

import { ago, count, fill, longDate, number, percent, span } from "../format";
import type { Dictionary } from "../lang/en";
import type { FleetWords } from "../lang/en/fleet";
import type { Tongue } from "../types";
import type { Beacon, Box, Fleet, Receiver, Settings } from "./shape";

/** How much it matters: something is being missed, something soon will be, or something is worth knowing. */
export type Level = "bad" | "warn" | "note";
const LEVELS: Level[] = ["bad", "warn", "note"];
type Kind = "box" | "receiver" | "beacon";
/** A box first: on it hangs the most. */
const KINDS: Kind[] = ["box", "receiver", "beacon"];

export interface Trouble {
  level: Level;
  kind: Kind;
  /** Its name for people, such as Box till-1. */
  name: string;
  /** The box it belongs to, when it belongs to one. */
  box: string | null;
  code: string;
  wrong: string;
  todo: string;
}

export interface Tellers {
  say: FleetWords;
  words: Pick<Dictionary, "time" | "health">;
  tongue: Tongue;
  zone: string;
}

type Wrong = keyof FleetWords["wrong"];

/** Waiting for less long than this is as usual. */
const WAITING_MS = 5 * 60_000;
/** A clock that is off by more was never set. */
const UNSET_MS = 30 * 86_400_000;
/** A radio in no plan has no state of its own; it is deaf after so long. */
const DEAF_MS = 60_000;
const LOSS = 0.05;
const LOSS_OF_AT_LEAST = 200;

/** Everything that needs somebody, worst first. */
export function troubles(fleet: Fleet, tellers: Tellers): Trouble[] {
  const found = [...fleet.gateways.flatMap((box) => ofBox(box, fleet, tellers)), ...unheard(fleet, tellers), ...fleet.beacons.flatMap((beacon) => ofBeacon(beacon, fleet, tellers))];
  return found.sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
}

/** Boxes with the most urgent one first; those that were thrown out come last. */
export function worstFirst(boxes: Box[], found: Trouble[]): Box[] {
  const rank = (box: Box) => {
    if (box.state === "revoked") return LEVELS.length + 1;
    const worst = found.filter((one) => one.box === box.id).map((one) => LEVELS.indexOf(one.level));
    return Math.min(...worst, LEVELS.length);
  };
  return [...boxes].sort((a, b) => rank(a) - rank(b) || a.id.localeCompare(b.id));
}

/** Whether a receiver hears as it should. */
export const hearsWell = (receiver: Receiver) => receiver.state === "online" && receiver.condition === "well";

/** How many receivers there are, and how many of them hear well; one that two boxes hear is one. */
export function hearing(fleet: Fleet): { ok: number; n: number } {
  const all = fleet.gateways.flatMap((box) => box.receivers);
  const ids = (list: Receiver[]) => new Set(list.map(({ store, id }) => `${store ?? ""} ${id}`)).size;
  return { ok: ids(all.filter(hearsWell)), n: ids(all) + fleet.unheard.length };
}

/** Whether a beacon, tag or sensor is as it should be; a tag may be away. */
export const inOrder = (beacon: Beacon) => wrongWith(beacon) === null;

/** The share that got lost on the way from a receiver into its box; none while there is too little to say. */
export function lossOf({ heard, missed, overflowed }: Receiver): number | null {
  const all = heard + missed + overflowed;
  return all < LOSS_OF_AT_LEAST ? null : (missed + overflowed) / all;
}

/** A battery as people read it. */
export function charge(battery: NonNullable<Beacon["battery"]>, { say, tongue }: Pick<Tellers, "say" | "tongue">): string {
  if (battery.percent !== null) return percent(battery.percent / 100, tongue);
  if (battery.millivolts !== null) return fill(say.table.volts, { v: number(battery.millivolts / 1000, tongue) });
  return say.value.unknown;
}

/** Why a box did not take its settings over: the key, then the box's own words. */
export function reasonOf({ field, reason }: Settings, say: FleetWords): string {
  return [field, reason].filter((part) => part !== null && part !== "").join(": ") || say.value.unknown;
}

/** How far a box's clock is off, in words. */
export function off(offsetMs: number, { say, words }: Pick<Tellers, "say" | "words">): { t: string; way: string } {
  return { t: span(Math.abs(offsetMs), words.time), way: offsetMs > 0 ? say.ahead : say.behind };
}

/** Whether a clock is so far off that nobody can ever have set it. */
export const isUnset = ({ offsetMs }: NonNullable<Box["clock"]>) => Math.abs(offsetMs) >= UNSET_MS;

/** What was lost, in words; none when nothing was. */
export function lostOf({ sightings, readings }: Box["uplink"]["lost"], { say, tongue }: Pick<Tellers, "say" | "tongue">): string | null {
  const parts = [sightings > 0 ? fill(say.sightings, { n: count(sightings, tongue) }) : null, readings > 0 ? fill(say.readings, { n: count(readings, tongue) }) : null];
  return parts.filter((part) => part !== null).join(", ") || null;
}

/** So many batches, in words. */
export function batches(n: number, { say, tongue }: Pick<Tellers, "say" | "tongue">): string {
  return fill(n === 1 ? say.batch : say.batches, { n: count(n, tongue) });
}

function ofBox(box: Box, fleet: Fleet, tellers: Tellers): Trouble[] {
  const { say, words, tongue } = tellers;
  const found: Trouble[] = [];
  const tell = (level: Level, code: Wrong, values: Record<string, string | number> = {}) => {
    found.push({ level, kind: "box", name: fill(say.name.box, { id: box.id }), box: box.id, code, wrong: fill(say.wrong[code], values), todo: fill(say.todo[code], { id: box.id }) });
  };
  if (box.state === "revoked") return [];
  if (box.state === "never") tell("warn", "never");
  if (box.state === "offline" || box.state === "silent") tell(box.state === "offline" ? "bad" : "warn", box.state, { t: since(box.since, fleet, tellers) });
  if (box.certificate?.state === "expired") tell("bad", "certificate-over", { at: longDate(box.certificate.until, tongue, tellers.zone) });
  if (box.certificate?.state === "expiring") tell("warn", "certificate-soon", { at: longDate(box.certificate.until, tongue, tellers.zone) });
  if (box.state !== "online") return found;
  const { config, uplink, clock } = box;
  const desired = config.desired ?? "–";
  if (config.state === "refused" || config.state === "rolled-back") tell("warn", config.state, { desired, reason: reasonOf(config, say) });
  if (config.state === "pending") tell("note", "pending", { desired });
  if (uplink.oldestUnsentMs >= WAITING_MS) tell("warn", "waiting", { batches: batches(uplink.spoolBatches, tellers), age: span(uplink.oldestUnsentMs, words.time) });
  const lost = lostOf(uplink.lost, tellers);
  if (lost !== null) tell("note", "lost", { what: lost });
  // While anything waits on its disk, the gaps may still be filled from there.
  if (uplink.missing > 0 && uplink.spoolBatches === 0) tell("note", "gaps", { batches: batches(uplink.missing, tellers) });
  if (clock !== null && !clock.believed) tell("note", isUnset(clock) ? "clock-unset" : "clock", off(clock.offsetMs, tellers));
  for (const receiver of box.receivers) {
    if (receiver.kind === "radio" && isDeaf(receiver, runs(box, fleet.at), fleet)) tell("bad", "radio", { since: lastHeard(receiver.lastHeard, fleet, tellers) });
    else found.push(...ofReceiver(receiver, box.id, fleet, tellers));
  }
  return found;
}

function ofReceiver(receiver: Receiver, box: string, fleet: Fleet, tellers: Tellers): Trouble[] {
  const { say, words, tongue } = tellers;
  const shared = { kind: "receiver", name: fill(say.name.receiver, { id: receiver.id }), box } as const;
  const trouble = (level: Level, code: Wrong & keyof FleetWords["todo"], values: Record<string, string> = {}): Trouble => ({ ...shared, level, code, wrong: fill(say.wrong[code], values), todo: say.todo[code] });
  // Its box is there, so it is the receiver that is gone: its will was read.
  if (receiver.state === "offline") return [trouble("bad", "gone", { since: lastHeard(receiver.lastHeard, fleet, tellers) })];
  if (receiver.state === "silent") return [trouble("bad", "deaf", { since: lastHeard(receiver.lastHeard, fleet, tellers) })];
  if (receiver.store === null) return [trouble("note", "undeclared")];
  const { condition } = receiver;
  const found: Trouble[] = [];
  if (condition !== "well") found.push({ ...shared, level: condition === "doubtful" ? "note" : "warn", code: condition, wrong: words.health.condition[condition], todo: words.health.conditionDo[condition] });
  const loss = lossOf(receiver);
  if (loss !== null && loss >= LOSS) found.push(trouble("note", "loss", { p: percent(loss, tongue) }));
  return found;
}

/** Whether a box of the store is there: without one nobody could tell of receivers and beacons. */
const hasBox = (store: string, fleet: Fleet) => fleet.gateways.some((box) => box.state === "online" && (box.store === null || box.store === store));

/** Declared receivers of which no box tells. */
function unheard(fleet: Fleet, { say }: Tellers): Trouble[] {
  return fleet.unheard
    .filter(({ store }) => hasBox(store, fleet))
    .map(({ id }) => ({ level: "warn", kind: "receiver", name: fill(say.name.receiver, { id }), box: null, code: "unheard", wrong: say.wrong.unheard, todo: say.todo.unheard }));
}

function wrongWith(beacon: Beacon): "missing" | "unseen" | "away" | "sensor-gone" | "battery" | null {
  if (beacon.state === "offline") return "sensor-gone";
  if (beacon.state === "missing") return "missing";
  if (beacon.state === "moved") return "away";
  if (beacon.state === "never" && beacon.kind === "fixed") return "unseen";
  return beacon.battery?.low === true ? "battery" : null;
}

function ofBeacon(beacon: Beacon, fleet: Fleet, tellers: Tellers): Trouble[] {
  const { say } = tellers;
  const code = wrongWith(beacon);
  if (code === null || (code !== "battery" && !hasBox(beacon.store, fleet))) return [];
  const values = { t: since(beacon.lastHeard, fleet, tellers), v: beacon.battery === null ? say.value.unknown : charge(beacon.battery, tellers) };
  return [{ level: code === "unseen" ? "note" : "warn", kind: "beacon", name: fill(say.name[beacon.kind], { id: beacon.id }), box: null, code, wrong: fill(say.wrong[code], values), todo: say.todo[code] }];
}

/** How long a box has run, by the server's clock, in ms: its own may begin in 1970. 0 when nobody knows. */
export function runs({ startedAt, clock }: Pick<Box, "startedAt" | "clock">, at: string): number {
  return startedAt === null ? 0 : Math.max(0, new Date(at).getTime() - new Date(startedAt).getTime() - (clock?.offsetMs ?? 0));
}

/** A radio that hears nothing now, or has heard nothing since the box began. */
function isDeaf({ state, lastHeard }: Receiver, boxRuns: number, fleet: Fleet): boolean {
  const silent = lastHeard === null ? boxRuns : age(lastHeard, fleet);
  return state === "silent" || (state === "unknown" && silent >= DEAF_MS);
}

const age = (at: string, fleet: Fleet) => Math.max(0, new Date(fleet.at).getTime() - new Date(at).getTime());

function since(at: string | null, fleet: Fleet, { say, words }: Tellers): string {
  return at === null ? say.value.unknown : span(age(at, fleet), words.time);
}

function lastHeard(at: string | null, fleet: Fleet, { words }: Tellers): string {
  return at === null ? words.health.never : fill(words.health.lastHeard, { ago: ago(at, new Date(fleet.at).getTime(), words.time) });
}
