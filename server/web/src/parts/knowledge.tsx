// What a decision knew: how likely an answer was and why, what the model saw, what was too old, and what is not listed.

import { feature, silence } from "../explain";
import { count, fill, number, percent } from "../format";
import { tongue, words } from "../lang";
import type { Block, Chance, Decision } from "../types";

/** The parts in the order in which the model adds them up. */
const BLOCKS: Block[] = ["offer", "micro", "relational", "personal"];

export function ChanceOf({ chance }: { chance: Chance }) {
  const { decision: say } = words.value;
  const p = (share: number) => percent(share, tongue.value);
  const { parts } = chance;
  const most = Math.max(...BLOCKS.map((block) => Math.abs(parts?.[block] ?? 0)), 1e-9);
  return (
    <>
      <h4>{say.chanceTitle}</h4>
      <p>
        <b>{fill(say.chanceLine, { p: p(chance.chance), low: p(chance.low), high: p(chance.high) })}</b>
      </p>
      <p class="fine">{say.chanceLead}</p>
      {parts === null ? null : (
        <table class="worth parts">
          <tbody>
            {BLOCKS.map((block) => (
              <tr key={block}>
                <th scope="row">{say.parts[block]}</th>
                <td class="number">{signed(parts[block])}</td>
                <td class="wide-only" aria-hidden="true">
                  <span class={parts[block] < 0 ? "track cost" : "track"}>
                    <i style={{ width: `${(Math.abs(parts[block]) / most) * 100}%` }} />
                  </span>
                </td>
              </tr>
            ))}
            <tr class="sum">
              <th scope="row">{say.partsSum}</th>
              <td class="number">{signed(chance.mean)}</td>
              <td class="wide-only" />
            </tr>
          </tbody>
        </table>
      )}
    </>
  );
}

export function Saw({ features, stale }: Pick<Decision, "features" | "stale">) {
  const { decision: say } = words.value;
  if (features.length === 0 && stale.length === 0) return null;
  return (
    <details class="saw">
      <summary>{say.saw}</summary>
      <p class="fine">{say.sawLead}</p>
      {BLOCKS.map((block) => {
        const of = features.filter((one) => one.block === block);
        return of.length === 0 ? null : (
          <section key={block}>
            <h4>{say.parts[block]}</h4>
            <dl>
              {of.map((one) => (
                <div key={one.name}>
                  <dt>{feature(one.name, words.value)}</dt>
                  <dd>{number(one.value, tongue.value)}</dd>
                </div>
              ))}
            </dl>
          </section>
        );
      })}
      {stale.length === 0 ? null : <p data-testid="stale">{fill(say.stale, { names: stale.map((name) => feature(name, words.value)).join(", ") })}</p>}
    </details>
  );
}

export function Unlisted({ more }: Pick<Decision, "more">) {
  const { decision: say } = words.value;
  const codes = Object.entries(more).sort((a, b) => b[1] - a[1]);
  const all = codes.reduce((sum, [, n]) => sum + n, 0);
  if (all === 0) return null;
  return (
    <p class="unlisted">
      {all === 1 ? say.unlistedOne : fill(say.unlisted, { n: count(all, tongue.value) })} {codes.map(([code, n]) => `${silence(code, words.value)} (${count(n, tongue.value)})`).join(", ")}.
    </p>
  );
}

const signed = (value: number) => number(value, tongue.value, { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero" });
