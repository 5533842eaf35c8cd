// The floor plan with its controls: which floor, now or the heat map, drawn or as a table, and looking back.

import { signal } from "@preact/signals";

import { fill } from "../format";
import { words } from "../lang";
import { estimateBeside } from "../parts/people";
import { back, frameAt, isThin, pictureOf, shownOf, speed, stepFor, tape } from "../replay";
import { zone } from "../state";
import type { Floor, Now, Plan } from "../types";
import { Drawing } from "./drawing";
import { HeatView } from "./heat-view";
import { Measured } from "../parts/measured";
import { TimeBar } from "./time-bar";
import { ZoneTable } from "./table";

const shape = signal<"plan" | "table">("plan");
const showing = signal<"now" | "heat">("now");
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
        <Choice label={say.showing} of={showing} choices={{ now: say.asNow, heat: say.asHeat }} />
        <Choice label={say.view} of={shape} choices={{ plan: say.asPlan, table: say.asTable }} />
      </header>
      {showing.value === "heat" ? <HeatView floor={floor} plan={plan} shape={shape.value} /> : <LiveView floor={floor} plan={plan} picture={picture} />}
    </section>
  );
}

/** One of a few, as buttons in a row. */
function Choice<T extends string>({ label, of, choices }: { label: string; of: { value: T }; choices: Record<T, string> }) {
  return (
    <div class="toggle" role="group" aria-label={label}>
      {(Object.entries(choices) as [T, string][]).map(([value, text]) => (
        <button key={value} type="button" aria-pressed={of.value === value} onClick={() => (of.value = value)}>
          {text}
        </button>
      ))}
    </div>
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

const NOTHING: Omit<Now, "at"> = { people: { total: 0, identified: 0, tags: 0, anonymous: 0 }, zones: [], dots: [], receivers: [], gateways: [], sensors: [], decisions: [], door: { entered: 0, left: 0 } };

/** The plan as it is now, or as it was at the moment that the time bar points to. */
function LiveView({ floor, plan, picture }: { floor: Floor; plan: Plan; picture: Now }) {
  const { replay: say } = words.value;
  const looking = back.value;
  const read = tape.value;
  const frame = looking === null || read === null ? null : frameAt(read.replay.frames, looking.at, stepFor(speed.value));
  const then = looking === null ? null : frame === null || read === null ? { ...NOTHING, at: "" } : shownOf(pictureOf(frame, read.replay), plan);
  const shown = then ?? picture;
  const loading = looking !== null && read === null;
  const note = then === null || loading ? null : frame === null || read === null ? say.gap : isThin(frame, read.replay, floor.id) ? fill(say.thin, { k: read.replay.peopleMin }) : null;
  return (
    <div class={then === null ? "view" : "view past"}>
      {shape.value === "plan" ? (
        <div class="pictured">
          <Measured>{(width) => <Drawing floor={floor} plan={plan} picture={shown} width={width} past={then !== null} />}</Measured>
          {note === null ? null : <p class="plan-note">{note}</p>}
        </div>
      ) : (
        <ZoneTable floor={floor} picture={shown} past={then !== null} />
      )}
      <TimeBar zone={plan.store.timezone} store={plan.store.id} people={then === null ? null : shown.people.total} />
      {shape.value === "plan" ? <Legend floor={floor} plan={plan} picture={picture} past={then !== null} /> : null}
    </div>
  );
}

function Legend({ floor, plan, picture, past }: { floor: Floor; plan: Plan; picture: Now; past: boolean }) {
  const { plan: say, people } = words.value;
  const ok = picture.receivers.filter((receiver) => receiver.state === "online").length;
  const estimates = picture.zones.some((entry) => estimateBeside(entry.total, entry.estimated) !== null);
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
        <i class="swatch cloud" aria-hidden="true" /> {say.cloud}
      </li>
      <li>
        <i class="swatch dot-swatch" aria-hidden="true" /> {say.mark}
      </li>
      {(floor.obstacles ?? []).length === 0 ? null : (
        <li>
          <i class="swatch shelf" aria-hidden="true" /> {say.shelves}
        </li>
      )}
      {estimates && !past ? <li>{say.estimatedHelp}</li> : null}
      {past ? null : (
        <li>
          <i class="swatch receiver" aria-hidden="true" /> {fill(say.receiversLine, { ok, n: plan.receivers.length })}
        </li>
      )}
      {past || picture.source == null ? null : <li data-source={picture.source}>{say.source[picture.source]}</li>}
    </ul>
  );
}
