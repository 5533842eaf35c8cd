import { describe, expect, test } from "vitest";

import { en } from "../src/lang/en";
import { it } from "../src/lang/it";
import { earns, meaning, place, short, type Speech, times, wordBrought } from "../src/meaning";
import type { Lift } from "../src/types";

const english: Speech = { words: en, tongue: "en", currency: "EUR" };
const italian: Speech = { words: it, tongue: "it", currency: "EUR" };
const LIFT: Lift = {
  since: "2026-11-22T09:00:00Z",
  treated: { n: 900, converted: 60 },
  control: { n: 100, converted: 3 },
  share: 0.9,
  sampleRatioP: 0.6,
  hidden: null,
  rateRatio: { low: 1.104, high: 2.381 },
  e: 30,
  money: null,
  enoughFrom: 20,
  verdict: "better",
};

describe("what an effect means", () => {
  test("is one plain sentence with its interval", () => {
    expect(meaning(LIFT, english)).toBe("Offers work: those who are told buy 1.1× to 2.38× as often as those who are not.");
    expect(meaning({ ...LIFT, verdict: "harm", rateRatio: { low: 0.2, high: 0.8 } }, italian)).toBe("Le offerte fanno danno: chi è avvisato compra solo da 0,2× a 0,8× rispetto a chi non lo è.");
    expect(meaning({ ...LIFT, verdict: "undecided", rateRatio: { low: 0.5, high: null } }, english)).toContain("0.5× or more as often");
    expect(short({ ...LIFT, rateRatio: { low: 0, high: 3 } }, english)).toBe("up to 3×");
  });
  test("of people's word is said in a few words, and not while little is known", () => {
    expect(wordBrought(LIFT, english)).toBe("more buyers, 1.1× to 2.38× as many");
    expect(wordBrought({ ...LIFT, verdict: "harm" }, italian)).toBe("meno acquirenti, solo da 1,1× a 2,38×");
    expect(wordBrought({ ...LIFT, verdict: "undecided" }, english)).toContain("nothing that can be told apart from chance");
    expect(wordBrought({ ...LIFT, hidden: "not-enough", rateRatio: null, verdict: "not-enough" }, english)).toBe("not enough data yet");
    expect(wordBrought({ ...LIFT, hidden: "sample-ratio", rateRatio: null }, italian)).toBe("i gruppi non tornano");
  });
  test("is never claimed while there is not enough", () => {
    const few: Lift = { ...LIFT, treated: { n: 12, converted: 1 }, control: { n: 1, converted: 0 }, hidden: "not-enough", rateRatio: null, verdict: "not-enough" };
    expect(meaning(few, english)).toBe("Not enough data yet (purchases so far in both groups together: 1). There is something to say from 20 on.");
    expect(short(few, italian)).toBe("dati ancora insufficienti");
  });
  test("an odd split hides everything and says so with its numbers", () => {
    const odd: Lift = { ...LIFT, treated: { n: 500, converted: 60 }, control: { n: 500, converted: 3 }, hidden: "sample-ratio", rateRatio: null, verdict: "undecided" };
    expect(meaning(odd, english)).toContain("500 customers were told and 500 kept back, so 50% were told where it should be 90%");
    expect(short(odd, english)).toBe("the groups do not add up");
  });
  test("money is told in the store's currency, or not at all", () => {
    expect(earns(LIFT, english)).toBeNull();
    expect(earns({ ...LIFT, money: { point: 41.2, low: -3.1, high: 79.3 } }, english)).toBe("For each customer who is told, the shop earns +€0.41 more (between -€0.03 and +€0.79).");
  });
});

describe("the drawing", () => {
  test("has just as often in the middle and its ends at sixteen times", () => {
    expect([place(1), place(16), place(1 / 16), place(4)]).toEqual([0.5, 1, 0, 0.75]);
  });
  test("keeps everything on the line, and an open end at its edge", () => {
    expect([place(1e9), place(0), place(null)]).toEqual([1, 0, 1]);
  });
  test("times are read as people write them", () => {
    expect([times(1.386, "en"), times(1.386, "it"), times(16, "en")]).toEqual(["1.39×", "1,39×", "16×"]);
  });
});
