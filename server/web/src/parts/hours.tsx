// The day hour by hour: bars for those who came in, a mark for the visits that began, and the same as a table.

import { count, fill } from "../format";
import { busyPart } from "../hours";
import { tongue, words } from "../lang";
import type { Today } from "../types";
import { Measured } from "./measured";
import { Definition } from "./tiles";

type Hour = Today["hourly"][number];

const HEIGHT = 190;
const BASE = HEIGHT - 24;
const TOP = 14;

export function Hours({ hourly }: { hourly: Hour[] }) {
  const { day: say } = words.value;
  const busiest = [...hourly].sort((a, b) => b.footfall - a.footfall || a.hour - b.hour)[0];
  const lead = busiest === undefined || busiest.footfall === 0 ? say.empty : fill(say.hoursLead, { hour: `${String(busiest.hour).padStart(2, "0")}:00` });
  return (
    <section class="panel" aria-labelledby="hours-title">
      <header class="panel-head">
        <h2 id="hours-title">{say.hours}</h2>
        <p class="fine">{lead}</p>
        <ul class="legend">
          <li>
            <i class="swatch bar-swatch" aria-hidden="true" /> {say.footfall}
          </li>
          <li>
            <i class="swatch line-swatch" aria-hidden="true" /> {say.visits}
          </li>
        </ul>
      </header>
      <Measured>{(width) => <Bars hourly={busyPart(hourly)} width={width} />}</Measured>
      <div class="under">
        <Definition text={say.hoursDef} of={say.hours} />
        <details class="definition">
          <summary>
            {say.table}
            <span class="hidden"> {say.hours}</span>
          </summary>
          <table class="figures">
            <thead>
              <tr>
                <th scope="col">{say.hour}</th>
                <th scope="col" class="number">
                  {say.footfall}
                </th>
                <th scope="col" class="number">
                  {say.visits}
                </th>
              </tr>
            </thead>
            <tbody>
              {hourly.map((one) => (
                <tr key={one.hour}>
                  <th scope="row">{String(one.hour).padStart(2, "0")}:00</th>
                  <td class="number">{count(one.footfall, tongue.value)}</td>
                  <td class="number">{count(one.visits, tongue.value)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      </div>
    </section>
  );
}

function Bars({ hourly, width }: { hourly: Hour[]; width: number }) {
  const most = Math.max(4, ...hourly.flatMap((one) => [one.footfall, one.visits]));
  const step = width / Math.max(hourly.length, 1);
  const bar = Math.min(34, step * 0.62);
  const y = (n: number) => BASE - (n / most) * (BASE - TOP);
  const every = step < 26 ? (step < 14 ? 4 : 3) : 1;
  return (
    <svg class="hours" width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} aria-hidden="true">
      <line class="axis" x1={0} x2={width} y1={BASE} y2={BASE} />
      {hourly.map((one, index) => {
        const middle = (index + 0.5) * step;
        return (
          <g key={one.hour}>
            {one.footfall === 0 ? null : <rect class="hour-bar" x={middle - bar / 2} width={bar} y={y(one.footfall)} height={BASE - y(one.footfall)} rx={Math.min(4, bar / 3)} />}
            {one.footfall === 0 || step < 26 ? null : (
              <text class="hour-value" x={middle} y={y(one.footfall) - 5} text-anchor="middle">
                {one.footfall}
              </text>
            )}
            {one.visits === 0 ? null : <line class="hour-visits" x1={middle - bar / 2 - 3} x2={middle + bar / 2 + 3} y1={y(one.visits)} y2={y(one.visits)} />}
            {index % every === 0 ? (
              <text class="hour-name" x={middle} y={HEIGHT - 7} text-anchor="middle">
                {String(one.hour).padStart(2, "0")}
              </text>
            ) : null}
          </g>
        );
      })}
    </svg>
  );
}
