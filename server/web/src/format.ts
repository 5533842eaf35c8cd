// Numbers, times and spans as people read them. Pure: language, zone and now are arguments.

import type { Dictionary } from "./lang/en";
import type { Tongue } from "./types";

type TimeWords = Dictionary["time"];

/** What money is told in. */
export interface Purse {
  words: Pick<Dictionary, "money">;
  tongue: Tongue;
  currency: string;
}

const LOCALE: Record<Tongue, string> = { en: "en-GB", it: "it-IT" };

/** Puts values into a text's `{places}`. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (place, key: string) => String(values[key] ?? place));
}

/** A number as the language writes it, with as many digits after the point as asked at most. */
export function number(value: number, tongue: Tongue, options: Intl.NumberFormatOptions = { maximumFractionDigits: 2 }): string {
  return new Intl.NumberFormat(LOCALE[tongue], options).format(value);
}

/** A clock time in the store's own zone, such as 14:05:09. */
export function clock(at: string | number, tongue: Tongue, zone: string, seconds = true): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "–";
  const second = seconds ? ({ second: "2-digit" } as const) : {};
  return new Intl.DateTimeFormat(LOCALE[tongue], { hour: "2-digit", minute: "2-digit", ...second, hourCycle: "h23", timeZone: zone }).format(date);
}

/** A clock time, with its day in front when that is another day than `now`. */
export function moment(at: string | number, tongue: Tongue, zone: string, now: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "–";
  const time = clock(at, tongue, zone, false);
  if (dateIn(zone, date.getTime()) === dateIn(zone, now)) return time;
  return `${new Intl.DateTimeFormat(LOCALE[tongue], { day: "numeric", month: "short", timeZone: zone }).format(date)}, ${time}`;
}

/** A day with its year, such as 20 Feb 2027, in a zone. */
export function longDate(at: string | number, tongue: Tongue, zone: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "–";
  return new Intl.DateTimeFormat(LOCALE[tongue], { day: "numeric", month: "short", year: "numeric", timeZone: zone }).format(date);
}

/** A calendar day in words, such as Sunday 22 November. The day is the store's, so no zone is applied. */
export function day(date: string, tongue: Tongue): string {
  const noon = new Date(`${date}T12:00:00Z`);
  if (Number.isNaN(noon.getTime())) return date;
  return new Intl.DateTimeFormat(LOCALE[tongue], { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" }).format(noon);
}

/** The calendar day of a moment in a zone, as YYYY-MM-DD. */
export function dateIn(zone: string, at: number): string {
  const parts = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone: zone }).formatToParts(at);
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** The day some days later or earlier, by the calendar. */
export function shiftDate(date: string, days: number): string {
  const noon = new Date(`${date}T12:00:00Z`);
  noon.setUTCDate(noon.getUTCDate() + days);
  return noon.toISOString().slice(0, 10);
}

/** A whole number with the language's grouping. */
export function count(value: number, tongue: Tongue): string {
  return number(value, tongue, { maximumFractionDigits: 0 });
}

/** A share from 0 to 1 as percent; small shares keep one digit. */
export function percent(share: number, tongue: Tongue): string {
  const digits = share > 0 && share < 0.1 ? 1 : 0;
  return number(share, tongue, { style: "percent", maximumFractionDigits: digits });
}

/** Bytes in the unit that fits, such as 20 KB. */
export function size(bytes: number, tongue: Tongue): string {
  const units = ["B", "KB", "MB", "GB"];
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(bytes, 1)) / 10)));
  return `${number(bytes / 1024 ** step, tongue, { maximumFractionDigits: step < 2 ? 0 : 1 })} ${units[step]}`;
}

/** Metres to the tenth, such as 1.8 m. */
export function metres(value: number, tongue: Tongue): string {
  return `${number(value, tongue, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} m`;
}

/** Seconds as minutes: two digits below one, one below ten, none above. */
export function minutes(seconds: number, tongue: Tongue): string {
  const value = seconds / 60;
  const digits = value < 1 ? 2 : value < 10 ? 1 : 0;
  return number(value, tongue, { maximumFractionDigits: digits });
}

/** When a calendar day begins in a zone: the first moment that bears its date. */
export function startOfDay(date: string, zone: string): number {
  const noon = new Date(`${date}T12:00:00Z`).getTime();
  const clockAt = (at: number) => {
    const parts = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: zone }).formatToParts(at);
    const part = (type: string) => Number(parts.find((p) => p.type === type)?.value ?? 0);
    return (part("hour") * 60 + part("minute")) * 60_000 + part("second") * 1_000;
  };
  // From a moment that surely has the date, back by what its clock says; once more, for a night in which clocks changed.
  const day = 86_400_000;
  const sure = [noon, noon - day / 2, noon + day / 2].find((at) => dateIn(zone, at) === date) ?? noon;
  const first = sure - clockAt(sure);
  if (dateIn(zone, first) !== date) return first + day - clockAt(first);
  return first - clockAt(first);
}

/** Cents as money of the store's currency, in whole cents; what is less than one is said to be less. */
export function money(cents: number, { tongue, currency, words }: Purse, signed = false): string {
  const written = (value: number, signDisplay: "auto" | "exceptZero") => number(value / 100, tongue, { style: "currency", currency, minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay });
  if (cents === 0 || Math.abs(cents) >= 1) return written(cents, signed ? "exceptZero" : "auto");
  const sign = cents < 0 ? "−" : signed ? "+" : "";
  return `${sign} ${fill(words.money.under, { a: written(1, "auto") })}`.trim();
}

/** A span in the one or two units that matter: 45 s, 3 min, 1 h 20 min, 3 days. */
export function span(ms: number, words: TimeWords): string {
  const unit = (text: string, n: number) => fill(text, { n });
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return unit(words.seconds, seconds);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 5 && seconds % 60 > 0) return `${unit(words.minutes, minutes)} ${unit(words.seconds, seconds % 60)}`;
  if (minutes < 60) return unit(words.minutes, Math.round(seconds / 60));
  const rest = Math.round((seconds % 3600) / 60);
  const hours = Math.floor(seconds / 3600);
  if (hours >= 48) return unit(words.days, Math.round(seconds / 86_400));
  return rest === 0 || rest === 60 ? unit(words.hours, hours + (rest === 60 ? 1 : 0)) : `${unit(words.hours, hours)} ${unit(words.minutes, rest)}`;
}

/** How long ago something was; under 2 s it is now. */
export function ago(at: string | number, now: number, words: TimeWords): string {
  const ms = now - new Date(at).getTime();
  if (Number.isNaN(ms)) return "–";
  return ms < 2000 ? words.now : fill(words.ago, { t: span(ms, words) });
}
