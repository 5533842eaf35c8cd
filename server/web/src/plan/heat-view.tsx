// The heat map: how long people stood where, by day and hour, drawn or as a table.

import { useEffect, useMemo, useState } from "preact/hooks";

import { count, dateIn, fill, minutes } from "../format";
import { byZone, csvOf, heat, heatDay, heatHour, readHeat } from "../heat";
import { tongue, words } from "../lang";
import type { Floor, Heat, Plan } from "../types";
import { Warmth } from "./canvas";
import { heatOf } from "./density";
import { Ground, ZoneLabels, type ZoneFace } from "./ground";
import { HeatHours } from "./heat-hours";
import { Measured } from "../parts/measured";
import { boundsOf, unproject, viewOf } from "./scale";
import { Tip } from "./tip";

const AGAIN_MS = 20_000;

export function HeatView({ floor, plan, shape }: { floor: Floor; plan: Plan; shape: "plan" | "table" }) {
  const { heat: say } = words.value;
  const { id, timezone } = plan.store;
  const today = dateIn(timezone, Date.now());
  const date = heatDay.value ?? today;
  const hour = heatHour.value;
  useEffect(() => {
    const read = () => void readHeat(id, floor.id, date, hour, timezone);
    read();
    const timer = date === today ? setInterval(read, AGAIN_MS) : undefined;
    return () => clearInterval(timer);
  }, [id, floor.id, date, hour, timezone, today]);
  const answer = heat.value;
  return (
    <div class="heat-view">
      <p class="fine">{say.lead}</p>
      <HeatHours date={date} today={today} zone={timezone} day={answer.at === "known" ? answer.day : null} />
      {answer.at === "failed" ? <p class="complaint">{fill(say.failed, { detail: answer.detail })}</p> : null}
      {answer.at !== "known" ? null : shape === "plan" ? <HeatPlan floor={floor} plan={plan} shown={answer.shown} /> : <HeatTable floor={floor} shown={answer.shown} />}
      {answer.at !== "known" ? null : (
        <p class="fine heat-foot">
          <span data-testid="heat-total">{answer.shown.cells.length === 0 ? say.none : fill(say.total, { n: figure(total(answer.shown)) })}</span>
          {answer.day.hours.some((one) => one.personSeconds === null) ? <span>{fill(say.thin, { k: answer.day.peopleMin })}</span> : null}
          <a href={csvOf(id, floor.id, date, hour, timezone)} download="heat.csv">
            {say.csv}
          </a>
          <span>({say.csvHelp})</span>
        </p>
      )}
    </div>
  );
}

const total = (shown: Heat) => shown.cells.reduce((sum, [, , seconds]) => sum + seconds, 0);
const figure = (seconds: number) => minutes(seconds, tongue.value);

function HeatPlan({ floor, plan, shown }: { floor: Floor; plan: Plan; shown: Heat }) {
  const field = useMemo(() => heatOf(shown.cells, shown.side, boundsOf(floor)), [shown, floor]);
  const most = useMemo(() => field.layers[0]?.reduce((a, b) => Math.max(a, b), 0) ?? 0, [field]);
  return (
    <>
      <Measured>{(width) => <HeatDrawing floor={floor} plan={plan} shown={shown} field={field} most={most} width={width} />}</Measured>
      <Ramp most={most} />
    </>
  );
}

function HeatDrawing({ floor, plan, shown, field, most, width }: { floor: Floor; plan: Plan; shown: Heat; field: ReturnType<typeof heatOf>; most: number; width: number }) {
  const { heat: say } = words.value;
  const view = useMemo(() => viewOf(boundsOf(floor), width), [floor, width]);
  const [pointed, point] = useState<{ x: number; y: number; seconds: number } | null>(null);
  const zones = useMemo(() => byZone(shown, floor), [shown, floor]);
  const cells = useMemo(() => new Map(shown.cells.map(([x, y, seconds]) => [key(x, y, shown.side), seconds])), [shown]);
  const faceOf = (id: string, name: string): ZoneFace => {
    const closed = floor.zones.find((zone) => zone.id === id)?.kind === "private";
    const n = closed ? "–" : figure(zones.get(id)?.seconds ?? 0);
    return { label: fill(say.zoneLabel, { name, n }), number: n, beside: null, none: closed || n === "0", warmth: 0, people: 0 };
  };
  const onPointerMove = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const [metresX, metresY] = unproject(view, [x, y]);
    const seconds = cells.get(key(metresX, metresY, shown.side));
    point(seconds === undefined ? null : { x, y, seconds });
  };
  return (
    <div class="drawing heat" role="group" aria-labelledby="plan-title" style={{ width: `${view.width}px`, height: `${view.height}px` }} onPointerMove={onPointerMove} onPointerLeave={() => point(null)}>
      <Ground floor={floor} plan={plan} view={view} faceOf={faceOf} />
      <Warmth field={field} floor={floor} view={view} most={most} />
      <svg class="over" width={view.width} height={view.height} viewBox={`0 0 ${view.width} ${view.height}`}>
        <ZoneLabels floor={floor} view={view} faceOf={faceOf} />
      </svg>
      {pointed === null ? null : (
        <Tip view={view} x={pointed.x} y={pointed.y}>
          {fill(say.here, { n: figure(pointed.seconds) })}
        </Tip>
      )}
    </div>
  );
}

function key(x: number, y: number, side: number): string {
  return `${Math.floor(x / side)} ${Math.floor(y / side)}`;
}

/** What the colours mean. The scale is a root: half way along is a quarter of the most. */
function Ramp({ most }: { most: number }) {
  const { heat: say } = words.value;
  return (
    <div class="ramp">
      <span>{say.legend}</span>
      <span class="ramp-scale" role="img" aria-label={`${say.legend}: 0 – ${figure(most)}`}>
        <i aria-hidden="true" />
        {[0, 0.25, 0.5, 0.75, 1].map((place) => (
          <small key={place} style={{ left: `${place * 100}%` }} aria-hidden="true">
            {figure(most * place ** 2)}
          </small>
        ))}
      </span>
    </div>
  );
}

function HeatTable({ floor, shown }: { floor: Floor; shown: Heat }) {
  const { plan: say, heat: texts } = words.value;
  const zones = byZone(shown, floor);
  const most = Math.max(1, ...[...zones.values()].map((zone) => zone.seconds));
  const rows = [...floor.zones].sort((a, b) => (zones.get(b.id)?.seconds ?? 0) - (zones.get(a.id)?.seconds ?? 0));
  return (
    <table class="figures">
      <thead>
        <tr>
          <th scope="col">{say.zone}</th>
          <th scope="col" class="wide-only">
            <span class="hidden">{texts.minutes}</span>
          </th>
          <th scope="col" class="number">
            {texts.minutes}
          </th>
          <th scope="col" class="number">
            {texts.perMetre}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((zone) => {
          const { seconds, cells } = zones.get(zone.id) ?? { seconds: 0, cells: 0 };
          return (
            <tr key={zone.id}>
              <th scope="row">{zone.name}</th>
              <td class="wide-only" aria-hidden="true">
                <span class="track">
                  <i style={{ width: `${(seconds / most) * 100}%` }} />
                </span>
              </td>
              <td class="number strong">{count(seconds / 60, tongue.value)}</td>
              <td class="number">{cells === 0 ? "–" : figure(seconds / (cells * shown.side ** 2))}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
