// Offers: all that the store may say, how far it is let out, what came of it, and what people say of it.

import { useSignal } from "@preact/signals";

import { useAsked } from "../asked";
import { fill } from "../format";
import { words } from "../lang";
import { complaint } from "../parts/form";
import { OfferCard } from "../parts/offer";
import { store } from "../state";
import type { StoreOffers } from "../types";

const REFRESH_MS = 10_000;

export function OffersPage() {
  const shown = store.value;
  if (shown === null) return <p class="waiting">{words.value.app.loading}</p>;
  return <OffersOf key={shown.id} id={shown.id} />;
}

function OffersOf({ id }: { id: string }) {
  const { app, offers: say } = words.value;
  const path = `/api/v1/stores/${encodeURIComponent(id)}/offers`;
  const { answer, trouble, again } = useAsked<StoreOffers>(path, REFRESH_MS);
  const open = useSignal<string | null>(null);
  const all = answer.value?.offers ?? null;
  return (
    <div class="offers">
      <header>
        <h1>{say.title}</h1>
        <p class="lead">{say.lead}</p>
      </header>
      {trouble.value === null ? null : <p class="notice">{fill(say.failed, { detail: complaint(trouble.value) })}</p>}
      {all === null && trouble.value === null ? <p class="waiting">{app.loading}</p> : null}
      {all?.length === 0 ? <p class="empty-note">{say.none}</p> : null}
      <ul class="offer-list">
        {(all ?? []).map((offer) => (
          <OfferCard key={offer.id} offer={offer} path={path} open={open.value === offer.id} turn={() => (open.value = open.value === offer.id ? null : offer.id)} changed={again} />
        ))}
      </ul>
    </div>
  );
}
