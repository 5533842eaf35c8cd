// The offer funnel and the reasons for silence, as bars with words beside them.

import { silence } from "../explain";
import { count, fill, percent } from "../format";
import { type Step, steps } from "../funnel-steps";
import { tongue, words } from "../lang";
import type { Funnel as Counts, Today } from "../types";
import { Definition } from "./tiles";

export function Funnel({ funnel }: { funnel: Counts }) {
  const { day: say } = words.value;
  const all = steps(funnel);
  const most = Math.max(1, ...all.map((step) => step.value));
  return (
    <section aria-labelledby="funnel-title">
      <h2 id="funnel-title">{say.funnel}</h2>
      <ol class="bars">
        {all.map((step) => (
          <FunnelBar key={step.key} step={step} most={most} />
        ))}
      </ol>
      <Definition text={say.funnelDef} of={say.funnel} />
    </section>
  );
}

function FunnelBar({ step, most }: { step: Step; most: number }) {
  const { day: say } = words.value;
  const speech = tongue.value;
  const share = step.share === null || step.of === null ? "" : fill(say.stepOf, { p: percent(step.share, speech), name: say[step.of].toLocaleLowerCase() });
  return (
    <li class={step.branch ? "branch" : ""} data-step={step.key}>
      <span class="bar-name">{say[step.key]}</span>
      <b>{count(step.value, speech)}</b>
      <span class="track" aria-hidden="true">
        <i style={{ width: `${(step.value / most) * 100}%` }} />
      </span>
      <small>{share}</small>
    </li>
  );
}

export function Silences({ silences }: { silences: Today["silences"] }) {
  const { day: say } = words.value;
  const sorted = [...silences].sort((a, b) => b.count - a.count);
  const most = Math.max(1, ...sorted.map((one) => one.count));
  return (
    <section aria-labelledby="silences-title">
      <h2 id="silences-title">{say.silences}</h2>
      {sorted.length === 0 ? <p class="empty-note">{say.noSilence}</p> : null}
      <ol class="bars quiet-bars">
        {sorted.map((one) => (
          <li key={one.code}>
            <span class="bar-name">{silence(one.code, words.value)}</span>
            <b>{count(one.count, tongue.value)}</b>
            <span class="track" aria-hidden="true">
              <i style={{ width: `${(one.count / most) * 100}%` }} />
            </span>
          </li>
        ))}
      </ol>
      <Definition text={say.silencesDef} of={say.silences} />
    </section>
  );
}
