// The offers that are good now, each with its reason and its three answers.

import { useEffect, useState } from "preact/hooks";

import { fill, span } from "../format";
import { tongue, words } from "../lang";
import type { Offer } from "../types";
import { allowed, answer, answers, offers } from "./state";

export function Offers() {
  const { phone } = words.value;
  const now = useClock();
  return (
    <section aria-labelledby="offers-title">
      <h2 id="offers-title">{phone.offersTitle}</h2>
      <div aria-live="polite">
        {offers.value.map((offer) => (
          <Card key={offer.id} offer={offer} now={now} />
        ))}
      </div>
      {offers.value.length === 0 ? <p class="nothing">{allowed.value ? phone.offersNone : phone.offersNeed}</p> : null}
    </section>
  );
}

function Card({ offer, now }: { offer: Offer; now: number }) {
  const { phone, time } = words.value;
  const said = answers.value[offer.id];
  const left = new Date(offer.expiresAt).getTime() - now;
  const over = left <= 0 && said !== "redeemed";
  const done = said === "dismissed" || said === "redeemed" || over;
  return (
    <article class={done ? "card done" : "card"} data-offer={offer.id}>
      <p class="card-place">
        {fill(phone.at, { zone: offer.zoneName })}
        {done ? null : <span> · {fill(phone.expires, { left: span(left, time) })}</span>}
      </p>
      <h3>{offer.title}</h3>
      {said === "dismissed" ? null : <p>{offer.body}</p>}
      <details>
        <summary>{phone.why}</summary>
        <p data-testid="reason">{offer.reason[tongue.value]}</p>
        <Grounds offer={offer} />
      </details>
      {done ? <p class="card-end">{said === "redeemed" ? phone.redeemed : said === "dismissed" ? phone.dismissed : phone.over}</p> : <Answers offer={offer} opened={said === "opened"} />}
    </article>
  );
}

/** The customer's data that an offer rests on, each with the permission by which it is used. */
function Grounds({ offer }: { offer: Offer }) {
  const { phone } = words.value;
  const grounds = offer.restsOn ?? [];
  if (grounds.length === 0) return null;
  const by = (purpose: string | null) => (purpose === "locating" ? phone.byLocating : purpose === "profiling" ? phone.byProfiling : phone.notYours);
  return (
    <>
      <p class="grounds-title">{phone.restsOn}</p>
      <ul class="grounds" data-testid="grounds">
        {grounds.map((ground) => (
          <li key={ground.code} data-ground={ground.code}>
            {ground[tongue.value]} <small>{by(ground.purpose)}</small>
          </li>
        ))}
      </ul>
      <p class="fine">{phone.restsHelp}</p>
    </>
  );
}

function Answers({ offer, opened }: { offer: Offer; opened: boolean }) {
  const { phone } = words.value;
  return (
    <div class="answers">
      {opened ? (
        <button type="button" class="primary" onClick={() => answer(offer, "redeemed")}>
          {phone.redeem}
        </button>
      ) : (
        <button type="button" class="primary" onClick={() => answer(offer, "opened")}>
          {phone.open}
        </button>
      )}
      {opened ? null : (
        <button type="button" class="second" onClick={() => answer(offer, "redeemed")}>
          {phone.redeem}
        </button>
      )}
      <button type="button" class="quiet" onClick={() => answer(offer, "dismissed")}>
        {phone.no}
      </button>
    </div>
  );
}

/** This page's clock, once a second. */
function useClock(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
