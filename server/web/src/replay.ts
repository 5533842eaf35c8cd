// Looking back: the frames that the server kept, played at some speed. Pure but for the asking.

import { signal } from "@preact/signals";

import { ask } from "./http";
import type { Dot, Frame, Now, People, Plan, Replay } from "./types";

export const SPEEDS = [1, 10, 60];

/** Where we look back to; none while the plan shows what happens now. */
export interface Back {
  /** Milliseconds since 1970. */
  at: number;
  playing: boolean;
}

/** From when to when frames are kept; none while there are none. */
export interface Span {
  oldest: number;
  newest: number;
}

export const back = signal<Back | null>(null);
export const speed = signal(1);
export const span = signal<Span | null>(null);
/** What was read of the server; frames oldest first. */
export const tape = signal<Tape | null>(null);
/** Why the last reading failed; none when it did not. */
export const failure = signal<string | null>(null);

export interface Tape {
  from: number;
  to: number;
  step: number;
  replay: Replay;
}

/** Seconds between two frames as the server keeps them. */
export const EVERY_S = 2;
/** Frames read at once. */
const FRAMES = 150;
/** A frame that is older than so many steps is not the picture of this moment any more. */
const STALE_STEPS = 3;

/** Seconds between frames at a speed: no more than five pictures a second. */
export function stepFor(times: number): number {
  return Math.max(EVERY_S, Math.round(times / 5));
}

/** The stretch to read around a moment: a little before it, most of it after. */
export function stretchFor(at: number, step: number): { from: number; to: number } {
  const length = FRAMES * step * 1_000;
  return { from: at - length / 5, to: at + (length * 4) / 5 };
}

/** Whether what was read covers a moment, with something left to play. */
export function covers(read: Tape | null, at: number, step: number, newest: number): boolean {
  if (read === null || read.step !== step || at < read.from) return false;
  const ahead = Math.min(at + 20 * step * 1_000, newest);
  return ahead <= read.to;
}

/** The last frame at or before a moment; none when there is no fresh one. */
export function frameAt(frames: Frame[], at: number, step: number): Frame | null {
  let [low, high] = [0, frames.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Date.parse(frames[middle]?.at ?? "") <= at) low = middle + 1;
    else high = middle;
  }
  const frame = frames[low - 1];
  return frame !== undefined && at - Date.parse(frame.at) <= STALE_STEPS * step * 1_000 ? frame : null;
}

const KINDS = ["customer", "tag", "anonymous"] as const;

/** A frame in the shape of a live picture, as far as it goes: nobody has a name, and equipment is not part of it. */
export function pictureOf(frame: Frame, replay: Replay): Now {
  const [identified, tags, anonymous] = frame.people;
  const zones = frame.zones.map(([zone, total]) => ({ zone: replay.zones[zone] ?? "", ...nobody, total }));
  const dots = frame.dots.map(([floor, kind, x, y, major, minor, degrees], n): Dot => {
    const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    const [a, b] = [major * major, minor * minor];
    return {
      subject: `frame:${n}`,
      kind: KINDS[kind] ?? "anonymous",
      floor: replay.floors[floor] ?? "",
      x,
      y,
      uncertaintyM: Math.hypot(major, minor),
      zone: null,
      probability: 0,
      runnerUp: null,
      spread: [a * cos * cos + b * sin * sin, (a - b) * sin * cos, a * sin * sin + b * cos * cos],
      at: frame.at,
    };
  });
  const people: People = { total: identified + tags + anonymous, identified, tags, anonymous };
  return { at: frame.at, people, zones, dots, receivers: [], gateways: [], sensors: [], decisions: [], door: { entered: 0, left: 0 } };
}

const nobody: People = { total: 0, identified: 0, tags: 0, anonymous: 0 };

/** Whether a floor had too few people in a frame to keep their places. */
export function isThin(frame: Frame, replay: Replay, floor: string): boolean {
  return frame.thin.some((index) => replay.floors[index] === floor);
}

/** Zones that a plan does not have any more are nobody's business here. */
export function shownOf(picture: Now, plan: Plan): Now {
  const known = new Set(plan.floors.flatMap((floor) => floor.zones.map((zone) => zone.id)));
  return { ...picture, zones: picture.zones.filter((entry) => known.has(entry.zone)) };
}

let asked = 0;

/** Learns from when to when there is something to see. */
export async function learnSpan(store: string): Promise<void> {
  const answer = await ask<Replay>(`/api/v1/stores/${encodeURIComponent(store)}/replay`).catch(() => null);
  if (answer === null) return;
  const [oldest, newest] = [answer.oldest, answer.newest].map((text) => Date.parse(text ?? ""));
  span.value = oldest === undefined || newest === undefined || Number.isNaN(oldest + newest) ? null : { oldest, newest };
}

/** Reads the stretch around a moment; an answer that comes after a newer question is dropped. */
export async function readAround(store: string, at: number, step: number): Promise<void> {
  const mine = ++asked;
  const { from, to } = stretchFor(at, step);
  const query = new URLSearchParams({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
  // The finest step is that of the frames themselves, whose clock is not exact to the millisecond.
  if (step > EVERY_S) query.set("step", String(step));
  try {
    const replay = await ask<Replay>(`/api/v1/stores/${encodeURIComponent(store)}/replay?${query}`);
    if (mine !== asked) return;
    // What lies after the newest frame may come yet, so it does not count as read.
    const newest = Date.parse(replay.newest ?? "");
    tape.value = { from, to: Number.isNaN(newest) ? to : Math.min(to, newest), step, replay };
    failure.value = null;
    if (!Number.isNaN(newest) && span.value !== null) span.value = { oldest: Date.parse(replay.oldest ?? "") || span.value.oldest, newest };
  } catch (error) {
    if (mine === asked) failure.value = error instanceof Error ? error.message : String(error);
  }
}

/** Back to what happens now. */
export function goLive(): void {
  asked += 1;
  back.value = null;
  failure.value = null;
}

/** Looks at a moment, within what there is. */
export function lookAt(at: number, playing = back.value?.playing ?? false): void {
  const known = span.value;
  if (known === null) return;
  back.value = { at: Math.min(Math.max(at, known.oldest), known.newest), playing };
}

/** Moves on by what has passed at the speed chosen, if it plays; at the end it is now again. */
export function playOn(passedMs: number): void {
  const [looking, known] = [back.value, span.value];
  // Somebody may have paused and the timer not yet be cleared: to move on then would play again.
  if (looking === null || known === null || !looking.playing) return;
  const at = looking.at + passedMs * speed.value;
  if (at >= known.newest) goLive();
  else lookAt(at, true);
}
