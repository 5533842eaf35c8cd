// The day's figures of every zone.

import { count, span } from "../format";
import { tongue, words } from "../lang";
import type { Today } from "../types";
import { Definition } from "./tiles";

export function ZoneFigures({ zones }: { zones: Today["zones"] }) {
  const { day: say, time } = words.value;
  const most = Math.max(1, ...zones.map((zone) => zone.entries));
  const sorted = [...zones].sort((a, b) => b.entries - a.entries);
  return (
    <section aria-labelledby="zones-title">
      <h2 id="zones-title">{say.zones}</h2>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">{words.value.plan.zone}</th>
            <th scope="col" class="wide-only">
              <span class="hidden">{say.entries}</span>
            </th>
            <th scope="col" class="number">
              {say.entries}
            </th>
            <th scope="col" class="number">
              {say.dwellMedian}
            </th>
            <th scope="col" class="number">
              {say.engaged}
            </th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((zone) => (
            <tr key={zone.zone}>
              <th scope="row">{zone.name}</th>
              <td class="wide-only" aria-hidden="true">
                <span class="track">
                  <i style={{ width: `${(zone.entries / most) * 100}%` }} />
                </span>
              </td>
              <td class="number strong">{count(zone.entries, tongue.value)}</td>
              <td class="number">{zone.dwellMedianS === null ? "–" : span(zone.dwellMedianS * 1000, time)}</td>
              <td class="number">{count(zone.engaged, tongue.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Definition text={say.zonesDef} of={say.zones} />
    </section>
  );
}
