// Everybody on the plan as something to point at: a mark where the belief is tight, and always what is believed.

import { useRef, useState } from "preact/hooks";

import { fill } from "../format";
import { words } from "../lang";
import { peopleWords } from "../parts/people";
import type { Dot, Plan } from "../types";
import { beliefLine, beliefOf, TIGHT_M } from "./belief";
import { project, type View } from "./scale";

const HIT_PX = 11;
/** More marks than this jump instead of gliding: each gliding one has the whole layer drawn again. */
const GLIDING_MAX = 80;
const BACK = ["ArrowLeft", "ArrowUp"];
const ON = ["ArrowRight", "ArrowDown"];

interface Props {
  dots: Dot[];
  plan: Plan;
  view: View;
  /** In a replay nobody has a name that lasts, so nothing moves from frame to frame. */
  still: boolean;
  /** Tells who is pointed at. */
  point: (dot: Dot | null) => void;
}

/** The whole crowd is one stop of the Tab key; the arrow keys go from one to the next. */
export function Marks({ dots, plan, view, still, point }: Props) {
  const { plan: say } = words.value;
  const group = useRef<SVGGElement>(null);
  const [current, setCurrent] = useState<string | null>(null);
  const sorted = [...dots].sort((a, b) => a.subject.localeCompare(b.subject));
  const stop = sorted.find((dot) => dot.subject === current) ?? sorted[0];
  const go = (dot: Dot | undefined) => {
    if (dot === undefined) return;
    setCurrent(dot.subject);
    group.current?.querySelector<SVGGElement>(`[data-subject="${dot.subject}"]`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const place = sorted.findIndex((dot) => dot === stop);
    const to = BACK.includes(event.key) ? place - 1 : ON.includes(event.key) ? place + 1 : { Home: 0, End: sorted.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(sorted[(to + sorted.length) % sorted.length]);
  };
  return (
    <g class={still || dots.length > GLIDING_MAX ? "marks still" : "marks"} ref={group} role="group" aria-label={fill(say.crowd, { people: peopleWords(dots.length) })} onKeyDown={onKeyDown}>
      {sorted.map((dot) => (
        <Mark key={dot.subject} dot={dot} plan={plan} view={view} stop={dot === stop} point={point} chose={() => setCurrent(dot.subject)} />
      ))}
    </g>
  );
}

interface MarkProps extends Omit<Props, "dots" | "still"> {
  dot: Dot;
  stop: boolean;
  chose: () => void;
}

function Mark({ dot, plan, view, stop, point, chose }: MarkProps) {
  const [x, y] = project(view, [dot.x, dot.y]);
  const tight = dot.uncertaintyM <= TIGHT_M;
  const onFocus = () => {
    chose();
    point(dot);
  };
  return (
    <g
      class={`mark ${dot.kind}${tight ? "" : " vague"}`}
      style={{ transform: `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)` }}
      role="img"
      tabindex={stop ? 0 : -1}
      aria-label={beliefLine(beliefOf(dot, plan))}
      data-subject={dot.subject}
      onFocus={onFocus}
      onBlur={() => point(null)}
      onPointerEnter={() => point(dot)}
      onPointerLeave={() => point(null)}
    >
      <circle class="hit" r={HIT_PX} />
      {tight ? <circle class="dot" r={dot.kind === "customer" ? 4.5 : 3.6} /> : null}
    </g>
  );
}
