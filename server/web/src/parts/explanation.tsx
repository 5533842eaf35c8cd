// Why a decision is what it is: its chance, every offer with the gates it met, the terms of its worth, what was known, and
// what came of it.

import { customer, type Gate, refusal, rulings, silence, type Tellers } from "../explain";
import { clock, fill, money, percent, type Purse } from "../format";
import { tongue, words } from "../lang";
import { store } from "../state";
import type { Candidate, Decision, Plan, Terms } from "../types";
import { ChanceOf, Saw, Unlisted } from "./knowledge";

interface Props {
  decision: Decision;
  plan: Plan;
  trigger: string;
}

export function Explanation({ decision, plan, trigger }: Props) {
  const { decision: say } = words.value;
  const chosen = decision.choice === "offer" ? decision.offerId : null;
  const candidates = [...decision.candidates].sort((a, b) => rank(b, chosen) - rank(a, chosen));
  const tellers = tellersOf(decision, plan);
  return (
    <>
      <p>
        {customer(decision.customer, words.value)} {trigger}
        {decision.pattern === null ? null : <span data-testid="pattern"> ({fill(say.pattern, { name: decision.pattern })})</span>}: {decision.zoneName}. {decision.code === null ? null : <b>{silence(decision.code, words.value)}. </b>}
        {fill(say.propensity, { p: percent(decision.propensity, tongue.value) })}
        {decision.choice === "offer" ? ` ${fill(say.silenceChance, { p: percent(decision.silence, tongue.value) })}` : null}
      </p>
      {decision.holdout ? <p>{say.heldHelp}</p> : null}
      {decision.control ? <p>{say.controlHelp}</p> : null}
      {decision.shadow ? <p>{say.shadowHelp}</p> : null}
      {decision.segment === null ? null : <p data-testid="segment">{fill(say.group, { name: decision.segment })}</p>}
      <h3>{say.considered}</h3>
      {candidates.length === 0 ? <p>{say.noOffers}</p> : null}
      {candidates.map((candidate) => (
        <CandidateView key={candidate.offerId} candidate={candidate} chosen={candidate.offerId === chosen} tellers={tellers} />
      ))}
      <Unlisted more={decision.more} />
      <Saw features={decision.features} stale={decision.stale} />
      <Outcomes decision={decision} />
    </>
  );
}

function tellersOf(decision: Decision, plan: Plan): Tellers {
  const names = new Map<string, string>();
  for (const floor of plan.floors) for (const zone of floor.zones) names.set(zone.id, zone.name);
  for (const product of plan.products) names.set(product.id, product.name);
  return {
    words: words.value,
    tongue: tongue.value,
    zone: store.value?.timezone ?? "UTC",
    now: new Date(decision.at).getTime(),
    name: (id) => names.get(id) ?? id,
  };
}

// The chosen one first, then those that passed, then by interest.
function rank(candidate: Candidate, chosen: string | null): number {
  return (candidate.offerId === chosen ? 4 : 0) + (candidate.refused === null ? 2 : 0) + candidate.intent;
}

function CandidateView({ candidate, chosen, tellers }: { candidate: Candidate; chosen: boolean; tellers: Tellers }) {
  const { decision: say } = words.value;
  const speech = tongue.value;
  return (
    <details class={chosen ? "candidate chosen" : "candidate"} open={chosen}>
      <summary>
        <span class="candidate-title">{candidate.title[speech]}</span>
        {chosen ? <span class="badge">{say.chosen}</span> : null}
        <span class="candidate-why">
          {candidate.refused === null ? fill(say.chance, { p: percent(candidate.propensity, speech) }) : refusal(candidate.refused, tellers)}
        </span>
      </summary>
      <p class="interest">
        <span>{fill(say.interest, { p: percent(candidate.intent, speech) })}</span>
        <span class="track" aria-hidden="true">
          <i style={{ width: `${clamp(candidate.intent) * 100}%` }} />
        </span>
      </p>
      {candidate.refused === null && candidate.discount > 0 ? <p>{fill(say.saves, { a: money(candidate.discount, purse()) })}</p> : null}
      <Gates candidate={candidate} tellers={tellers} />
      {candidate.terms === null ? null : <Worth terms={candidate.terms} score={candidate.score} />}
      {candidate.chance === null ? null : <ChanceOf chance={candidate.chance} />}
    </details>
  );
}

function Gates({ candidate, tellers }: { candidate: Candidate; tellers: Tellers }) {
  const { decision: say, gate: gates } = words.value;
  const text = { passed: say.passed, refused: say.refused, "not-asked": say.notAsked };
  return (
    <>
      <h4>{say.gates}</h4>
      <ol class="gates">
        {rulings(candidate).map(({ gate, verdict, refused }) => (
          <li key={gate} class={verdict}>
            <span>{gates[gate as Gate]}</span> <b>{text[verdict]}</b>
            {refused === null ? null : <small>{refusal(refused, tellers)}</small>}
          </li>
        ))}
      </ol>
    </>
  );
}

const purse = (): Purse => ({ words: words.value, tongue: tongue.value, currency: store.value?.currency ?? "EUR" });

function Worth({ terms, score }: { terms: Terms; score: number | null }) {
  const { decision: say } = words.value;
  const most = Math.max(...Object.values(terms).map((value: number) => Math.abs(value)), 1e-9);
  const line = (name: string, cents: number, total = false) => (
    <tr class={total ? "sum" : ""}>
      <th scope="row">{name}</th>
      <td class="number">{money(cents, purse(), true)}</td>
      <td class="wide-only" aria-hidden="true">
        <span class={cents < 0 ? "track cost" : "track"}>
          <i style={{ width: `${clamp(Math.abs(cents) / most) * 100}%` }} />
        </span>
      </td>
    </tr>
  );
  return (
    <>
      <h4>{say.terms}</h4>
      <p class="fine">{say.termsLead}</p>
      <table class="worth">
        <tbody>
          {line(say.gain, terms.gain)}
          {line(say.giveaway, terms.giveaway)}
          {line(say.context, terms.context)}
          {line(say.lever, terms.lever)}
          {line(say.distance, terms.distance)}
          {line(say.pacing, terms.pacing)}
          {line(say.attention, terms.attention)}
          {line(say.fatigue, terms.fatigue)}
          {line(say.score, score ?? Object.values(terms).reduce((sum: number, term: number) => sum + term, 0), true)}
        </tbody>
      </table>
    </>
  );
}

function Outcomes({ decision }: { decision: Decision }) {
  const { decision: say, outcome } = words.value;
  if (decision.choice === "silence" || decision.holdout) return null;
  const delivery = decision.delivery === null ? null : (say.delivery as Record<string, string>)[decision.delivery];
  const zone = store.value?.timezone ?? "UTC";
  return (
    <>
      <h3>{say.outcomes}</h3>
      {decision.outcomes.length === 0 ? <p>{delivery ?? say.noOutcome}</p> : null}
      <ol class="outcomes">
        {decision.outcomes.map((one) => (
          <li key={`${one.kind} ${one.at}`}>
            <time dateTime={one.at}>{clock(one.at, tongue.value, zone)}</time> {(outcome as Record<string, string>)[one.kind] ?? one.kind}
          </li>
        ))}
      </ol>
    </>
  );
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
