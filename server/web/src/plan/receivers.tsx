// The receivers on the plan, each with its health.

import { fill } from "../format";
import { words } from "../lang";
import type { Floor, Now, Plan } from "../types";
import { project, type View } from "./scale";

export function Receivers({ floor, plan, picture, view }: { floor: Floor; plan: Plan; picture: Now; view: View }) {
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
