import { describe, expect, test } from "vitest";

import { feature } from "../src/explain";
import { en } from "../src/lang/en";
import { it } from "../src/lang/it";
import { same, step, told, USUAL, weight, WEIGHTS } from "../src/lever";

describe("a weight", () => {
  test("as usual is in the middle, and every step is within what the server takes", () => {
    expect(WEIGHTS[(WEIGHTS.length - 1) / 2]).toBe(1);
    expect([Math.min(...WEIGHTS), Math.max(...WEIGHTS)]).toEqual([0.2, 5]);
    for (const [index, value] of WEIGHTS.entries()) expect(step(value)).toBe(index);
  });
  test("one that was said elsewhere is shown at its nearest step", () => {
    expect([WEIGHTS[step(1.55)], WEIGHTS[step(0.21)], WEIGHTS[step(9)]]).toEqual([1.5, 0.2, 5]);
    expect(weight(1.55, "it")).toBe("1,55");
  });
});

describe("a word", () => {
  test("tells only what is not as usual", () => {
    expect(told(USUAL, en, "en")).toBe("as usual");
    expect(told({ ...USUAL, weight: 1.5, pin: true }, en, "en")).toBe("first of all, weight 1.5×");
    expect(told({ ...USUAL, ban: true, approved: false }, it, "it")).toBe("mai, non approvata");
  });
  test("is the same only when all of it is", () => {
    expect([same(USUAL, { ...USUAL }), same(USUAL, { ...USUAL, pin: true })]).toEqual([true, false]);
  });
});

test("what the model saw is named in the page's language, and the unknown is shown as it is", () => {
  expect(feature("hour:evening", en)).toBe("Time of day: evening");
  expect(feature("trigger:dwelling", it)).toBe("Momento: si è fermato qui");
  expect(feature("weather:rain", en)).toBe("Weather: rain");
  expect(feature("moon", en)).toBe("moon");
});
