// Numbers of people, in words of the page's language.

import { count } from "../format";
import { fill, tongue, words } from "../lang";

/** How many people, in words. */
export function peopleWords(n: number): string {
  const { people } = words.value;
  if (n === 0) return people.none;
  return fill(n === 1 ? people.one : people.other, { n: count(n, tongue.value) });
}
