// Fleet: what needs somebody, worst first; then every box with its receivers, and the beacons, tags and sensors.

import { useSignal } from "@preact/signals";

import { useAsked } from "../asked";
import { Beacons } from "../fleet/beacons";
import { BoxLine } from "../fleet/box";
import { type Fleet, ofStore } from "../fleet/shape";
import { hearing, inOrder, type Tellers, type Trouble, troubles, worstFirst } from "../fleet/troubles";
import { clock, count, fill } from "../format";
import { tongue, words } from "../lang";
import { fleetWords } from "../lang/fleet";
import { complaint } from "../parts/form";
import { store } from "../state";
import type { Store } from "../types";

const REFRESH_MS = 5_000;
/** So many are shown at first. */
const TROUBLES = 12;

export function FleetPage() {
  const shown = store.value;
  if (shown === null) return <p class="waiting">{words.value.app.loading}</p>;
  return <FleetOf key={shown.id} shown={shown} />;
}

function FleetOf({ shown }: { shown: Store }) {
  const say = fleetWords.value;
  const { answer, at, trouble } = useAsked<Fleet>("/api/v1/fleet", REFRESH_MS);
  const tellers: Tellers = { say, words: words.value, tongue: tongue.value, zone: shown.timezone };
  return (
    <div class="fleet">
      <header>
        <h1>{say.title}</h1>
        <p class="lead">
          {say.lead}
          {answer.value === null ? null : <span class="fine"> {fill(say.updated, { at: clock(at.value, tongue.value, shown.timezone) })}</span>}
        </p>
      </header>
      {trouble.value === null ? null : <p class="notice">{fill(say.failed, { detail: complaint(trouble.value) })}</p>}
      {answer.value === null && trouble.value === null ? <p class="waiting">{words.value.app.loading}</p> : null}
      {answer.value === null ? null : <Whole fleet={ofStore(answer.value, shown.id)} tellers={tellers} />}
    </div>
  );
}

function Whole({ fleet, tellers }: { fleet: Fleet; tellers: Tellers }) {
  const { say } = tellers;
  const found = troubles(fleet, tellers);
  const boxes = fleet.gateways.filter((box) => box.state !== "revoked");
  const receivers = hearing(fleet);
  return (
    <>
      <dl class="fleet-sums">
        <Sum name={say.boxes} text={say.boxesOk} ok={boxes.filter((box) => box.state === "online").length} n={boxes.length} />
        <Sum name={say.receivers} text={say.receiversOk} ok={receivers.ok} n={receivers.n} />
        <Sum name={say.beacons} text={say.beaconsOk} ok={fleet.beacons.filter(inOrder).length} n={fleet.beacons.length} />
      </dl>
      <Needs found={found} boxes={fleet.gateways.length} say={say} />
      <section aria-labelledby="boxes-title">
        <h2 id="boxes-title">{say.boxes}</h2>
        {fleet.gateways.length === 0 ? <p class="empty-note">{say.boxesNone}</p> : null}
        <ul class="box-list">
          {worstFirst(fleet.gateways, found).map((box) => (
            <BoxLine key={box.id} box={box} at={fleet.at} troubles={found.filter((one) => one.box === box.id)} tellers={tellers} />
          ))}
        </ul>
      </section>
      <Beacons fleet={fleet} tellers={tellers} />
    </>
  );
}

function Sum({ name, text, ok, n }: { name: string; text: string; ok: number; n: number }) {
  const number = (value: number) => count(value, tongue.value);
  return (
    <div>
      <dt>{name}</dt>
      <dd>{n === 0 ? "–" : fill(text, { ok: number(ok), n: number(n) })}</dd>
    </div>
  );
}

/** Everything that needs somebody, with what to do about it. */
function Needs({ found, boxes, say }: { found: Trouble[]; boxes: number; say: Tellers["say"] }) {
  const all = useSignal(false);
  const shown = all.value ? found : found.slice(0, TROUBLES);
  return (
    <section class="panel needs" aria-labelledby="needs-title">
      <h2 id="needs-title">{say.needs}</h2>
      {found.length === 0 && boxes > 0 ? <p class="all-well">{say.allWell}</p> : null}
      <ul>
        {shown.map((one) => (
          <li key={`${one.name} ${one.code}`} class={`trouble ${one.level}`} data-code={one.code}>
            <i aria-hidden="true" />
            <p>
              <b>{one.name}</b> {one.wrong}
            </p>
            <small>{one.todo}</small>
          </li>
        ))}
      </ul>
      {shown.length < found.length ? (
        <button type="button" class="second" onClick={() => (all.value = true)}>
          {fill(say.more, { n: count(found.length, tongue.value) })}
        </button>
      ) : null}
    </section>
  );
}
