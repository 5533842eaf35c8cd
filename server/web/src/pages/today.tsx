// Today: the figures of one day, each with what it means.

import { useSignal } from "@preact/signals";

import { useAsked } from "../asked";
import { clock, dateIn, day, fill, shiftDate } from "../format";
import { tongue, words } from "../lang";
import { complaint } from "../parts/form";
import { Funnel, Silences } from "../parts/funnel";
import { Hours } from "../parts/hours";
import { Tiles } from "../parts/tiles";
import { ZoneFigures } from "../parts/zones";
import { store } from "../state";
import type { Today } from "../types";

const REFRESH_MS = 10_000;

export function TodayPage() {
  const shown = store.value;
  const { app } = words.value;
  if (shown === null) return <p class="waiting">{app.loading}</p>;
  return <DayOf key={shown.id} id={shown.id} timezone={shown.timezone} />;
}

function DayOf({ id, timezone }: { id: string; timezone: string }) {
  const { app, day: say } = words.value;
  const date = useSignal(dateIn(timezone, Date.now()));
  const asked = date.value;
  const { answer, at, trouble } = useAsked<Today>(`/api/v1/stores/${encodeURIComponent(id)}/today?date=${asked}`, REFRESH_MS);
  const today = dateIn(timezone, Date.now());
  const go = (days: number) => {
    date.value = shiftDate(asked, days);
  };
  return (
    <div class="today">
      <header class="today-head">
        <h1>{asked === today ? app.today : day(asked, tongue.value)}</h1>
        <p class="lead">
          {asked === today ? day(asked, tongue.value) : null}
          {at.value === 0 ? null : <span class="fine"> {fill(say.updated, { at: clock(at.value, tongue.value, timezone, false) })}</span>}
        </p>
        <div class="days">
          <button type="button" aria-label={say.previous} onClick={() => go(-1)}>
            ‹
          </button>
          <input type="date" aria-label={say.date} value={asked} max={today} onChange={(e) => e.currentTarget.value !== "" && (date.value = e.currentTarget.value)} />
          <button type="button" aria-label={say.next} disabled={asked >= today} onClick={() => go(1)}>
            ›
          </button>
        </div>
      </header>
      {trouble.value === null ? null : <p class="notice">{complaint(trouble.value)}</p>}
      {answer.value === null ? <p class="waiting">{app.loading}</p> : <Figures today={answer.value} />}
    </div>
  );
}

function Figures({ today }: { today: Today }) {
  return (
    <>
      <Tiles today={today} />
      <Hours hourly={today.hourly} />
      <div class="today-columns">
        <Funnel funnel={today.funnel} />
        <Silences silences={today.silences} />
      </div>
      <ZoneFigures zones={today.zones} />
    </>
  );
}
