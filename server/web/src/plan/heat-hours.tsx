// Which time the heat map shows: the day, and within it one hour or all, picked from a strip of how busy each was.

import { clock, fill, minutes, shiftDate } from "../format";
import { heatDay, heatHour, stripOf, type StripHour } from "../heat";
import { tongue, words } from "../lang";
import type { Heat } from "../types";

interface Props {
  date: string;
  today: string;
  zone: string;
  day: Heat | null;
}

export function HeatHours({ date, today, zone, day }: Props) {
  const { heat: say } = words.value;
  const go = (next: string) => {
    heatHour.value = null;
    heatDay.value = next === today ? null : next;
  };
  const strip = day === null ? [] : stripOf(day);
  const most = Math.max(1, ...strip.map((hour) => hour.seconds ?? 0));
  return (
    <div class="heat-time">
      <div class="days">
        <button type="button" aria-label={say.previous} onClick={() => go(shiftDate(date, -1))}>
          ‹
        </button>
        <input type="date" aria-label={say.day} value={date} max={today} onChange={(event) => event.currentTarget.value !== "" && go(event.currentTarget.value)} />
        <button type="button" aria-label={say.next} disabled={date >= today} onClick={() => go(shiftDate(date, 1))}>
          ›
        </button>
      </div>
      {strip.length === 0 ? null : (
        <div class="strip" role="group" aria-label={say.hours}>
          <button type="button" class="whole" aria-pressed={heatHour.value === null} onClick={() => (heatHour.value = null)}>
            {say.wholeDay}
          </button>
          {strip.map((hour) => (
            <Hour key={hour.at} hour={hour} zone={zone} share={(hour.seconds ?? 0) / most} thinBelow={day?.peopleMin ?? 0} />
          ))}
        </div>
      )}
    </div>
  );
}

function Hour({ hour, zone, share, thinBelow }: { hour: StripHour; zone: string; share: number; thinBelow: number }) {
  const { heat: say } = words.value;
  const at = Date.parse(hour.at);
  const [from, to] = [at, at + 3_600_000].map((moment) => clock(moment, tongue.value, zone, false));
  const thin = hour.seconds === null;
  const text = thin ? say.hourThin : hour.seconds === 0 ? say.hourNone : say.hour;
  const label = fill(text, { from: from ?? "", to: to ?? "", n: minutes(hour.seconds ?? 0, tongue.value), k: thinBelow });
  return (
    <button type="button" class={thin ? "hour thin" : "hour"} aria-label={label} title={label} aria-pressed={heatHour.value === hour.at} disabled={thin || hour.seconds === 0} onClick={() => (heatHour.value = heatHour.value === hour.at ? null : hour.at)}>
      <span class="hour-fill" aria-hidden="true">
        <i style={{ height: `${Math.max(share * 100, thin ? 100 : 4)}%` }} />
      </span>
      <small aria-hidden="true">{from?.slice(0, 2)}</small>
    </button>
  );
}
