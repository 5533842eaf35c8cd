// The floor plan as SVG: zones with their people, walls, receivers, and a dot with its uncertainty for everyone heard.

import { fill, words } from "../lang";
import { peopleWords } from "../parts/people";
import { zone as picked } from "../state";
import type { Dot, Floor, Now, People, Plan, Zone } from "../types";
import { boundsOf, labelOf, points, project, type View, viewOf } from "./scale";

interface Props {
  floor: Floor;
  plan: Plan;
  picture: Now;
  width: number;
}

const NOBODY: People = { total: 0, identified: 0, tags: 0, anonymous: 0 };
const HALO_MIN_M = 0.8;
const HALO_MAX_M = 5;
const HALO_INK = 0.16;
const HALO_INK_MIN = 0.035;

export function Drawing({ floor, plan, picture, width }: Props) {
  const view = viewOf(boundsOf(floor), width);
  const people = new Map(picture.zones.map((entry) => [entry.zone, entry]));
  const busiest = Math.max(1, ...floor.zones.map((zone) => people.get(zone.id)?.total ?? 0));
  const dots = picture.dots.filter((dot) => dot.floor === floor.id);
  return (
    <svg class="drawing" role="group" aria-labelledby="plan-title" width={view.width} height={view.height} viewBox={`0 0 ${view.width} ${view.height}`}>
      <clipPath id="inside">
        <polygon points={points(view, floor.outline)} />
      </clipPath>
      <polygon class="ground" points={points(view, floor.outline)} />
      <g>
        {floor.zones.map((zone) => (
          <ZoneShape key={zone.id} zone={zone} view={view} people={people.get(zone.id) ?? NOBODY} busiest={busiest} />
        ))}
      </g>
      <g class="walls" aria-hidden="true">
        {floor.walls.map((wall, index) => (
          <polyline key={index} points={points(view, wall.points)} />
        ))}
        <polygon points={points(view, floor.outline)} />
      </g>
      <Receivers floor={floor} plan={plan} picture={picture} view={view} />
      <g class="halos" aria-hidden="true" clip-path="url(#inside)">
        {dots.map((dot) => (
          <Halo key={dot.subject} dot={dot} view={view} />
        ))}
      </g>
      <g class="dots" aria-hidden="true">
        {dots.map((dot) => (
          <DotMark key={dot.subject} dot={dot} view={view} />
        ))}
      </g>
      <g class="labels" aria-hidden="true">
        {floor.zones.map((zone) => (
          <ZoneLabel key={zone.id} zone={zone} view={view} total={people.get(zone.id)?.total ?? 0} />
        ))}
      </g>
    </svg>
  );
}

interface ZoneProps {
  zone: Zone;
  view: View;
  people: People;
  busiest: number;
}

function ZoneShape({ zone, view, people, busiest }: ZoneProps) {
  const { plan: say } = words.value;
  const chosen = picked.value === zone.id;
  const toggle = () => (picked.value = chosen ? null : zone.id);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    toggle();
  };
  const label = fill(say.zoneLabel, {
    name: zone.name,
    people: peopleWords(people.total),
    customers: people.identified,
    tags: people.tags,
    anonymous: people.anonymous,
  });
  return (
    // Preact focuses SVG only by the lower-case attribute.
    <g class={`zone ${zone.kind}`} role="button" tabindex={0} aria-pressed={chosen} aria-label={label} data-zone={zone.id} data-people={people.total} onClick={toggle} onKeyDown={onKeyDown}>
      <polygon class="zone-ground" points={points(view, zone.polygon)} />
      <polygon class="zone-warmth" points={points(view, zone.polygon)} style={{ opacity: String(Math.sqrt(people.total / busiest)) }} />
      <polygon class="zone-edge" points={points(view, zone.polygon)} />
    </g>
  );
}

function ZoneLabel({ zone, view, total }: { zone: Zone; view: View; total: number }) {
  const label = labelOf(view, zone.polygon, zone.name);
  if (label.name === null) {
    return (
      <text class="zone-count small" x={label.x + label.width / 2} y={label.y + label.height / 2} text-anchor="middle" dominant-baseline="central">
        {total}
      </text>
    );
  }
  return (
    <>
      <text class="zone-name" x={label.x + 9} y={label.y + 18}>
        {label.name}
      </text>
      <text class={total === 0 ? "zone-count none" : "zone-count"} x={label.x + 9} y={label.y + 41}>
        {total}
      </text>
    </>
  );
}

function Receivers({ floor, plan, picture, view }: { floor: Floor; plan: Plan; picture: Now; view: View }) {
  const { plan: say, health } = words.value;
  const states = new Map(picture.receivers.map((receiver) => [receiver.id, receiver.state]));
  return (
    <g class="receivers">
      {plan.receivers
        .filter((receiver) => receiver.floor === floor.id)
        .map((receiver) => {
          const [x, y] = project(view, [receiver.x, receiver.y]);
          const state = states.get(receiver.id) ?? "unknown";
          return (
            <g key={receiver.id} class={`receiver ${state}`} role="img" aria-label={fill(say.receiverLabel, { id: receiver.id, state: health[state] })} transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}>
              <title>{`${receiver.id}: ${health[state]}`}</title>
              <rect x={-5} y={-5} width={10} height={10} rx={3} transform="rotate(45)" />
              <circle r={1.6} />
            </g>
          );
        })}
    </g>
  );
}

/** Where on the page a dot stands, as a movement that can be animated. */
function standing(dot: Dot, view: View): { transform: string } {
  const [x, y] = project(view, [dot.x, dot.y]);
  return { transform: `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)` };
}

function Halo({ dot, view }: { dot: Dot; view: View }) {
  const metres = Math.min(Math.max(dot.uncertaintyM, HALO_MIN_M), HALO_MAX_M);
  // Everybody gets the same ink: who may be anywhere is spread thin.
  const ink = Math.max(HALO_INK / metres ** 2, HALO_INK_MIN);
  return <circle class={`halo ${dot.kind}`} style={standing(dot, view)} r={Math.max(metres * view.scale, 7).toFixed(1)} fill-opacity={ink.toFixed(3)} />;
}

function DotMark({ dot, view }: { dot: Dot; view: View }) {
  return <circle class={`dot ${dot.kind}`} style={standing(dot, view)} r={dot.kind === "customer" ? 5 : 4} />;
}
