// The newest decisions, each with its whole explanation behind it. While one is being read, the list stands still.

import { useComputed, useSignal } from "@preact/signals";

import { customer } from "../explain";
import { clock, fill } from "../format";
import { tongue, words } from "../lang";
import { decisions } from "../live";
import { store, zone } from "../state";
import type { Decision, Plan } from "../types";
import { Explanation } from "./explanation";

const PAGE = 10;

export function Decisions({ plan }: { plan: Plan }) {
  const { decision: say } = words.value;
  const open = useSignal<string | null>(null);
  const held = useSignal<Set<string> | null>(null);
  const most = useSignal(PAGE);
  const list = useComputed(() => {
    const here = decisions.value.filter((one) => zone.value === null || one.zone === zone.value);
    const shown = held.value === null ? here : here.filter((one) => held.value?.has(one.id) === true);
    return { shown, waiting: here.length - shown.length };
  });
  const read = (id: string) => {
    const closing = open.value === id;
    open.value = closing ? null : id;
    held.value = closing ? null : new Set(list.value.shown.map((one) => one.id));
  };
  const picked = plan.floors.flatMap((floor) => floor.zones).find((one) => one.id === zone.value);
  return (
    <section class="decisions" aria-labelledby="decisions-title">
      <h2 id="decisions-title">{picked === undefined ? say.title : fill(say.titleAt, { zone: picked.name })}</h2>
      <p class="lead">{say.lead}</p>
      {list.value.waiting > 0 ? (
        <button type="button" class="newer" onClick={() => read(open.value ?? "")}>
          {fill(say.newer, { n: list.value.waiting })}
        </button>
      ) : null}
      {list.value.shown.length === 0 ? <p class="empty-note">{zone.value === null ? say.none : say.noneHere}</p> : null}
      <ol data-reading={open.value !== null}>
        {list.value.shown.slice(0, most.value).map((one) => (
          <Row key={one.id} decision={one} plan={plan} open={open.value === one.id} read={read} />
        ))}
        {list.value.shown.length > most.value ? (
          <li>
            <button type="button" class="newer" onClick={() => (most.value += PAGE)}>
              {say.more}
            </button>
          </li>
        ) : null}
      </ol>
    </section>
  );
}

/** What became of a decision, as the badge on its row says it. */
export function verdict(decision: Decision): "offer" | "held" | "silence" {
  if (decision.choice === "silence") return decision.holdout && decision.code === "holdout" ? "held" : "silence";
  return decision.holdout || decision.control || decision.shadow ? "held" : "offer";
}

function Row({ decision, plan, open, read }: { decision: Decision; plan: Plan; open: boolean; read: (id: string) => void }) {
  const { decision: say, outcome } = words.value;
  const speech = tongue.value;
  const kind = verdict(decision);
  const badge = { offer: say.offer, held: say.held, silence: say.silence }[kind];
  const last = decision.outcomes.at(-1);
  const trigger = (say.trigger as Record<string, string>)[decision.trigger] ?? decision.trigger;
  const id = `decision-${decision.id}`;
  return (
    <li class={`decision ${kind}`} data-decision={decision.id}>
      <button type="button" class="decision-head" aria-expanded={open} aria-controls={id} onClick={() => read(decision.id)}>
        <time dateTime={decision.at}>{clock(decision.at, speech, store.value?.timezone ?? "UTC")}</time>
        <span class="decision-line">
          <span class="badge">{badge}</span>
          {last === undefined ? null : <span class="badge outcome">{(outcome as Record<string, string>)[last.kind] ?? last.kind}</span>}
          <span class="who">
            {customer(decision.customer, words.value)} · {decision.zoneName}
          </span>
        </span>
        <span class="sentence">{decision.sentence[speech]}</span>
      </button>
      <div id={id} class="decision-body" hidden={!open}>
        {open ? <Explanation decision={decision} plan={plan} trigger={trigger} /> : null}
      </div>
    </li>
  );
}
