// What the dashboard knows beside the live picture: who is logged in, which stores there are, which page is shown.

import { computed, signal } from "@preact/signals";

import { ask, Problem } from "./http";
import { note, noted } from "./inside";
import type { Plan, Store } from "./types";

export type Gatehouse = { at: "asking" } | { at: "unreachable" } | { at: "setup" } | { at: "login" } | { at: "inside"; name: string };

/** The pages behind the door, in the order of the bar. */
export const PAGES = ["now", "today", "offers", "effect", "fleet"] as const;
export type Page = (typeof PAGES)[number];

/** Where the visitor stands at the door. */
export const gatehouse = signal<Gatehouse>({ at: "asking" });
/** Every store of this server; none until asked. */
export const stores = signal<Store[] | null>(null);
/** The id of the store that is shown. */
export const chosen = signal<string | null>(null);
/** The store that is shown. */
export const store = computed<Store | null>(() => {
  const all = stores.value ?? [];
  return all.find((one) => one.id === chosen.value) ?? all[0] ?? null;
});
/** The plan of that store. */
export const plan = signal<Plan | null>(null);
/** The zone that the person picked on the plan. */
export const zone = signal<string | null>(null);
/** The page by the address's fragment. */
export const page = signal<Page>(pageOf(location.hash));

window.addEventListener("hashchange", () => {
  page.value = pageOf(location.hash);
});

function pageOf(hash: string): Page {
  return PAGES.find((one) => hash.startsWith(`#/${one}`)) ?? "now";
}

/** Asks the server who we are, and goes where that leads. */
export async function enter(): Promise<void> {
  try {
    const setup = await ask<{ needed: boolean }>("/api/v1/setup");
    if (setup.needed) {
      gatehouse.value = { at: "setup" };
      return;
    }
    if (!noted()) {
      gatehouse.value = { at: "login" };
      return;
    }
    const session = await ask<{ name: string }>("/api/v1/session");
    stores.value = (await ask<{ stores: Store[] }>("/api/v1/stores")).stores;
    gatehouse.value = { at: "inside", name: session.name };
  } catch (error) {
    const refused = error instanceof Problem && (error.status === 401 || error.status === 403);
    if (refused) note(false);
    gatehouse.value = refused ? { at: "login" } : { at: "unreachable" };
  }
}

/** Makes the account and goes in. */
export async function setUp(token: string, name: string, password: string): Promise<void> {
  await ask("/api/v1/setup", { method: "POST", body: { token, name, password } });
  await ask("/api/v1/session", { method: "POST", body: { name, password } });
  note(true);
  await enter();
}

/** Logs in and goes in. */
export async function logIn(name: string, password: string): Promise<void> {
  await ask("/api/v1/session", { method: "POST", body: { name, password } });
  note(true);
  await enter();
}

/** Logs out; the door is shown whatever the server says. */
export async function logOut(): Promise<void> {
  await ask("/api/v1/session", { method: "DELETE" }).catch(() => null);
  leave();
}

/** Back to the door, with nothing kept of the store. */
export function leave(): void {
  note(false);
  stores.value = null;
  plan.value = null;
  gatehouse.value = { at: "login" };
}

/** Reads a store's plan. */
export async function loadPlan(id: string): Promise<void> {
  const read = await ask<Plan>(`/api/v1/stores/${encodeURIComponent(id)}/plan`);
  if (store.value?.id === id) plan.value = read;
}
