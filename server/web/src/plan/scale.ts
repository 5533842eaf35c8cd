// From metres on the floor to pixels on the page. Pure; y goes up on the plan and down on the page.

import type { Corner, Floor } from "../types";

export interface Bounds {
  minX: number;
  minY: number;
  maxX: number;
  maxY: number;
}

export interface View {
  /** Pixels per metre. */
  scale: number;
  width: number;
  height: number;
  /** The plan is laid on its side: its depth runs to the right. */
  turned: boolean;
  bounds: Bounds;
}

export const MARGIN_PX = 14;

/** The box around all that a floor draws. */
export function boundsOf(floor: Pick<Floor, "outline" | "zones">): Bounds {
  const corners = [...floor.outline, ...floor.zones.flatMap((zone) => zone.polygon)];
  if (corners.length === 0) return { minX: 0, minY: 0, maxX: 1, maxY: 1 };
  return {
    minX: Math.min(...corners.map(([x]) => x)),
    minY: Math.min(...corners.map(([, y]) => y)),
    maxX: Math.max(...corners.map(([x]) => x)),
    maxY: Math.max(...corners.map(([, y]) => y)),
  };
}

/** Fits a floor into a width; a deep floor is turned on its side where there is room for it. */
export function viewOf(bounds: Bounds, width: number, wideFrom = 560): View {
  const across = Math.max(bounds.maxX - bounds.minX, 0.1);
  const deep = Math.max(bounds.maxY - bounds.minY, 0.1);
  const turned = width >= wideFrom && deep > across * 1.1;
  const [horizontal, vertical] = turned ? [deep, across] : [across, deep];
  const scale = Math.max(width - 2 * MARGIN_PX, 1) / horizontal;
  return { scale, width, height: vertical * scale + 2 * MARGIN_PX, turned, bounds };
}

/** Where a point of the floor lies on the page. */
export function project(view: View, [x, y]: Corner): Corner {
  const { bounds, scale, turned } = view;
  const right = turned ? y - bounds.minY : x - bounds.minX;
  const down = turned ? x - bounds.minX : bounds.maxY - y;
  return [MARGIN_PX + right * scale, MARGIN_PX + down * scale];
}

/** Where a point of the page lies on the floor. */
export function unproject(view: View, [x, y]: Corner): Corner {
  const { bounds, scale, turned } = view;
  const [right, down] = [(x - MARGIN_PX) / scale, (y - MARGIN_PX) / scale];
  return turned ? [bounds.minX + down, bounds.minY + right] : [bounds.minX + right, bounds.maxY - down];
}

/** Whether a point lies in a polygon. */
export function within([x, y]: Corner, polygon: Corner[]): boolean {
  let inside = false;
  polygon.forEach(([ax, ay], index) => {
    const [bx, by] = polygon[(index + 1) % polygon.length] ?? [ax, ay];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  });
  return inside;
}

/** A polygon or line as the text of an SVG `points` attribute. */
export function points(view: View, corners: Corner[]): string {
  return corners
    .map((corner) => project(view, corner))
    .map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`)
    .join(" ");
}

export interface Label {
  x: number;
  y: number;
  /** The name as it fits, or none when there is only room for a number. */
  name: string | null;
  width: number;
  height: number;
}

const LETTER_PX = 6.6;
const NAME_HEIGHT_PX = 40;

/** Where a zone's label goes, and how much of its name fits there. */
export function labelOf(view: View, polygon: Corner[], name: string): Label {
  const corners = polygon.map((corner) => project(view, corner));
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const letters = Math.floor((right - left - 16) / LETTER_PX);
  const roomy = bottom - top >= NAME_HEIGHT_PX && letters >= 4;
  return { x: left, y: top, width: right - left, height: bottom - top, name: roomy ? cut(name, letters) : null };
}

function cut(name: string, letters: number): string {
  return name.length <= letters ? name : `${name.slice(0, letters - 1).trimEnd()}…`;
}
