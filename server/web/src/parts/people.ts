// Numbers of people, in words of the page's language.

import { count, fill } from "../format";
import { tongue, words } from "../lang";

/** How many people, in words. */
export function peopleWords(n: number): string {
  const { people } = words.value;
  if (n === 0) return people.none;
  return fill(n === 1 ? people.one : people.other, { n: count(n, tongue.value) });
}

/** The estimate with all sensors, where it says something else than the count; none where it does not. */
export function estimateBeside(total: number, estimated: number | null | undefined): number | null {
  const rounded = Math.round(estimated ?? 0);
  return rounded > 0 && rounded !== total ? rounded : null;
}
