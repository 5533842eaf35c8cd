import { describe, expect, test } from "vitest";

import { moved } from "../src/live";
import type { Dot, Now } from "../src/types";

const dot = (subject: string, more: Partial<Dot> = {}): Dot => ({ subject, kind: "customer", floor: "ground", x: 1, y: 1, uncertaintyM: 1, zone: null, probability: 0, runnerUp: null, spread: [1, 0, 1], at: "", ...more });
const picture = (dots: Dot[]): Now => ({ at: "", people: { total: 0, identified: 0, tags: 0, anonymous: 0 }, zones: [], dots, receivers: [], gateways: [], sensors: [], decisions: [], door: { entered: 0, left: 0 } });

describe("a dot that moves", () => {
  test("keeps its cloud until the next whole picture", () => {
    const before = picture([dot("a", { cloud: [[1, 1, 1, 0.9]] }), dot("b")]);
    const after = moved(before, [dot("a", { x: 2 }), dot("c", { x: 3 })]);
    expect(after.dots.map(({ subject, x, cloud }) => [subject, x, cloud?.length])).toEqual([
      ["a", 2, 1],
      ["b", 1, undefined],
      ["c", 3, undefined],
    ]);
    expect(before.dots[0]?.x).toBe(1);
  });
});
