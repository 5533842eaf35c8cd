// The interval of a measured effect, drawn between a sixteenth and sixteen times as often, with "just as often" in the middle.

import { MARKS, meaning, place, range, type Speech, times } from "../meaning";
import { fill } from "../format";
import { words } from "../lang";
import type { Lift } from "../types";

export function Interval({ lift, speech, scale = false }: { lift: Lift; speech: Speech; scale?: boolean }) {
  const { effect: say } = words.value;
  const ratio = lift.rateRatio;
  const label = ratio === null ? say.drawnNothing : fill(say.drawn, { range: range(ratio, speech) });
  const from = place(ratio?.low ?? 0);
  const to = place(ratio?.high ?? null);
  return (
    <div class={`interval ${lift.verdict}`}>
      <div class="interval-line" role="img" aria-label={label}>
        <i class="interval-once" />
        {ratio === null ? null : <b style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%` }} />}
      </div>
      {scale ? (
        <ol class="interval-marks" aria-hidden="true">
          {MARKS.map((mark) => (
            <li key={mark} style={{ left: `${place(mark) * 100}%` }}>
              {mark === 1 ? say.once : mark < 1 ? `1/${1 / mark}` : times(mark, speech.tongue)}
            </li>
          ))}
        </ol>
      ) : null}
    </div>
  );
}

/** The sentence that says what a measured effect means. */
export function Meaning({ lift, speech }: { lift: Lift; speech: Speech }) {
  return (
    <p class={`meaning ${lift.hidden === "sample-ratio" ? "alarm" : lift.verdict}`} data-testid="meaning">
      {meaning(lift, speech)}
    </p>
  );
}
