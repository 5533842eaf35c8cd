// The declared groups of customers, in the order in which they are asked.

import { fill } from "../format";
import { tongue, words } from "../lang";
import { weight } from "../lever";
import type { StoreOffers } from "../types";

export function Segments({ segments }: { segments: StoreOffers["segments"] }) {
  const { effect: say, offers } = words.value;
  return (
    <section aria-labelledby="segments-title">
      <h2 id="segments-title">{say.segments}</h2>
      <p class="lead">{segments.length === 0 ? say.noSegments : say.segmentsLead}</p>
      {segments.length === 0 ? null : (
        <table class="figures segments">
          <thead>
            <tr>
              <th scope="col">{say.order}</th>
              <th scope="col">{say.group}</th>
              <th scope="col" class="number">
                {say.weight}
              </th>
              <th scope="col">{say.rule}</th>
            </tr>
          </thead>
          <tbody>
            {segments.map((segment, index) => (
              <tr key={segment.id}>
                <td>{index + 1}</td>
                <th scope="row">{segment.id}</th>
                <td class="number">{fill(offers.weightValue, { n: weight(segment.weight, tongue.value) })}</td>
                <td>
                  <code>{segment.rule}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
