// The plan for those who would rather read it: one row a zone.

import { words } from "../lang";
import { zone as picked } from "../state";
import type { Floor, Now } from "../types";

/** The numbers of every zone; of the past only how many. */
export function ZoneTable({ floor, picture, past }: { floor: Floor; picture: Now; past: boolean }) {
  const { plan: say, people } = words.value;
  const estimates = picture.zones.some((entry) => (entry.estimated ?? 0) > 0);
  const rows = new Map(picture.zones.map((entry) => [entry.zone, entry]));
  return (
    <table class="figures">
      <thead>
        <tr>
          <th scope="col">{say.zone}</th>
          <th scope="col" class="wide-only">
            {say.kind}
          </th>
          <th scope="col" class="number">
            {say.total}
          </th>
          {estimates ? (
            <th scope="col" class="number" title={say.estimatedHelp}>
              ≈
            </th>
          ) : null}
          {past ? null : (
            <>
              <th scope="col" class="number">
                {people.customers}
              </th>
              <th scope="col" class="number">
                {people.tags}
              </th>
              <th scope="col" class="number">
                {people.anonymous}
              </th>
            </>
          )}
        </tr>
      </thead>
      <tbody>
        {floor.zones.map((zone) => {
          const row = rows.get(zone.id);
          return (
            <tr key={zone.id} class={picked.value === zone.id ? "picked" : ""}>
              <th scope="row">{zone.name}</th>
              <td class="wide-only">{say.kinds[zone.kind] ?? zone.kind}</td>
              <td class="number strong">{row?.total ?? 0}</td>
              {estimates ? <td class="number">{typeof row?.estimated === "number" ? Math.round(row.estimated) : "–"}</td> : null}
              {past ? null : (
                <>
                  <td class="number">{row?.identified ?? 0}</td>
                  <td class="number">{row?.tags ?? 0}</td>
                  <td class="number">{row?.anonymous ?? 0}</td>
                </>
              )}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
