// The offer funnel as steps: each with its share of the step before. Branches are set apart, because they are no part of the next step. Pure.

import type { Funnel } from "./types";

export type StepKey = keyof Funnel;

export interface Step {
  key: StepKey;
  value: number;
  /** Share of the step it is measured against; none for the first or when that one is 0. */
  share: number | null;
  /** Which step that is. */
  of: StepKey | null;
  /** Beside the strict order of the funnel. */
  branch: boolean;
}

const ORDER: [StepKey, StepKey | null, boolean][] = [
  ["moments", null, false],
  ["decided", "moments", false],
  ["held", "decided", true],
  ["sent", "decided", false],
  ["delivered", "sent", false],
  ["opened", "delivered", false],
  ["dismissed", "delivered", true],
  ["visited", "opened", false],
  ["redeemed", "visited", false],
  ["purchased", "sent", true],
];

export function steps(funnel: Funnel): Step[] {
  return ORDER.map(([key, of, branch]) => {
    const base = of === null ? 0 : funnel[of];
    return { key, value: funnel[key], share: base > 0 ? funnel[key] / base : null, of, branch };
  });
}
