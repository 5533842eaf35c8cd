// The day's four headline figures, each with its definition.

import { count, fill, span } from "../format";
import { tongue, words } from "../lang";
import type { Today } from "../types";

export function Tiles({ today }: { today: Today }) {
  const { day: say, time } = words.value;
  const number = (n: number) => count(n, tongue.value);
  const { median, p25, p75 } = today.dwellS;
  const stay = (seconds: number | null) => (seconds === null ? "–" : span(seconds * 1000, time));
  return (
    <section class="tiles">
      <Tile id="footfall" name={say.footfall} value={number(today.footfall.entered)} sub={fill(say.footfallSub, { n: number(today.footfall.left) })} definition={say.footfallDef} />
      <Tile
        id="visits"
        name={say.visits}
        value={number(today.visits.counted)}
        sub={`${fill(say.visitsSub, { n: number(today.visits.open) })} · ${fill(say.visitors, { n: number(today.uniqueVisitors) })}`}
        definition={say.visitsDef}
      />
      <Tile id="dwell" name={say.dwell} value={stay(median)} sub={median === null ? say.dwellNone : fill(say.dwellSub, { a: stay(p25), b: stay(p75) })} definition={say.dwellDef} />
      <Tile
        id="offers"
        name={say.offers}
        value={number(today.funnel.sent)}
        sub={fill(say.offersSub, { n: number(today.funnel.redeemed), m: number(today.funnel.purchased) })}
        definition={say.offersDef}
      />
    </section>
  );
}

interface TileProps {
  id: string;
  name: string;
  value: string;
  sub: string;
  definition: string;
}

function Tile({ id, name, value, sub, definition }: TileProps) {
  return (
    <article class="tile">
      <h2>{name}</h2>
      <p class="tile-value" data-testid={`tile-${id}`}>
        {value}
      </p>
      <p class="tile-sub">{sub}</p>
      <Definition text={definition} of={name} />
    </article>
  );
}

/** What a figure means, one tap away. */
export function Definition({ text, of }: { text: string; of: string }) {
  return (
    <details class="definition">
      <summary>
        {words.value.day.whatIsThis}
        <span class="hidden"> {of}</span>
      </summary>
      <p>{text}</p>
    </details>
  );
}
