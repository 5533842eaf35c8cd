// What is believed of one person on the plan, in words.

import { fill, metres, percent } from "../format";
import { tongue, words } from "../lang";
import type { Dot, Plan } from "../types";

/** Up to this uncertainty a belief is tight enough for a mark at its middle. */
export const TIGHT_M = 2.5;

export interface Belief {
  who: string;
  /** The zone with its share, or that there is none; none where it is not known. */
  where: string | null;
  /** The runner-up; none when there is none worth saying. */
  or: string | null;
  /** Such as ±1.8 m. */
  about: string;
}

const SAID_MIN = 0.02;

/** Says where somebody is believed to be. */
export function beliefOf(dot: Dot, plan: Plan): Belief {
  const { plan: say, people } = words.value;
  const name = (id: string) => plan.floors.flatMap((floor) => floor.zones).find((zone) => zone.id === id)?.name ?? id;
  const share = (p: number) => percent(p, tongue.value);
  const who = { customer: people.customer, tag: people.tag, anonymous: people.unknown }[dot.kind];
  const rival = dot.runnerUp !== null && dot.runnerUp[1] >= SAID_MIN ? dot.runnerUp : null;
  return {
    who,
    where: dot.zone === null ? say.noZone : fill(say.inZone, { name: name(dot.zone), p: share(dot.probability) }),
    or: rival === null ? null : fill(say.orZone, { name: name(rival[0]), p: share(rival[1]) }),
    about: `±${metres(dot.uncertaintyM, tongue.value)}`,
  };
}

/** The same as one line, for those who listen. */
export function beliefLine(belief: Belief): string {
  return [`${belief.who}: ${belief.where ?? ""}`, belief.or, belief.about].filter((part) => part !== null).join(", ");
}
