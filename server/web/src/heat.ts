// The heat map's figures: asked by day, floor and hour; added up by zone. Pure but for the asking.

import { signal } from "@preact/signals";

import { shiftDate, startOfDay } from "./format";
import { ask } from "./http";
import { within } from "./plan/scale";
import type { Floor, Heat } from "./types";

/** The calendar day that is shown; none is today. */
export const heatDay = signal<string | null>(null);
/** The hour that is shown, by its beginning; none is the whole day. */
export const heatHour = signal<string | null>(null);

export type HeatAnswer = { at: "asking" } | { at: "failed"; detail: string } | { at: "known"; day: Heat; shown: Heat };

export const heat = signal<HeatAnswer>({ at: "asking" });

let asked = 0;

function address(store: string, floor: string, from: number, to: number, kind: "heat" | "heat.csv"): string {
  const query = new URLSearchParams({ floor, from: new Date(from).toISOString(), to: new Date(to).toISOString() });
  return `/api/v1/stores/${encodeURIComponent(store)}/${kind}?${query}`;
}

/** From when to when a day or one of its hours lasts. An hour is named by its beginning alone. */
export function stretchOf(date: string, hour: string | null, zone: string): { from: number; to: number } {
  if (hour !== null) return { from: Date.parse(hour), to: Date.parse(hour) + 1 };
  return { from: startOfDay(date, zone), to: startOfDay(shiftDate(date, 1), zone) };
}

/** Asks for a day and, when one is picked, an hour of it. */
export async function readHeat(store: string, floor: string, date: string, hour: string | null, zone: string): Promise<void> {
  const mine = ++asked;
  const read = (one: string | null) => {
    const { from, to } = stretchOf(date, one, zone);
    return ask<Heat>(address(store, floor, from, to, "heat"));
  };
  try {
    const [day, shown] = await Promise.all([read(null), hour === null ? null : read(hour)]);
    if (mine === asked) heat.value = { at: "known", day, shown: shown ?? day };
  } catch (error) {
    if (mine === asked) heat.value = { at: "failed", detail: error instanceof Error ? error.message : String(error) };
  }
}

/** Where the shown figures can be had as CSV. */
export function csvOf(store: string, floor: string, date: string, hour: string | null, zone: string): string {
  const { from, to } = stretchOf(date, hour, zone);
  return address(store, floor, from, to, "heat.csv");
}

export interface ZoneHeat {
  seconds: number;
  /** Cells of which something is known. */
  cells: number;
}

/** Person-seconds per zone: a cell belongs to the zones in which its middle lies. */
export function byZone(shown: Heat, floor: Floor): Map<string, ZoneHeat> {
  const sums = new Map<string, ZoneHeat>();
  for (const zone of floor.zones) {
    const inside = shown.cells.filter(([x, y]) => within([x, y], zone.polygon));
    sums.set(zone.id, { seconds: inside.reduce((sum, [, , seconds]) => sum + seconds, 0), cells: inside.length });
  }
  return sums;
}

/** An hour of the strip: its figures, or that nothing is known of it. */
export interface StripHour {
  at: string;
  /** Person-seconds; null when there were too few people. */
  seconds: number | null;
}

/** The hours between the first and the last with something, without a gap. */
export function stripOf(day: Heat): StripHour[] {
  const known = new Map(day.hours.map((hour) => [Date.parse(hour.at), hour]));
  const times = [...known.keys()];
  if (times.length === 0) return [];
  const strip: StripHour[] = [];
  for (let at = Math.min(...times); at <= Math.max(...times); at += 3_600_000) {
    const hour = known.get(at);
    strip.push({ at: hour?.at ?? new Date(at).toISOString(), seconds: hour === undefined ? 0 : hour.personSeconds });
  }
  return strip;
}
