// What a measured effect means, in one plain sentence, and where its interval is drawn. Pure.

import { count, money, percent } from "./format";
import type { Dictionary } from "./lang/en";
import type { Lift, Tongue } from "./types";

export interface Speech {
  words: Dictionary;
  tongue: Tongue;
  currency: string;
}

/** The ends of the drawing: a sixteenth and sixteen times as often. */
export const RATIO_MAX = 16;
/** The marks under it. */
export const MARKS = [1 / 16, 1 / 4, 1, 4, 16];

/** Where a ratio is drawn, from 0 to 1; 1× is in the middle. No end is at the edge. */
export function place(ratio: number | null, otherwise: number): number {
  if (ratio === null) return otherwise;
  const at = 0.5 + Math.log(Math.max(ratio, 1e-9)) / (2 * Math.log(RATIO_MAX));
  return Math.min(1, Math.max(0, at));
}

/** A ratio as people say it, such as 1.4×. */
export function times(ratio: number, tongue: Tongue): string {
  const digits = ratio < 10 ? 2 : 0;
  return `${new Intl.NumberFormat(tongue === "it" ? "it-IT" : "en-GB", { maximumFractionDigits: digits }).format(ratio)}×`;
}

/** From where to where the ratio lies, such as 1.1× to 2.4×; an open end is said. */
export function range(lift: Lift, { words, tongue }: Speech): string {
  const { low, high } = lift.rateRatio ?? { low: null, high: null };
  const say = words.effect;
  if (low === null && high === null) return say.rangeOpen;
  if (low === null) return put(say.rangeTo, { high: times(high ?? 0, tongue) });
  if (high === null) return put(say.rangeFrom, { low: times(low, tongue) });
  return put(say.range, { low: times(low, tongue), high: times(high, tongue) });
}

/** The state of the measurement in a few words, for a list. */
export function short(lift: Lift, speech: Speech): string {
  const say = speech.words.effect;
  if (lift.hidden === "sample-ratio") return say.alarmShort;
  if (lift.hidden === "not-enough" || lift.verdict === "not-enough") return say.notEnoughShort;
  return range(lift, speech);
}

/** What it means, in one plain sentence. */
export function meaning(lift: Lift, speech: Speech): string {
  const { words, tongue } = speech;
  const say = words.effect;
  const number = (n: number) => count(n, tongue);
  if (lift.hidden === "sample-ratio") {
    const all = lift.treated.n + lift.control.n;
    return put(say.alarm, { told: number(lift.treated.n), kept: number(lift.control.n), share: percent(lift.share, tongue), is: percent(all === 0 ? 0 : lift.treated.n / all, tongue) });
  }
  if (lift.hidden === "not-enough" || lift.verdict === "not-enough") {
    return put(say.notEnough, { n: number(lift.treated.converted + lift.control.converted), min: number(lift.enoughFrom) });
  }
  const sentence = { undecided: say.undecided, better: say.better, harm: say.harm }[lift.verdict];
  return put(sentence, { range: range(lift, speech) });
}

/** What the shop earns by it, in one sentence; none while money can't be said. */
export function earns(lift: Lift, { words, tongue, currency }: Speech): string | null {
  if (lift.money === null) return null;
  const { point, low, high } = lift.money;
  const cents = (n: number) => money(n, tongue, currency, true);
  return put(words.effect.money, { point: cents(point), low: cents(low), high: cents(high) });
}

function put(text: string, values: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole);
}
