// How densely a floor is filled: beliefs and seconds laid out on a fine grid. Pure; the painting is elsewhere.

import type { Dot, DotKind, Patch } from "../types";
import type { Bounds } from "./scale";

export const KINDS: DotKind[] = ["customer", "tag", "anonymous"];

/** A grid over a floor, row by row from its lower left corner, with one layer of numbers a kind. */
export interface Field {
  columns: number;
  rows: number;
  /** Side of a cell, in metres. */
  cell: number;
  minX: number;
  minY: number;
  layers: Float32Array[];
}

const CELL_M = 0.25;
const CELLS_MAX = 40_000;
/** What is known to a square metre is not drawn sharper than this share of its side, so that neighbours flow together. */
const SOFT = 0.6;
const SIGMA_MIN_M = 0.45;
/** A bell is drawn as far as this, in standard deviations. */
const REACH = 2.6;

/** An empty grid over a floor. */
export function fieldOver(bounds: Bounds, layers: number): Field {
  const [width, height] = [Math.max(bounds.maxX - bounds.minX, CELL_M), Math.max(bounds.maxY - bounds.minY, CELL_M)];
  const cell = Math.max(CELL_M, Math.sqrt((width * height) / CELLS_MAX));
  const [columns, rows] = [Math.ceil(width / cell), Math.ceil(height / cell)];
  return { columns, rows, cell, minX: bounds.minX, minY: bounds.minY, layers: Array.from({ length: layers }, () => new Float32Array(columns * rows)) };
}

/** Everybody's belief, in people per square metre: each adds up to one person. */
export function densityOf(dots: Dot[], bounds: Bounds): Field {
  const field = fieldOver(bounds, KINDS.length);
  KINDS.forEach((kind, index) => {
    const layer = field.layers[index];
    if (layer === undefined) return;
    // Patches lie on a grid of their own, so those of a crowd fall together: each place is drawn once, however many may be there.
    const squares = new Map<number, Square>();
    for (const dot of dots) {
      if (dot.kind !== kind) continue;
      if (dot.cloud === undefined || dot.cloud.length === 0) bell(field, layer, dot.x, dot.y, dot.spread, 1);
      else gather(squares, dot.cloud);
    }
    for (const square of squares.values()) soft(field, layer, square);
  });
  return field;
}

interface Square {
  x: number;
  y: number;
  side: number;
  amount: number;
}

function gather(squares: Map<number, Square>, cloud: Patch[]): void {
  let sum = 0;
  for (const [, , , share] of cloud) sum += share;
  for (const [x, y, side, share] of cloud) {
    const key = (Math.round(x * 100) * 1e6 + Math.round(y * 100)) * 100 + Math.round(side * 10);
    const square = squares.get(key);
    if (square === undefined) squares.set(key, { x, y, side, amount: share / sum });
    else square.amount += share / sum;
  }
}

/** Seconds of square cells, per square metre. */
export function heatOf(cells: [x: number, y: number, seconds: number][], side: number, bounds: Bounds): Field {
  const field = fieldOver(bounds, 1);
  const [layer] = field.layers;
  if (layer !== undefined) for (const [x, y, amount] of cells) soft(field, layer, { x, y, side, amount });
  return field;
}

/** Adds a square's amount with soft edges. */
function soft(field: Field, layer: Float32Array, { x, y, side, amount }: Square): void {
  const sigma = Math.max(side * SOFT, SIGMA_MIN_M);
  const across = weights(field.minX, field.columns, field.cell, x, sigma);
  const up = weights(field.minY, field.rows, field.cell, y, sigma);
  const per = amount / (across.sum * up.sum * field.cell ** 2);
  for (let row = 0; row < up.values.length; row += 1) {
    const start = (up.from + row) * field.columns + across.from;
    const part = (up.values[row] ?? 0) * per;
    for (let column = 0; column < across.values.length; column += 1) {
      layer[start + column] = (layer[start + column] ?? 0) + (across.values[column] ?? 0) * part;
    }
  }
}

/** One row of a bell over cells, only where it is worth drawing. */
function weights(min: number, count: number, cell: number, middle: number, sigma: number): { from: number; values: number[]; sum: number } {
  const place = (metres: number) => Math.floor((metres - min) / cell);
  const from = Math.min(Math.max(place(middle - REACH * sigma), 0), count - 1);
  const to = Math.min(Math.max(place(middle + REACH * sigma), from), count - 1);
  const values = Array.from({ length: to - from + 1 }, (_, n) => Math.exp(-0.5 * ((min + (from + n + 0.5) * cell - middle) / sigma) ** 2));
  return { from, values, sum: values.reduce((a, b) => a + b, 0) || 1 };
}

/** Adds a belief that is known only by its spread. */
function bell(field: Field, layer: Float32Array, x: number, y: number, [xx, xy, yy]: Dot["spread"], amount: number): void {
  const [vx, vy] = [Math.max(xx, SIGMA_MIN_M ** 2), Math.max(yy, SIGMA_MIN_M ** 2)];
  // A spread as thin as a line has no inverse.
  const limit = 0.95 * Math.sqrt(vx * vy);
  const tilt = Math.min(Math.max(xy, -limit), limit);
  const det = vx * vy - tilt * tilt;
  const box = (min: number, count: number, middle: number, reach: number): [number, number] => {
    const place = (metres: number) => Math.min(Math.max(Math.floor((metres - min) / field.cell), 0), count - 1);
    return [place(middle - reach), place(middle + reach)];
  };
  const [left, right] = box(field.minX, field.columns, x, REACH * Math.sqrt(vx));
  const [low, high] = box(field.minY, field.rows, y, REACH * Math.sqrt(vy));
  const parts: [number, number][] = [];
  let sum = 0;
  for (let row = low; row <= high; row += 1) {
    const dy = field.minY + (row + 0.5) * field.cell - y;
    for (let column = left; column <= right; column += 1) {
      const dx = field.minX + (column + 0.5) * field.cell - x;
      const part = Math.exp((-0.5 * (vy * dx * dx - 2 * tilt * dx * dy + vx * dy * dy)) / det);
      parts.push([row * field.columns + column, part]);
      sum += part;
    }
  }
  for (const [place, part] of parts) layer[place] = (layer[place] ?? 0) + (amount * part) / (sum * field.cell ** 2);
}
