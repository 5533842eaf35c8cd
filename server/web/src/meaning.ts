// What a measured effect means, in one plain sentence, and where its interval is drawn. Pure.

import { count, fill, money, number, percent } from "./format";
import type { Dictionary } from "./lang/en";
import type { Lift, Ratio, Tongue } from "./types";

export interface Speech {
  words: Dictionary;
  tongue: Tongue;
  currency: string;
}

/** The ends of the drawing: a sixteenth and sixteen times as often. */
export const RATIO_MAX = 16;
/** The marks under it. */
export const MARKS = [1 / 16, 1 / 4, 1, 4, 16];

/** Where a ratio is drawn, from 0 to 1; 1× is in the middle. No end is at the right edge. */
export function place(ratio: number | null): number {
  if (ratio === null) return 1;
  const at = 0.5 + Math.log(Math.max(ratio, 1e-9)) / (2 * Math.log(RATIO_MAX));
  return Math.min(1, Math.max(0, at));
}

/** A ratio as people say it, such as 1.4×. */
export function times(ratio: number, tongue: Tongue): string {
  const digits = ratio < 10 ? 2 : 0;
  return `${number(ratio, tongue, { maximumFractionDigits: digits })}×`;
}

/** From where to where a ratio lies, such as 1.1× to 2.4×; an open end is said. */
export function range({ low, high }: Ratio, { words, tongue }: Speech): string {
  const say = words.effect;
  if (high !== null && low === 0) return fill(say.rangeTo, { high: times(high, tongue) });
  if (high === null) return fill(say.rangeFrom, { low: times(low, tongue) });
  return fill(say.range, { low: times(low, tongue), high: times(high, tongue) });
}

/** The state of the measurement in a few words, for a list. */
export function short(lift: Lift, speech: Speech): string {
  const say = speech.words.effect;
  if (lift.hidden === "sample-ratio") return say.alarmShort;
  if (lift.rateRatio === null || lift.verdict === "not-enough") return say.notEnoughShort;
  return range(lift.rateRatio, speech);
}

/** What people's weight or pin of an offer brought, in a few words. */
export function wordBrought(lift: Lift, speech: Speech): string {
  const say = speech.words.effect;
  if (lift.hidden === "sample-ratio") return say.alarmShort;
  if (lift.rateRatio === null || lift.verdict === "not-enough") return say.notEnoughShort;
  const sentence = { undecided: say.wordUndecided, better: say.wordMore, harm: say.wordLess }[lift.verdict];
  return fill(sentence, { range: range(lift.rateRatio, speech) });
}

/** What it means, in one plain sentence. */
export function meaning(lift: Lift, speech: Speech): string {
  const { words, tongue } = speech;
  const say = words.effect;
  const whole = (n: number) => count(n, tongue);
  if (lift.hidden === "sample-ratio") {
    const all = lift.treated.n + lift.control.n;
    return fill(say.alarm, { told: whole(lift.treated.n), kept: whole(lift.control.n), share: percent(lift.share, tongue), is: percent(all === 0 ? 0 : lift.treated.n / all, tongue) });
  }
  if (lift.rateRatio === null || lift.verdict === "not-enough") {
    return fill(say.notEnough, { n: whole(lift.treated.converted + lift.control.converted), min: whole(lift.enoughFrom) });
  }
  const sentence = { undecided: say.undecided, better: say.better, harm: say.harm }[lift.verdict];
  return fill(sentence, { range: range(lift.rateRatio, speech) });
}

/** What the shop earns by it, in one sentence; none while money can't be said. */
export function earns(lift: Lift, speech: Speech): string | null {
  if (lift.money === null) return null;
  const { point, low, high } = lift.money;
  const cents = (n: number) => money(n, speech, true);
  return fill(speech.words.effect.money, { point: cents(point), low: cents(low), high: cents(high) });
}
