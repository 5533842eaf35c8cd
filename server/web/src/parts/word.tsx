// What a person says about an offer: its weight, first of all, never, approved; and everything that was said before.

import { useSignal } from "@preact/signals";

import { useAsked } from "../asked";
import { fill, moment } from "../format";
import { ask } from "../http";
import { tongue, words } from "../lang";
import { same, step, told, USUAL, weight, WEIGHTS } from "../lever";
import { store } from "../state";
import type { Lever, StoreOffer, Word } from "../types";
import { complaint } from "./form";

const REFRESH_MS = 30_000;

interface Props {
  offer: StoreOffer;
  path: string;
  changed: () => Promise<void>;
}

export function WordForm({ offer, path, changed }: Props) {
  const { offers: say } = words.value;
  const kept: Lever = { weight: offer.word.weight, pin: offer.word.pin, ban: offer.word.ban, approved: offer.word.approved };
  const draft = useSignal<Lever>(kept);
  const busy = useSignal(false);
  const answer = useSignal<{ good: boolean; text: string } | null>(null);
  const history = useAsked<{ levers: Word[] }>(path, REFRESH_MS);
  const tell = (part: Partial<Lever>) => {
    draft.value = { ...draft.value, ...part };
    answer.value = null;
  };
  const send = async (lever: Lever, done: string) => {
    busy.value = true;
    const failed = await ask(path, { method: "PUT", body: lever }).then(
      () => null,
      (error: unknown) => error,
    );
    busy.value = false;
    answer.value = failed === null ? { good: true, text: done } : { good: false, text: fill(say.notSaved, { detail: complaint(failed) }) };
    if (failed !== null) return;
    draft.value = lever;
    await Promise.all([changed(), history.again()]);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void send(draft.value, say.saved);
  };
  return (
    <div class="word">
      <form class="word-form" onSubmit={submit} aria-label={fill(say.yoursOf, { offer: offer.title[tongue.value] })}>
        <WeightField id={offer.id} value={draft.value.weight} choose={(value) => tell({ weight: value })} />
        <Choice name={say.pin} help={say.pinHelp} on={draft.value.pin} turn={(pin) => tell({ pin })} />
        <Choice name={say.ban} help={say.banHelp} on={draft.value.ban} turn={(ban) => tell({ ban })} />
        <Choice name={say.approved} help={say.approvedHelp} on={draft.value.approved} turn={(approved) => tell({ approved })} />
        <div class="word-send">
          <button type="submit" class="primary" disabled={busy.value || same(draft.value, kept)}>
            {busy.value ? say.saving : say.save}
          </button>
          {same(kept, USUAL) ? null : (
            <button type="button" class="quiet" disabled={busy.value} onClick={() => void send(USUAL, say.takenBack)}>
              {say.takeBack}
            </button>
          )}
          <p role="status" class={answer.value?.good === false ? "complaint" : "fine"}>
            {answer.value?.text}
          </p>
        </div>
      </form>
      <History said={history.answer.value?.levers ?? null} />
    </div>
  );
}

function WeightField({ id, value, choose }: { id: string; value: number; choose: (weight: number) => void }) {
  const { offers: say } = words.value;
  const text = value === 1 ? `1× ${say.asUsual}` : fill(say.weightValue, { n: weight(value, tongue.value) });
  return (
    <div class="weight">
      <label for={`weight-${id}`}>{say.weight}</label>
      <span class="weight-value" aria-hidden="true">
        {text}
      </span>
      <input
        id={`weight-${id}`}
        type="range"
        min={0}
        max={WEIGHTS.length - 1}
        step={1}
        value={step(value)}
        aria-valuetext={text}
        aria-describedby={`weight-help-${id}`}
        onInput={(event) => choose(WEIGHTS[Number(event.currentTarget.value)] ?? 1)}
      />
      <span class="weight-ends" aria-hidden="true">
        <small>{say.less}</small>
        <small>{say.more}</small>
      </span>
      <small id={`weight-help-${id}`}>{say.weightHelp}</small>
    </div>
  );
}

function Choice({ name, help, on, turn }: { name: string; help: string; on: boolean; turn: (on: boolean) => void }) {
  return (
    <label class="choice">
      <input type="checkbox" checked={on} onChange={(event) => turn(event.currentTarget.checked)} />
      <span>
        <b>{name}</b>
        <small>{help}</small>
      </span>
    </label>
  );
}

function History({ said }: { said: Word[] | null }) {
  const { offers: say } = words.value;
  const zone = store.value?.timezone ?? "UTC";
  return (
    <section class="word-history">
      <h3>{say.history}</h3>
      {said?.length === 0 ? <p class="fine">{say.nobody}</p> : null}
      <ol>
        {(said ?? []).map((word) => (
          <li key={word.at}>
            <b>{told(word, words.value, tongue.value)}</b>
            <small>{fill(say.said, { by: word.by ?? "–", at: moment(word.at ?? "", tongue.value, zone, Date.now()) })}</small>
          </li>
        ))}
      </ol>
    </section>
  );
}
