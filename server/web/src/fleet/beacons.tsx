// The shop's beacons, tags and sensors: whether they are heard, where they should be, and how full their batteries are.

import { useSignal } from "@preact/signals";

import { ago, count, fill } from "../format";
import type { Beacon, Fleet } from "./shape";
import { charge, inOrder, type Tellers } from "./troubles";

/** So many are shown at first. */
const SHOWN = 20;

export function Beacons({ fleet, tellers }: { fleet: Fleet; tellers: Tellers }) {
  const { say, words, tongue } = tellers;
  const { table } = say;
  const all = useSignal(false);
  const now = new Date(fleet.at).getTime();
  const sorted = [...fleet.beacons].sort((a, b) => Number(inOrder(a)) - Number(inOrder(b)) || a.id.localeCompare(b.id));
  const shown = all.value ? sorted : sorted.slice(0, SHOWN);
  return (
    <section aria-labelledby="beacons-title">
      <h2 id="beacons-title">{say.beacons}</h2>
      {sorted.length === 0 ? (
        <p class="empty-note">{say.beaconsNone}</p>
      ) : (
        <table class="figures beacons">
          <thead>
            <tr>
              <th scope="col">{table.who}</th>
              <th scope="col">{table.condition}</th>
              <th scope="col" class="number">
                {table.battery}
              </th>
              <th scope="col" class="number wide-only">
                {table.heard}
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((beacon) => (
              <tr key={`${beacon.kind} ${beacon.id}`} data-beacon={beacon.id}>
                <th scope="row">{fill(say.name[beacon.kind], { id: beacon.id })}</th>
                <td class={`condition ${inOrder(beacon) ? (beacon.state === "heard" ? "well" : "away") : "warn"}`}>
                  <i aria-hidden="true" /> {state(beacon, say)}
                </td>
                <td class={beacon.battery?.low === true ? "number low" : "number"}>{beacon.battery === null ? "–" : charge(beacon.battery, tellers)}</td>
                <td class="number wide-only">
                  {beacon.lastHeard === null ? table.never : ago(beacon.lastHeard, now, words.time)}
                  {beacon.lastReceiver === null ? null : <small> {fill(table.by, { receiver: beacon.lastReceiver })}</small>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {shown.length < sorted.length ? (
        <button type="button" class="second" onClick={() => (all.value = true)}>
          {fill(say.more, { n: count(sorted.length, tongue) })}
        </button>
      ) : null}
    </section>
  );
}

function state({ state, battery }: Beacon, { table }: Tellers["say"]): string {
  if (state === "heard" && battery?.low === true) return table.low;
  return { never: table.neverHeard, heard: table.ok, missing: table.missing, away: table.away, moved: table.moved, offline: table.gone }[state];
}
