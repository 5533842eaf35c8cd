// What somebody says about an offer: the steps of its weight, and the word in words. Pure.

import { fill, number } from "./format";
import type { Dictionary } from "./lang/en";
import type { Lever, Tongue } from "./types";

/** The weights that can be chosen; the middle one leaves an offer as it is. */
export const WEIGHTS = [0.2, 0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5];

/** As if nobody had said anything. */
export const USUAL: Lever = { weight: 1, pin: false, ban: false, approved: true };

/** The step nearest to a weight, as people see it: by how many times. */
export function step(weight: number): number {
  const far = (index: number) => Math.abs(Math.log((WEIGHTS[index] ?? 1) / weight));
  return WEIGHTS.reduce((best, _, index) => (far(index) < far(best) ? index : best), 0);
}

/** Whether two words say the same. */
export function same(a: Lever, b: Lever): boolean {
  return a.weight === b.weight && a.pin === b.pin && a.ban === b.ban && a.approved === b.approved;
}

/** A weight as people write it. */
export function weight(value: number, tongue: Tongue): string {
  return number(value, tongue);
}

/** What a word says, in words: only what is not as usual. */
export function told(word: Lever, words: Dictionary, tongue: Tongue): string {
  const say = words.offers;
  const parts = [
    word.ban ? say.wordBanned : null,
    word.approved ? null : say.wordUnapproved,
    word.pin ? say.wordPinned : null,
    word.weight === 1 ? null : fill(say.wordWeight, { n: weight(word.weight, tongue) }),
  ].filter((part) => part !== null);
  return parts.length === 0 ? say.wordUsual : parts.join(", ");
}
