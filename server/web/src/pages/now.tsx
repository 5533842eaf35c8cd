// Now: how many are here, where they stand, what was decided and why, and whether the equipment hears.

import { count, fill } from "../format";
import { tongue, words } from "../lang";
import { link, now } from "../live";
import { Decisions } from "../parts/decisions";
import { Equipment } from "../parts/equipment";
import { estimateBeside } from "../parts/people";
import { PlanPanel } from "../plan/panel";
import { plan } from "../state";
import type { Now } from "../types";

export function NowPage() {
  const { app, live } = words.value;
  const picture = now.value;
  const floorPlan = plan.value;
  if (picture === null || floorPlan === null) return <p class="waiting">{app.loading}</p>;
  return (
    <div class={`now ${link.value}`}>
      <h1 class="hidden">{app.now}</h1>
      {link.value === "stale" ? <p class="notice">{live.staleHelp}</p> : null}
      <Headline picture={picture} />
      <div class="stage">
        <PlanPanel plan={floorPlan} picture={picture} />
        <Decisions plan={floorPlan} />
      </div>
      <Equipment plan={floorPlan} picture={picture} />
    </div>
  );
}

function Headline({ picture }: { picture: Now }) {
  const { people } = words.value;
  const { total, identified, tags, anonymous } = picture.people;
  // Fewer than are heard is no news: somebody's phone is still counted on the way out.
  const estimate = estimateBeside(total, picture.estimated);
  const estimated = estimate !== null && estimate > total ? estimate : null;
  const parts = [
    { kind: "customer", n: identified, name: people.customers, help: people.customersHelp },
    { kind: "tag", n: tags, name: people.tags, help: people.tagsHelp },
    { kind: "anonymous", n: anonymous, name: people.anonymous, help: people.anonymousHelp },
  ];
  const number = (n: number) => count(n, tongue.value);
  return (
    <section class="headline">
      <p class="total">
        <strong data-testid="people-total">{number(total)}</strong>{" "}
        <span>
          {people.inShop}
          {estimated === null ? null : <small data-testid="people-estimated" title={words.value.plan.estimatedHelp}>{fill(people.estimated, { n: number(estimated) })}</small>}
        </span>
      </p>
      <div class="mix">
        <div class="mix-bar" aria-hidden="true">
          {parts.map((part) => (
            <i key={part.kind} class={part.kind} style={{ flexGrow: String(part.n) }} />
          ))}
        </div>
        <ul>
          {parts.map((part) => (
            <li key={part.kind}>
              <i class={`swatch ${part.kind}`} aria-hidden="true" />
              <b>{number(part.n)}</b> <span>{part.name}</span>
              <small>{part.help}</small>
            </li>
          ))}
        </ul>
      </div>
      <dl class="doorway" aria-label={people.door}>
        <div>
          <dt>{people.entered}</dt>
          <dd data-testid="door-entered">{number(picture.door.entered)}</dd>
        </div>
        <div>
          <dt>{people.left}</dt>
          <dd data-testid="door-left">{number(picture.door.left)}</dd>
        </div>
      </dl>
    </section>
  );
}
