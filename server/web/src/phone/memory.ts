// What this phone remembers between visits, in the browser's own storage and nowhere else.

import type { Consent } from "../types";

export interface Device {
  id: string;
  token: string;
}

export interface Memory {
  /** The write key of the shop's app. */
  key: string | null;
  /** Who is signed in, if the app knows. */
  user: string | null;
  /** This browser's own number, for events of people who are not signed in. */
  anonymous: string;
  device: Device | null;
  consent: Consent;
  /** Whether the server keeps something about this phone. */
  stored: boolean;
  /** Ids of the products looked at today, with the day they belong to. */
  seen: { date: string; products: string[] };
  /** Products typed in by hand, so that the list holds them next time. */
  typed: string[];
}

export const NO_CONSENT: Consent = { locating: false, profiling: false, marketingPush: false };

const PLACE = "attimo.phone";

/** What was remembered, with whatever the address says now put over it. */
export function recall(address: string, today: string): Memory {
  const fresh: Memory = { key: null, user: null, anonymous: crypto.randomUUID(), device: null, consent: NO_CONSENT, stored: false, seen: { date: today, products: [] }, typed: [] };
  const kept = { ...fresh, ...read() };
  if (kept.seen.date !== today) kept.seen = fresh.seen;
  return arrive(kept, keyIn(address));
}

/** Another key or another user is another person: the old device is not theirs. */
export function arrive(memory: Memory, address: { key: string | null; user: string | null }): Memory {
  const key = address.key ?? memory.key;
  const user = address.key === null ? memory.user : address.user;
  if (key === memory.key && user === memory.user) return memory;
  return { ...memory, key, user, device: null, consent: NO_CONSENT, stored: false, seen: { ...memory.seen, products: [] } };
}

/** The key and the user in an address's fragment, or in its query. */
export function keyIn(address: string): { key: string | null; user: string | null } {
  const values = new URLSearchParams(address.replace(/^[#?]/, ""));
  const value = (name: string) => values.get(name)?.trim() || null;
  return { key: value("key"), user: value("user") };
}

/** Remembers; a browser that forbids storage simply forgets. */
export function remember(memory: Memory): void {
  try {
    localStorage.setItem(PLACE, JSON.stringify(memory));
  } catch {
    // Without storage the page works for this visit.
  }
}

function read(): Partial<Memory> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "{}");
    return typeof kept === "object" && kept !== null ? (kept as Partial<Memory>) : {};
  } catch {
    return {};
  }
}
