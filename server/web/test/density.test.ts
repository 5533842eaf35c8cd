import { describe, expect, test } from "vitest";

import { densityOf, fieldOver, heatOf } from "../src/plan/density";
import { along, frameOf, inkFrom, inkOf, paintPeople, pixelOf, warmthOf } from "../src/plan/paint";
import { project, unproject, viewOf, within } from "../src/plan/scale";
import type { Corner, Dot, Patch } from "../src/types";

const BOX = { minX: 0, minY: 0, maxX: 20, maxY: 30 };
const sum = (layer: Float32Array | undefined, cell: number) => (layer ?? new Float32Array()).reduce((a, b) => a + b, 0) * cell * cell;

function dot(x: number, y: number, more: Partial<Dot>): Dot {
  return { subject: "a", kind: "customer", floor: "ground", x, y, uncertaintyM: 1, zone: null, probability: 0, runnerUp: null, spread: [1, 0, 1], at: "", ...more };
}

describe("the density of people", () => {
  const cloud: Patch[] = [
    [10.5, 10.5, 1, 0.6],
    [12.5, 10.5, 1, 0.3],
  ];

  test("adds up to one for each, however thin the belief", () => {
    const field = densityOf([dot(10, 10, { cloud }), dot(5, 5, { kind: "tag", spread: [4, 1.5, 1] }), dot(0, 0, { kind: "anonymous", spread: [9, 0, 9] })], BOX);
    for (const layer of field.layers) expect(sum(layer, field.cell)).toBeCloseTo(1, 3);
  });

  test("is highest where the belief is", () => {
    const field = densityOf([dot(10, 10, { cloud })], BOX);
    const at = (x: number, y: number) => field.layers[0]?.[Math.floor(y / field.cell) * field.columns + Math.floor(x / field.cell)] ?? 0;
    expect(at(10.5, 10.5)).toBeGreaterThan(at(12.5, 10.5));
    expect(at(12.5, 10.5)).toBeGreaterThan(at(14.5, 10.5));
    expect(at(3, 3)).toBe(0);
  });

  test("follows the tilt of a spread, and survives one as thin as a line", () => {
    const field = densityOf([dot(10, 10, { spread: [2, 1.9, 2] })], BOX);
    const at = (x: number, y: number) => field.layers[0]?.[Math.floor(y / field.cell) * field.columns + Math.floor(x / field.cell)] ?? 0;
    expect(at(11.5, 11.5)).toBeGreaterThan(10 * at(11.5, 8.5));
    const line = densityOf([dot(10, 10, { spread: [4, 4, 4] })], BOX);
    expect(sum(line.layers[0], line.cell)).toBeCloseTo(1, 3);
    expect([...(line.layers[0] ?? [])].every(Number.isFinite)).toBe(true);
  });

  test("of a huge floor keeps a bounded grid", () => {
    const field = fieldOver({ minX: 0, minY: 0, maxX: 400, maxY: 300 }, 3);
    expect(field.columns * field.rows).toBeLessThanOrEqual(42_000);
  });

  test("of 200 people with full clouds costs a few milliseconds", () => {
    const many = Array.from({ length: 64 }, (_, n): Patch => [5.5 + (n % 8), 5.5 + Math.floor(n / 8), 1, 0.0155]);
    const dots = Array.from({ length: 200 }, (_, n) => dot(9, 9, { subject: String(n), cloud: many }));
    densityOf(dots, BOX);
    const begun = performance.now();
    densityOf(dots, BOX);
    // Generous: a busy machine must not fail it.
    expect(performance.now() - begun).toBeLessThan(150);
  });
});

describe("heat", () => {
  test("keeps all of its seconds", () => {
    const field = heatOf([[2.5, 3.5, 60], [9.5, 20.5, 30]], 1, BOX);
    expect(sum(field.layers[0], field.cell)).toBeCloseTo(90, 2);
  });
});

describe("the paint", () => {
  test("is stronger where it is likelier, and never full", () => {
    const inks = [0, 0.02, 0.1, 0.4, 1, 50].map(inkOf);
    expect(inks).toEqual([...inks].sort((a, b) => a - b));
    expect(inks[0]).toBe(0);
    expect(inks[1]).toBeGreaterThan(0.05);
    expect(inks[5]).toBeLessThan(0.9);
  });

  test("puts a cell where the plan has it, upright and on its side", () => {
    for (const width of [228, 828]) {
      const view = viewOf(BOX, width);
      const field = fieldOver(BOX, 1);
      const [column, row] = [Math.floor(3 / field.cell), Math.floor(7 / field.cell)];
      const pixel = pixelOf(field, view.turned, column, row);
      const across = view.turned ? field.rows : field.columns;
      const frame = frameOf(field, view, 14);
      const [x, y] = [((pixel % across) + 0.5) * field.cell * view.scale + Number.parseFloat(frame.left), (Math.floor(pixel / across) + 0.5) * field.cell * view.scale + Number.parseFloat(frame.top)];
      const [planX, planY] = unproject(view, [x, y]);
      expect(planX).toBeCloseTo((column + 0.5) * field.cell, 1);
      expect(planY).toBeCloseTo((row + 0.5) * field.cell, 1);
    }
  });

  test("mixes the colours of those who stand together", () => {
    const field = fieldOver({ minX: 0, minY: 0, maxX: 0.25, maxY: 0.25 }, 3);
    field.layers[0]?.fill(1);
    field.layers[1]?.fill(1);
    const pixels = new Uint8ClampedArray(4);
    paintPeople(field, false, pixels, [inkFrom("#c80000"), inkFrom("#0000c8"), [0, 0, 0]]);
    expect([...pixels].slice(0, 3)).toEqual([100, 0, 100]);
  });

  test("of heat runs along its ramp by the root of the share", () => {
    expect(warmthOf(25, 100)).toBe(0.5);
    expect(warmthOf(5, 0)).toBe(0);
    expect(along([[0, 0, 0], [100, 200, 50], [200, 0, 0]], 0.25)).toEqual([50, 100, 25]);
    expect(inkFrom("nonsense")).toEqual([128, 128, 128]);
  });
});

describe("places", () => {
  test("are the same there and back", () => {
    for (const width of [228, 828]) {
      const view = viewOf(BOX, width);
      const [x, y] = unproject(view, project(view, [3.2, 17.9]));
      expect([x, y].map((n) => n.toFixed(6))).toEqual(["3.200000", "17.900000"]);
    }
  });

  test("lie in a polygon or not", () => {
    const corner: Corner[] = [[0, 0], [4, 0], [4, 4], [2, 4], [2, 2], [0, 2]];
    expect(within([1, 1], corner)).toBe(true);
    expect(within([3, 3], corner)).toBe(true);
    expect(within([1, 3], corner)).toBe(false);
  });
});
