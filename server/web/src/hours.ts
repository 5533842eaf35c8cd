// Which hours of a day are worth drawing. Pure.

import type { Today } from "./types";

type Hour = Today["hourly"][number];

const SHOWN_MIN = 12;

/** The hours in which something happened with one on either side, never fewer than twelve, and never a gap. */
export function busyPart(hourly: Hour[]): Hour[] {
  const busy = hourly.flatMap((one, index) => (one.footfall > 0 || one.visits > 0 ? [index] : []));
  const first = busy[0];
  const last = busy.at(-1);
  if (first === undefined || last === undefined) return hourly;
  let from = Math.max(0, first - 1);
  let to = Math.min(hourly.length, last + 2);
  while (to - from < SHOWN_MIN && (from > 0 || to < hourly.length)) {
    from = Math.max(0, from - 1);
    to = Math.min(hourly.length, to + 1);
  }
  return hourly.slice(from, to);
}
