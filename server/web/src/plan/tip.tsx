// The little card beside whatever is pointed at on the plan.

import type { ComponentChildren } from "preact";

import type { View } from "./scale";

const WIDTH_PX = 210;
const GAP_PX = 14;

/** A card at a place of the page, kept inside the plan's width. */
export function Tip({ view, x, y, children }: { view: View; x: number; y: number; children: ComponentChildren }) {
  const left = Math.min(Math.max(x + GAP_PX, 0), Math.max(view.width - WIDTH_PX, 0));
  // Near the bottom it stands above, so that it does not run out of the plan.
  const below = y < view.height * 0.7;
  const style = below ? { left: `${left}px`, top: `${y + GAP_PX}px` } : { left: `${left}px`, bottom: `${view.height - y + GAP_PX}px` };
  return (
    <div class="tip" style={style} aria-hidden="true">
      {children}
    </div>
  );
}
