// The layer of soft colour over the plan: a small canvas, stretched by the page. It flows from one picture to the next.

import { useEffect, useRef } from "preact/hooks";

import type { Floor } from "../types";
import { KINDS, type Field } from "./density";
import { frameOf, type Ink, inkFrom, paintHeat, paintPeople, sizeOf } from "./paint";
import { MARGIN_PX, project, type View } from "./scale";

const FLOW_MS = 700;
/** Steps of the flow from one picture to the next: soft colour needs no more, and each costs a drawing of the plan. */
const FLOW_STEPS = 7;
const HEAT_STOPS = ["--heat-1", "--heat-2", "--heat-3", "--heat-4", "--heat-5", "--heat-6"];

/** The colours that the page has now, light or dark. */
function inks(names: string[]): Ink[] {
  const style = getComputedStyle(document.documentElement);
  return names.map((name) => inkFrom(style.getPropertyValue(name)));
}

/** Tells when the person switches between light and dark. */
function useScheme(redraw: () => void): void {
  const latest = useRef(redraw);
  latest.current = redraw;
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const changed = () => latest.current();
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  }, []);
}

/** The floor's outline, as it lies on the canvas: nothing is painted beyond the walls. */
function clip(floor: Floor, view: View, left: number, top: number): string {
  const corner = (point: [number, number]) => project(view, point).map((n, axis) => `${(n - (axis === 0 ? left : top)).toFixed(1)}px`).join(" ");
  return `polygon(${floor.outline.map(corner).join(", ")})`;
}

function useLayer(field: Field, floor: Floor, view: View) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = frameOf(field, view, MARGIN_PX);
  const [width, height] = sizeOf(field, view.turned);
  const style = { ...frame, clipPath: clip(floor, view, Number.parseFloat(frame.left), Number.parseFloat(frame.top)) };
  const paint = (pixels: (data: Uint8ClampedArray) => void) => {
    const context = canvas.current?.getContext("2d");
    if (context === undefined || context === null) return;
    const image = context.createImageData(width, height);
    pixels(image.data);
    context.putImageData(image, 0, 0);
  };
  return { canvas, style, width, height, paint };
}

/** Where everybody may be. */
export function Cloud({ field, floor, view, still }: { field: Field; floor: Floor; view: View; still: boolean }) {
  const { canvas, style, width, height, paint } = useLayer(field, floor, view);
  const shown = useRef<Field | null>(null);
  const draw = () => {
    const colours = inks(KINDS.map((kind) => `--${kind}`));
    const picture = shown.current;
    if (picture !== null) paint((data) => paintPeople(picture, view.turned, data, colours));
  };
  useScheme(draw);
  useEffect(() => {
    const before = shown.current;
    const calm = still || matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (calm || before === null || before.columns !== field.columns || before.rows !== field.rows) {
      shown.current = field;
      draw();
      return;
    }
    let step = 0;
    const timer = setInterval(() => {
      step += 1;
      shown.current = step === FLOW_STEPS ? field : between(before, field, step / FLOW_STEPS);
      draw();
      if (step === FLOW_STEPS) clearInterval(timer);
    }, FLOW_MS / FLOW_STEPS);
    return () => clearInterval(timer);
  }, [field, view.width, view.turned, still]);
  return <canvas class="layer" aria-hidden="true" ref={canvas} width={width} height={height} style={style} />;
}

function between(from: Field, to: Field, share: number): Field {
  const layers = to.layers.map((layer, kind) => {
    const old = from.layers[kind];
    return old === undefined ? layer : layer.map((n, place) => (old[place] ?? 0) * (1 - share) + n * share);
  });
  return { ...to, layers };
}

/** How long people stood where. */
export function Warmth({ field, floor, view, most }: { field: Field; floor: Floor; view: View; most: number }) {
  const { canvas, style, width, height, paint } = useLayer(field, floor, view);
  const draw = () => {
    const ramp = inks(HEAT_STOPS);
    paint((data) => paintHeat(field, view.turned, data, ramp, most));
  };
  useScheme(draw);
  useEffect(draw, [field, view.width, view.turned, most]);
  return <canvas class="layer" aria-hidden="true" ref={canvas} width={width} height={height} style={style} />;
}
