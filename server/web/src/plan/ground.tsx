// What stands still on the plan: the floor, its zones to click on, furniture, walls, stairs and lifts, and the zones' labels.

import { fill } from "../format";
import { words } from "../lang";
import { zone as picked } from "../state";
import type { Floor, Plan, Zone } from "../types";
import { labelOf, points, project, type View } from "./scale";

/** How a zone is drawn and read out. */
export interface ZoneFace {
  label: string;
  /** The figure under its name. */
  number: string;
  /** A second figure beside it, such as an estimate. */
  beside: string | null;
  /** The figure says that there is nothing. */
  none: boolean;
  /** How strongly it is tinted, 0 to 1. */
  warmth: number;
  people: number;
}

interface Props {
  floor: Floor;
  view: View;
  faceOf: (id: string, name: string) => ZoneFace;
}

export function Ground({ floor, plan, view, faceOf }: Props & { plan: Plan }) {
  return (
    <svg class="ground-layer" width={view.width} height={view.height} viewBox={`0 0 ${view.width} ${view.height}`}>
      <polygon class="ground" points={points(view, floor.outline)} />
      <g>
        {floor.zones.map((zone) => (
          <ZoneShape key={zone.id} zone={zone} view={view} face={faceOf(zone.id, zone.name)} />
        ))}
      </g>
      <g class="obstacles" aria-hidden="true">
        {(floor.obstacles ?? []).map((obstacle, index) => (
          <polygon key={index} points={points(view, obstacle.polygon)} />
        ))}
      </g>
      <g class="walls" aria-hidden="true">
        {floor.walls.map((wall, index) => (
          <polyline key={index} points={points(view, wall.points)} />
        ))}
        <polygon points={points(view, floor.outline)} />
      </g>
      <Passages floor={floor} plan={plan} view={view} />
    </svg>
  );
}

function ZoneShape({ zone, view, face }: { zone: Zone; view: View; face: ZoneFace }) {
  const chosen = picked.value === zone.id;
  const toggle = () => (picked.value = chosen ? null : zone.id);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    toggle();
  };
  return (
    // Preact focuses SVG only by the lower-case attribute.
    <g class={`zone ${zone.kind}`} role="button" tabindex={0} aria-pressed={chosen} aria-label={face.label} data-zone={zone.id} data-people={face.people} onClick={toggle} onKeyDown={onKeyDown}>
      <polygon class="zone-ground" points={points(view, zone.polygon)} />
      <polygon class="zone-warmth" points={points(view, zone.polygon)} style={{ opacity: String(face.warmth) }} />
      <polygon class="zone-edge" points={points(view, zone.polygon)} />
    </g>
  );
}

/** The zones' names and figures, above everything else. */
export function ZoneLabels({ floor, view, faceOf }: Props) {
  return (
    <g class="labels" aria-hidden="true">
      {floor.zones.map((zone) => (
        <ZoneLabel key={zone.id} zone={zone} view={view} face={faceOf(zone.id, zone.name)} />
      ))}
    </g>
  );
}

function ZoneLabel({ zone, view, face }: { zone: Zone; view: View; face: ZoneFace }) {
  const label = labelOf(view, zone.polygon, zone.name);
  if (label.name === null) {
    return (
      <text class="zone-count small" x={label.x + label.width / 2} y={label.y + label.height / 2} text-anchor="middle" dominant-baseline="central">
        {face.number}
        <Beside text={face.beside} />
      </text>
    );
  }
  return (
    <>
      <text class="zone-name" x={label.x + 9} y={label.y + 18}>
        {label.name}
      </text>
      <text class={face.none ? "zone-count none" : "zone-count"} x={label.x + 9} y={label.y + 41}>
        {face.number}
        <Beside text={face.beside} />
      </text>
    </>
  );
}

function Beside({ text }: { text: string | null }) {
  return text === null ? null : (
    <tspan class="beside" dx={5}>
      {text}
    </tspan>
  );
}

function Passages({ floor, plan, view }: { floor: Floor; plan: Plan; view: View }) {
  const { plan: say } = words.value;
  const here = (plan.passages ?? []).flatMap((passage) => passage.ends.filter((end) => end.floor === floor.id).map((end) => ({ id: passage.id, end })));
  return (
    <g class="passages">
      {here.map(({ id, end }) => {
        const [x, y] = project(view, [end.x, end.y]);
        return (
          <g key={id} class="passage" role="img" aria-label={fill(say.passage, { id })} transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}>
            <title>{fill(say.passage, { id })}</title>
            <rect x={-9} y={-9} width={18} height={18} rx={4} />
            <path d="M-5.5 5.5v-3.5h3.5v-3.5h3.5v-3.5h4" />
          </g>
        );
      })}
    </g>
  );
}
