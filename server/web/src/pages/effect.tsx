// Effect: what offers change, by those who are kept without them; all together and one by one, and the groups of customers.

import { useSignal } from "@preact/signals";

import { useAsked } from "../asked";
import { fill, moment, percent } from "../format";
import { tongue, words } from "../lang";
import { earns, short, type Speech, wordBrought } from "../meaning";
import { Arms } from "../parts/arms";
import { complaint } from "../parts/form";
import { Interval, Meaning } from "../parts/interval";
import { Segments } from "../parts/segments";
import { Definition } from "../parts/tiles";
import { store } from "../state";
import type { Lift, OfferLift, StoreOffer, StoreOffers } from "../types";

const REFRESH_MS = 15_000;

export function EffectPage() {
  const shown = store.value;
  if (shown === null) return <p class="waiting">{words.value.app.loading}</p>;
  const speech: Speech = { words: words.value, tongue: tongue.value, currency: shown.currency };
  return <EffectOf key={shown.id} path={`/api/v1/stores/${encodeURIComponent(shown.id)}`} speech={speech} />;
}

function EffectOf({ path, speech }: { path: string; speech: Speech }) {
  const { app, effect: say } = words.value;
  const { answer, trouble } = useAsked<StoreOffers>(`${path}/offers`, REFRESH_MS);
  const known = answer.value;
  return (
    <div class="effect">
      <header>
        <h1>{say.title}</h1>
        <p class="lead">{say.lead}</p>
      </header>
      {trouble.value === null ? null : <p class="notice">{fill(say.failed, { detail: complaint(trouble.value) })}</p>}
      {known === null && trouble.value === null ? <p class="waiting">{app.loading}</p> : null}
      {known === null ? null : (
        <>
          <Together path={path} holdout={known.holdout} speech={speech} />
          <section aria-labelledby="each-title">
            <h2 id="each-title">{say.each}</h2>
            <p class="lead">{say.eachLead}</p>
            <ul class="effect-list">
              {known.offers.map((offer) => (
                <One key={offer.id} offer={offer} path={path} speech={speech} />
              ))}
            </ul>
          </section>
          <Segments segments={known.segments} />
        </>
      )}
    </div>
  );
}

function Together({ path, holdout, speech }: { path: string; holdout: number; speech: Speech }) {
  const { effect: say, app } = words.value;
  const { answer, trouble } = useAsked<Lift>(`${path}/lift`, REFRESH_MS);
  const lift = answer.value;
  return (
    <section class="panel together" aria-labelledby="all-title">
      <div class="panel-head">
        <h2 id="all-title">{say.all}</h2>
      </div>
      {trouble.value === null ? null : <p class="notice">{fill(say.failed, { detail: complaint(trouble.value) })}</p>}
      {lift === null ? <p class="waiting">{app.loading}</p> : <Whole lift={lift} speech={speech} />}
      {lift === null || holdout === 0 ? null : <p>{fill(say.allSince, { at: moment(lift.since, tongue.value, store.value?.timezone ?? "UTC", Date.now()) })}</p>}
      <p>{holdout > 0 ? fill(say.holdout, { p: percent(holdout, tongue.value) }) : say.holdoutNone}</p>
      <Definition text={say.howText} of={say.title} />
    </section>
  );
}

function Whole({ lift, speech }: { lift: Lift; speech: Speech }) {
  const { effect: say } = words.value;
  return (
    <>
      <h3 class="hidden">{say.meaning}</h3>
      <Meaning lift={lift} speech={speech} />
      <Interval lift={lift} speech={speech} scale />
      <Arms lift={lift} />
      {lift.hidden === "sample-ratio" ? null : <p>{earns(lift, speech) ?? say.moneyNot}</p>}
      <p class="fine">{say.valid}</p>
    </>
  );
}

function One({ offer, path, speech }: { offer: StoreOffer; path: string; speech: Speech }) {
  const { effect: say, offers } = words.value;
  const open = useSignal(false);
  const id = `effect-${offer.id}`;
  return (
    <li data-offer={offer.id}>
      <div class="effect-row">
        <h3>
          {offer.title[tongue.value]} {offer.state === "live" ? null : <span class="badge">{offers.state[offer.state]}</span>}
        </h3>
        <Interval lift={offer.lift} speech={speech} />
        <span class="effect-short">{short(offer.lift, speech)}</span>
        <button type="button" class="quiet" aria-expanded={open.value} aria-controls={id} onClick={() => (open.value = !open.value)}>
          {open.value ? offers.close : say.details}
          <span class="hidden"> {offer.title[tongue.value]}</span>
        </button>
      </div>
      <div id={id} hidden={!open.value}>
        {open.value ? <OneInFull offer={offer} path={`${path}/offers/${encodeURIComponent(offer.id)}/lift`} speech={speech} /> : null}
      </div>
    </li>
  );
}

/** With the money, which is asked for one offer at a time. */
function OneInFull({ offer, path, speech }: { offer: StoreOffer; path: string; speech: Speech }) {
  const { effect: say } = words.value;
  const { answer, trouble } = useAsked<OfferLift>(path, REFRESH_MS);
  const whole = answer.value;
  const lift = whole ?? offer.lift;
  return (
    <div class="effect-full">
      <Meaning lift={lift} speech={speech} />
      <Arms lift={lift} />
      {trouble.value === null ? null : <p class="notice">{fill(say.failed, { detail: complaint(trouble.value) })}</p>}
      {whole === null || whole.hidden === "sample-ratio" ? null : <p>{earns(whole, speech) ?? say.moneyNot}</p>}
      {whole === null || whole.word === null ? null : <p data-word>{fill(say.word, { brought: wordBrought(whole.word, speech) })}</p>}
      {whole === null || whole.approval === null ? null : <p data-approval>{fill(say.approval, { brought: wordBrought(whole.approval, speech) })}</p>}
      {whole === null || whole.banned === null ? null : <p data-banned>{fill(say.banned, { brought: wordBrought(whole, speech) })}</p>}
      {offer.control > 0 ? <p>{fill(say.control, { p: percent(offer.control, tongue.value) })}</p> : null}
    </div>
  );
}
