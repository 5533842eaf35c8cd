import { describe, expect, test } from "vitest";

import { boundsOf, labelOf, points, project, viewOf } from "../src/plan/scale";
import type { Corner } from "../src/types";

const box = (x: number, y: number, w: number, h: number): Corner[] => [
  [x, y],
  [x + w, y],
  [x + w, y + h],
  [x, y + h],
];
const deep = boundsOf({ outline: box(0, 0, 20, 30), zones: [] });

describe("the plan's scale", () => {
  test("a narrow page shows the plan upright, with y going up", () => {
    const view = viewOf(deep, 228);
    expect(view.turned).toBe(false);
    expect(view.scale).toBe(10);
    expect(project(view, [0, 0])).toEqual([14, 314]);
    expect(project(view, [20, 30])).toEqual([214, 14]);
    expect(view.height).toBe(328);
  });

  test("a wide page lays a deep plan on its side, and every corner stays inside", () => {
    const view = viewOf(deep, 828);
    expect(view.turned).toBe(true);
    for (const corner of box(0, 0, 20, 30)) {
      const [x, y] = project(view, corner);
      expect(x).toBeGreaterThanOrEqual(14);
      expect(x).toBeLessThanOrEqual(814);
      expect(y).toBeGreaterThanOrEqual(14);
      expect(y).toBeLessThanOrEqual(view.height - 14);
    }
  });

  test("turning does not mirror: a walk round the floor keeps its sense", () => {
    const sense = (corners: Corner[]) => corners.reduce((sum, [x, y], i) => sum + x * (corners[(i + 1) % 4]?.[1] ?? 0) - (corners[(i + 1) % 4]?.[0] ?? 0) * y, 0);
    const upright = box(0, 0, 20, 30).map((corner) => project(viewOf(deep, 228), corner));
    const turned = box(0, 0, 20, 30).map((corner) => project(viewOf(deep, 828), corner));
    expect(Math.sign(sense(turned))).toBe(Math.sign(sense(upright)));
  });

  test("lengths keep their proportions", () => {
    const view = viewOf(deep, 828);
    const [ax, ay] = project(view, [3, 4]);
    const [bx, by] = project(view, [6, 8]);
    expect(Math.hypot(bx - ax, by - ay)).toBeCloseTo(5 * view.scale);
  });

  test("zones that reach over the outline are inside, and an empty floor is no error", () => {
    expect(boundsOf({ outline: box(0, 0, 4, 4), zones: [{ id: "z", name: "z", kind: "shelf", polygon: box(-2, 1, 1, 9) }] })).toEqual({ minX: -2, minY: 0, maxX: 4, maxY: 10 });
    expect(boundsOf({ outline: [], zones: [] })).toEqual({ minX: 0, minY: 0, maxX: 1, maxY: 1 });
  });

  test("points are an attribute's text", () => {
    expect(points(viewOf(deep, 228), [[0, 0], [1.25, 2]])).toBe("14.0,314.0 26.5,294.0");
  });
});

describe("a zone's label", () => {
  const view = viewOf(deep, 228);
  test("is cut where it would run over", () => {
    expect(labelOf(view, box(0, 0, 10, 8), "Cura della persona").name).toBe("Cura della…");
    expect(labelOf(view, box(0, 0, 20, 8), "Cura della persona").name).toBe("Cura della persona");
  });
  test("is only a number where there is no room", () => {
    expect(labelOf(view, box(0, 0, 3, 8), "Wine").name).toBeNull();
    expect(labelOf(view, box(0, 0, 10, 2), "Wine").name).toBeNull();
  });
});
