// The floor plan with its controls: which floor, drawn or as a table, and what the marks mean.

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

import { fill, words } from "../lang";
import { zone } from "../state";
import type { Floor, Now, Plan } from "../types";
import { Drawing } from "./drawing";
import { ZoneTable } from "./table";

const shape = signal<"plan" | "table">("plan");
const shownFloor = signal<string | null>(null);

export function PlanPanel({ plan, picture }: { plan: Plan; picture: Now }) {
  const { plan: say } = words.value;
  const floor = plan.floors.find((one) => one.id === shownFloor.value) ?? plan.floors[0];
  if (floor === undefined) return null;
  return (
    <section class="panel plan" aria-labelledby="plan-title">
      <header class="panel-head">
        <h2 id="plan-title">{say.title}</h2>
        {plan.floors.length > 1 ? <Floors floors={plan.floors} shown={floor.id} /> : null}
        {zone.value === null ? null : (
          <button type="button" class="quiet" onClick={() => (zone.value = null)}>
            {say.clear}
          </button>
        )}
        <div class="toggle" role="group" aria-label={say.view}>
          <button type="button" aria-pressed={shape.value === "plan"} onClick={() => (shape.value = "plan")}>
            {say.asPlan}
          </button>
          <button type="button" aria-pressed={shape.value === "table"} onClick={() => (shape.value = "table")}>
            {say.asTable}
          </button>
        </div>
      </header>
      {shape.value === "plan" ? <Measured floor={floor} plan={plan} picture={picture} /> : <ZoneTable floor={floor} picture={picture} />}
      {shape.value === "plan" ? <Legend plan={plan} picture={picture} /> : null}
    </section>
  );
}

function Floors({ floors, shown }: { floors: Floor[]; shown: string }) {
  return (
    <div class="toggle" role="group" aria-label={words.value.plan.floor}>
      {floors.map((floor) => (
        <button key={floor.id} type="button" aria-pressed={floor.id === shown} onClick={() => (shownFloor.value = floor.id)}>
          {floor.name}
        </button>
      ))}
    </div>
  );
}

function Measured({ floor, plan, picture }: { floor: Floor; plan: Plan; picture: Now }) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, []);
  return (
    <div class="frame" ref={frame}>
      {width > 0 ? <Drawing floor={floor} plan={plan} picture={picture} width={width} /> : null}
    </div>
  );
}

function Legend({ plan, picture }: { plan: Plan; picture: Now }) {
  const { plan: say, people } = words.value;
  const ok = picture.receivers.filter((receiver) => receiver.state === "online").length;
  return (
    <ul class="legend" aria-label={say.legend}>
      <li>
        <i class="swatch customer" aria-hidden="true" /> {people.customer}
      </li>
      <li>
        <i class="swatch tag" aria-hidden="true" /> {people.tag}
      </li>
      <li>
        <i class="swatch anonymous" aria-hidden="true" /> {people.unknown}
      </li>
      <li>
        <i class="swatch ring" aria-hidden="true" /> {say.halo}
      </li>
      <li>
        <i class="swatch receiver" aria-hidden="true" /> {fill(say.receiversLine, { ok, n: plan.receivers.length })}
      </li>
    </ul>
  );
}
