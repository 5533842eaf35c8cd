// The floor plan: zones with their people, furniture, walls and receivers, under a soft cloud of where everybody may be.

import { useMemo, useState } from "preact/hooks";

import { beliefOf } from "./belief";
import { Cloud } from "./canvas";
import { densityOf } from "./density";
import { Ground, ZoneLabels, type ZoneFace } from "./ground";
import { fill } from "../format";
import { words } from "../lang";
import { estimateBeside, peopleWords } from "../parts/people";
import type { Dot, Floor, Now, People, Plan } from "../types";
import { Marks } from "./marks";
import { Receivers } from "./receivers";
import { boundsOf, project, viewOf } from "./scale";
import { Tip } from "./tip";

interface Props {
  floor: Floor;
  plan: Plan;
  picture: Now;
  width: number;
  /** The picture is a frame of the past: nobody has a name in it, and the equipment is not part of it. */
  past: boolean;
}

const NOBODY: People & { estimated?: number | null } = { total: 0, identified: 0, tags: 0, anonymous: 0 };

export function Drawing({ floor, plan, picture, width, past }: Props) {
  const { plan: say } = words.value;
  const view = useMemo(() => viewOf(boundsOf(floor), width), [floor, width]);
  const [pointed, point] = useState<Dot | null>(null);
  const people = new Map(picture.zones.map((entry) => [entry.zone, entry]));
  const busiest = Math.max(1, ...floor.zones.map((zone) => people.get(zone.id)?.total ?? 0));
  const dots = picture.dots.filter((dot) => dot.floor === floor.id);
  // Between two whole pictures marks move, clouds do not: they come once a second.
  const field = useMemo(() => densityOf(dots, view.bounds), [picture.at, floor, view]);
  const faceOf = (id: string, name: string): ZoneFace => {
    const zone = people.get(id) ?? NOBODY;
    const label = past ? `${name}: ${peopleWords(zone.total)}.` : fill(say.zoneLabel, { name, people: peopleWords(zone.total), customers: zone.identified, tags: zone.tags, anonymous: zone.anonymous });
    const estimated = estimateBeside(zone.total, zone.estimated);
    const beside = estimated === null ? null : `≈ ${estimated}`;
    const aloud = estimated === null ? label : `${label} ${fill(say.estimated, { n: estimated })}.`;
    return { label: aloud, number: String(zone.total), beside, none: zone.total === 0 && (estimated ?? 0) === 0, warmth: Math.sqrt(zone.total / busiest), people: zone.total };
  };
  const told = pointed === null ? undefined : dots.find((dot) => dot.subject === pointed.subject);
  return (
    <div class="drawing" role="group" aria-labelledby="plan-title" style={{ width: `${view.width}px`, height: `${view.height}px` }} data-at={picture.at}>
      <Ground floor={floor} plan={plan} view={view} faceOf={faceOf} />
      <Cloud field={field} floor={floor} view={view} still={past} />
      <svg class="over" width={view.width} height={view.height} viewBox={`0 0 ${view.width} ${view.height}`}>
        {past ? null : <Receivers floor={floor} plan={plan} picture={picture} view={view} />}
        <ZoneLabels floor={floor} view={view} faceOf={faceOf} />
        <Marks dots={dots} plan={plan} view={view} still={past} point={point} />
      </svg>
      {told === undefined ? null : <BeliefTip dot={told} plan={plan} view={view} past={past} />}
    </div>
  );
}

function BeliefTip({ dot, plan, view, past }: { dot: Dot; plan: Plan; view: ReturnType<typeof viewOf>; past: boolean }) {
  const [x, y] = project(view, [dot.x, dot.y]);
  const belief = beliefOf(dot, plan);
  return (
    <Tip view={view} x={x} y={y}>
      <span class={`tip-who ${dot.kind}`}>{belief.who}</span>
      {past ? null : <b>{belief.where}</b>}
      {past || belief.or === null ? null : <span>{belief.or}</span>}
      <span class="tip-about">{belief.about}</span>
    </Tip>
  );
}
