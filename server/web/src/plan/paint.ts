// From a field of numbers to the pixels of a small canvas that the page stretches over the plan.

import { KINDS, type Field } from "./density";
import type { View } from "./scale";

export type Ink = [red: number, green: number, blue: number];

/** People per square metre at which a place is two thirds filled with ink. */
const DENSE = 0.42;
const ALPHA_MAX = 0.82;
/** Lifts what is thin: it must be seen too. */
const LIFT = 0.72;

/** The pixel of a cell: the page has y going down, and may lie on its side. */
export function pixelOf(field: Field, turned: boolean, column: number, row: number): number {
  return turned ? column * field.rows + row : (field.rows - 1 - row) * field.columns + column;
}

/** Size of the picture in cells, as it lies on the page. */
export function sizeOf(field: Field, turned: boolean): [width: number, height: number] {
  return turned ? [field.rows, field.columns] : [field.columns, field.rows];
}

/** Where the picture lies on the page, in pixels. The grid may reach a little over the floor's box. */
export function frameOf(field: Field, view: View, margin: number): { left: string; top: string; width: string; height: string } {
  const [width, height] = sizeOf(field, view.turned).map((cells) => cells * field.cell * view.scale) as [number, number];
  const over = view.turned ? 0 : height - (view.bounds.maxY - view.bounds.minY) * view.scale;
  const px = (n: number) => `${n.toFixed(2)}px`;
  return { left: px(margin), top: px(margin - over), width: px(width), height: px(height) };
}

/** How strongly people of this density are drawn, 0 to 1: the more, the darker, and thin beliefs still show. */
export function inkOf(density: number): number {
  return ALPHA_MAX * (1 - Math.exp(-density / DENSE)) ** LIFT;
}

/** Paints people: each kind's colour, mixed where they stand together. */
export function paintPeople(field: Field, turned: boolean, pixels: Uint8ClampedArray, inks: Ink[]): void {
  for (let row = 0; row < field.rows; row += 1) {
    for (let column = 0; column < field.columns; column += 1) {
      const place = row * field.columns + column;
      const at = 4 * pixelOf(field, turned, column, row);
      let [red, green, blue, all] = [0, 0, 0, 0];
      for (let kind = 0; kind < KINDS.length; kind += 1) {
        const n = field.layers[kind]?.[place] ?? 0;
        const ink = inks[kind];
        if (n === 0 || ink === undefined) continue;
        red += n * ink[0];
        green += n * ink[1];
        blue += n * ink[2];
        all += n;
      }
      if (all < 0.001) {
        pixels[at + 3] = 0;
        continue;
      }
      pixels[at] = red / all;
      pixels[at + 1] = green / all;
      pixels[at + 2] = blue / all;
      pixels[at + 3] = 255 * inkOf(all);
    }
  }
}

/** Where a value stands between nothing and the most, 0 to 1. Its root, so that the busiest place does not outshine all others. */
export function warmthOf(value: number, most: number): number {
  return most <= 0 ? 0 : Math.sqrt(Math.min(value / most, 1));
}

/** Paints seconds along a ramp of colours. */
export function paintHeat(field: Field, turned: boolean, pixels: Uint8ClampedArray, ramp: Ink[], most: number): void {
  const [layer] = field.layers;
  for (let row = 0; row < field.rows; row += 1) {
    for (let column = 0; column < field.columns; column += 1) {
      const warmth = warmthOf(layer?.[row * field.columns + column] ?? 0, most);
      const [red, green, blue] = along(ramp, warmth);
      pixels.set([red, green, blue, 255 * Math.min(warmth * 4, 0.9)], 4 * pixelOf(field, turned, column, row));
    }
  }
}

/** The colour at a place of a ramp, 0 to 1. */
export function along(ramp: Ink[], place: number): Ink {
  const steps = ramp.length - 1;
  const at = Math.min(Math.max(place, 0), 1) * steps;
  const [from, to] = [ramp[Math.floor(at)] ?? [0, 0, 0], ramp[Math.ceil(at)] ?? [0, 0, 0]];
  const share = at - Math.floor(at);
  return [0, 1, 2].map((n) => (from[n] ?? 0) * (1 - share) + (to[n] ?? 0) * share) as Ink;
}

/** A colour such as #c2512f. */
export function inkFrom(hex: string): Ink {
  const digits = /^#([0-9a-f]{6})$/i.exec(hex.trim())?.[1] ?? "808080";
  return [0, 2, 4].map((at) => Number.parseInt(digits.slice(at, at + 2), 16)) as Ink;
}
