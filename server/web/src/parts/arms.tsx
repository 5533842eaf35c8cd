// The two groups of a measurement beside each other: how many customers, and how many of them bought.

import { count, percent } from "../format";
import { tongue, words } from "../lang";
import type { Lift } from "../types";

export function Arms({ lift }: { lift: Lift }) {
  const { effect: say } = words.value;
  const row = (name: string, { n, converted }: Lift["treated"]) => (
    <tr>
      <th scope="row">{name}</th>
      <td class="number">{count(n, tongue.value)}</td>
      <td class="number">{count(converted, tongue.value)}</td>
      <td class="number strong">{n === 0 ? "–" : percent(converted / n, tongue.value)}</td>
    </tr>
  );
  return (
    <table class="figures arms">
      <thead>
        <tr>
          <th scope="col">{say.group}</th>
          <th scope="col" class="number">
            {say.customers}
          </th>
          <th scope="col" class="number">
            {say.bought}
          </th>
          <th scope="col" class="number">
            {say.share}
          </th>
        </tr>
      </thead>
      <tbody>
        {row(say.told, lift.treated)}
        {row(say.kept, lift.control)}
      </tbody>
    </table>
  );
}
