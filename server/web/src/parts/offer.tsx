// One offer of the store: how far it is let out, what came of it, what it changed, and what people say of it.

import { count, fill, moment, money, percent } from "../format";
import { tongue, words } from "../lang";
import { same, told, USUAL } from "../lever";
import { short, type Speech } from "../meaning";
import { store } from "../state";
import type { StoreOffer } from "../types";
import { Interval } from "./interval";
import { WordForm } from "./word";

interface Props {
  offer: StoreOffer;
  path: string;
  open: boolean;
  turn: () => void;
  changed: () => Promise<void>;
}

export function OfferCard({ offer, path, open, turn, changed }: Props) {
  const { offers: say } = words.value;
  const speech = tongue.value;
  const title = offer.title[speech];
  const id = `offer-${offer.id}`;
  return (
    <li class={`offer ${offer.state}`} data-offer={offer.id}>
      <div>
        <h2>
          {title} <span class="badge state">{say.state[offer.state]}</span>
        </h2>
        <p class="fine">{facts(offer)}</p>
        <p class="offer-state">{stateHelp(offer)}</p>
      </div>
      <Figures offer={offer} />
      {offer.conflicts.map((other) => (
        <p key={other.offerId} class="notice conflict">
          {fill(say.conflict, { other: other.title[speech], a: cents(offer.discount[0]), b: cents(other.discount) })}
        </p>
      ))}
      <div class="offer-word">
        <p>
          <span>{say.yours}:</span> <b data-testid="word">{told(offer.word, words.value, speech)}</b>
          {offer.word.by === null || same(offer.word, USUAL) ? null : <small> {fill(say.said, { by: offer.word.by, at: at(offer.word.at ?? "") })}</small>}
        </p>
        <button type="button" class="second" aria-expanded={open} aria-controls={id} onClick={turn}>
          {open ? say.close : say.change}
          <span class="hidden"> {fill(say.yoursOf, { offer: title })}</span>
        </button>
      </div>
      <div id={id} hidden={!open}>
        {open ? <WordForm offer={offer} path={`${path}/${encodeURIComponent(offer.id)}/lever`} changed={changed} /> : null}
      </div>
    </li>
  );
}

function speechNow(): Speech {
  return { words: words.value, tongue: tongue.value, currency: store.value?.currency ?? "EUR" };
}

function cents(value: number): string {
  return money(value, speechNow());
}

function at(when: string): string {
  return moment(when, tongue.value, store.value?.timezone ?? "UTC", Date.now());
}

/** What it is about, where, for how much less, and for whom. */
function facts(offer: StoreOffer): string {
  const { offers: say } = words.value;
  const [least, most] = offer.discount;
  const saves = most <= 0 ? say.savesNothing : least === most ? fill(say.saves, { a: cents(least) }) : fill(say.savesRange, { a: cents(least), b: cents(most) });
  const parts = [
    offer.about,
    offer.zones.length === 0 ? say.nowhere : fill(say.at, { zones: offer.zones.join(", ") }),
    saves,
    offer.segments.length === 0 ? null : fill(say.onlyFor, { groups: offer.segments.join(", ") }),
    offer.starts === null || offer.state === "soon" ? null : fill(say.from, { at: at(offer.starts) }),
    offer.ends === null || offer.state === "over" ? null : fill(say.until, { at: at(offer.ends) }),
  ];
  return parts.filter((part) => part !== null && part !== "").join(" · ");
}

/** What its state means; a live one needs no word. */
function stateHelp(offer: StoreOffer): string | null {
  if (offer.state === "live") return null;
  const when = { stopped: offer.stoppedAt, soon: offer.starts, over: offer.ends }[offer.state as "stopped" | "soon" | "over"] ?? null;
  return fill(words.value.offers.stateHelp[offer.state], {
    share: offer.share === null ? "–" : percent(offer.share, tongue.value),
    at: when === null ? "–" : at(when),
  });
}

function Figures({ offer }: { offer: StoreOffer }) {
  const { offers: say } = words.value;
  const speech = speechNow();
  const number = (n: number) => count(n, tongue.value);
  const pairs: [string, string, number][] = [
    ["told", say.told, offer.told],
    ["opened", say.opened, offer.opened],
    ["redeemed", say.redeemed, offer.redeemed],
    ["purchased", say.purchased, offer.purchased],
    ["kept", say.keptBack, offer.keptBack],
    ...(offer.inShadow === 0 && offer.state !== "shadow" ? [] : ([["shadow", say.inShadow, offer.inShadow]] as [string, string, number][])),
  ];
  return (
    <>
      <dl class="offer-figures">
        {pairs.map(([key, name, value]) => (
          <div key={key}>
            <dt>{name}</dt>
            <dd data-figure={key}>{number(value)}</dd>
          </div>
        ))}
        <div>
          <dt>{say.budget}</dt>
          <dd data-figure="left">
            {offer.budget === null ? <small>{say.noBudget}</small> : number(offer.budget.left)}
            {offer.budget === null ? null : <small> {fill(say.budgetOf, { n: number(offer.budget.total) })}</small>}
          </dd>
        </div>
        <div class="offer-effect">
          <dt>{say.effect}</dt>
          <dd data-figure="effect">
            <span>{short(offer.lift, speech)}</span>
            <Interval lift={offer.lift} speech={speech} />
          </dd>
        </div>
      </dl>
      <p class="fine">{fill(say.since, { at: at(offer.since) })}</p>
    </>
  );
}
