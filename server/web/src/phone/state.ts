// What the phone page knows and does: register, consent, tell interest, receive offers, answer them.

import { computed, effect, signal } from "@preact/signals";

import { ask, Problem } from "../http";
import { tongue } from "../lang";
import type { Consent, Offer, OutcomeKind } from "../types";
import { type Product, readCatalogue } from "./catalogue";
import { arrive, type Device, keyIn, type Memory, NO_CONSENT, recall, remember } from "./memory";
import { existing, hush, subscribe, type Subscription, support, unsubscribe } from "./push";
import { listen } from "./stream";

/** The version of the words beside the switches; it is proof of what was agreed to. */
const TEXT_VERSION = "2026-11-1";

export type Notice = "off" | "waiting" | "on" | "denied" | "unsupported" | { failed: string };

const today = () => new Date().toLocaleDateString("en-CA");

export const memory = signal<Memory>(recall(location.hash === "" ? location.search : location.hash, today()));
export const products = signal<Product[]>([]);
export const offers = signal<Offer[]>([]);
export const answers = signal<Record<string, OutcomeKind>>({});
export const notice = signal<Notice>("off");
export const listening = signal(false);
export const busy = signal(false);
export const trouble = signal<unknown>(null);
export const allowed = computed(() => Object.values(memory.value.consent).every(Boolean));

let subscription: Subscription | null = null;
// One change after the other, so that two quick taps can't overtake each other.
let queue: Promise<unknown> = Promise.resolve();

effect(() => remember(memory.value));

function change(part: Partial<Memory>): void {
  memory.value = { ...memory.value, ...part };
}

function inTurn(work: () => Promise<void>): Promise<void> {
  const turn = queue.then(async () => {
    busy.value = true;
    trouble.value = null;
    try {
      await work();
    } catch (error) {
      trouble.value = error;
    } finally {
      busy.value = false;
    }
  });
  queue = turn;
  return turn;
}

const writeAuth = (key: string) => ({ authorization: `Basic ${btoa(`${key}:`)}` });
const deviceAuth = (device: Device) => ({ authorization: `Bearer ${device.token}` });

function deviceBody() {
  const { user, anonymous } = memory.value;
  return { platform: "web", language: tongue.value, anonymousId: anonymous, ...(user === null ? {} : { userId: user }), ...(subscription === null ? {} : { push: subscription }) };
}

/** Starts with what the browser remembers; called once. */
export async function start(): Promise<void> {
  // A key does not stay in the address, where it would be logged and passed on.
  history.replaceState(null, "", location.pathname);
  window.addEventListener("hashchange", () => {
    memory.value = arrive(memory.value, keyIn(location.hash));
    void open();
  });
  navigator.serviceWorker?.addEventListener("message", () => void refresh());
  document.addEventListener("visibilitychange", () => void (document.hidden ? null : refresh()));
  notice.value = support() === "possible" ? "off" : (support() as "unsupported" | "denied");
  await open();
  subscription = await existing().catch(() => null);
  if (subscription !== null) notice.value = "on";
}

async function open(): Promise<void> {
  const { key } = memory.value;
  if (key === null) return;
  products.value = await readCatalogue(key, memory.value.typed);
  await refresh();
}

/** Uses a key that was typed in. */
export function useKey(key: string): void {
  memory.value = arrive(memory.value, { key, user: null });
  void open();
}

/** Another person takes the phone: nothing of the one before stays on it. */
export function signIn(user: string | null): void {
  memory.value = { ...arrive(memory.value, { key: memory.value.key, user }), anonymous: crypto.randomUUID() };
  offers.value = [];
}

/** Says what is allowed from now on. The first yes makes the device known; the last no makes it forgotten. */
export function allow(consent: Consent): Promise<void> {
  return inTurn(async () => {
    const device = memory.value.device ?? (await register());
    const body = { ...consent, textVersion: TEXT_VERSION, device: deviceBody() };
    const path = `/v1/devices/${encodeURIComponent(device.id)}/consent`;
    const answer = await ask<{ stored: boolean }>(path, { method: "PUT", headers: deviceAuth(device), body }).catch(stale);
    change({ consent, stored: answer.stored });
    if (!consent.marketingPush && notice.value === "on") await quieten();
    if (!consent.profiling) change({ seen: { date: today(), products: [] } });
  });
}

async function register(): Promise<Device> {
  const { key } = memory.value;
  const answer = await ask<{ deviceId: string; token: string }>("/v1/devices", { method: "POST", headers: writeAuth(key ?? ""), body: deviceBody() });
  const device = { id: answer.deviceId, token: answer.token };
  change({ device });
  return device;
}

// A token that the server does not know any more is of no use; the next change registers anew.
function stale(error: unknown): never {
  if (error instanceof Problem && error.status === 401) change({ device: null, consent: NO_CONSENT, stored: false });
  throw error;
}

async function quieten(): Promise<void> {
  await unsubscribe().catch(() => undefined);
  subscription = null;
  notice.value = "off";
}

/** Forgets this phone, here and at the server. */
export function forget(): Promise<void> {
  return inTurn(async () => {
    const { device } = memory.value;
    if (device !== null) await ask(`/v1/devices/${encodeURIComponent(device.id)}`, { method: "DELETE", headers: deviceAuth(device) }).catch(stale);
    await quieten();
    change({ device: null, consent: NO_CONSENT, stored: false, seen: { date: today(), products: [] } });
    offers.value = [];
  });
}

/** Turns on messages while the page is closed. */
export async function turnOnMessages(): Promise<void> {
  notice.value = "waiting";
  try {
    subscription = await subscribe();
    const { device } = memory.value;
    if (subscription === null) {
      notice.value = "denied";
      return;
    }
    if (device !== null) {
      await ask(`/v1/devices/${encodeURIComponent(device.id)}`, { method: "PUT", headers: deviceAuth(device), body: { push: subscription } });
    }
    notice.value = "on";
  } catch (error) {
    notice.value = { failed: error instanceof Error ? error.message : String(error) };
  }
}

/** Tells the shop that a product was looked at. */
export function lookAt(product: Product): Promise<void> {
  return inTurn(async () => {
    const { key, user, anonymous, consent, seen, typed } = memory.value;
    const at = new Date().toISOString();
    const body = {
      type: "track",
      event: "Product Viewed",
      messageId: crypto.randomUUID(),
      anonymousId: anonymous,
      ...(user === null ? {} : { userId: user }),
      properties: { product_id: product.id, name: product.name },
      context: { library: { name: "attimo-phone", version: "1" }, locale: tongue.value, consent: { categoryPreferences: { profiling: consent.profiling } } },
      timestamp: at,
      sentAt: at,
    };
    await ask("/v1/track", { method: "POST", headers: writeAuth(key ?? ""), body });
    if (products.value.every((one) => one.id !== product.id)) {
      products.value = [...products.value, product];
      change({ typed: [...typed, product.id].slice(-20) });
    }
    if (consent.profiling) change({ seen: { date: today(), products: [...new Set([...seen.products, product.id])] } });
  });
}

/** Asks for the offers that are good now. */
async function refresh(): Promise<void> {
  const { device, stored } = memory.value;
  if (device === null || !stored) return;
  const answer = await ask<{ offers: Offer[] }>("/v1/offers", { headers: deviceAuth(device) }).catch(() => null);
  for (const offer of answer?.offers ?? []) receive(offer);
}

/** Takes an offer from the stream or the list; the same one twice is one. */
export function receive(offer: Offer): void {
  const known = offers.value.some((one) => one.id === offer.id);
  if (offer.outcome === "dismissed" || offer.outcome === "redeemed" || offer.outcome === "opened") {
    answers.value = { ...answers.value, [offer.id]: offer.outcome };
  }
  // The list goes back a day; what ran out before we came was never shown here.
  if (known || new Date(offer.expiresAt).getTime() <= Date.now()) return;
  offers.value = [offer, ...offers.value].sort((a, b) => b.decidedAt.localeCompare(a.decidedAt)).slice(0, 10);
  void tell(offer, "delivered");
}

/** Answers an offer. */
export function answer(offer: Offer, kind: Exclude<OutcomeKind, "delivered">): void {
  answers.value = { ...answers.value, [offer.id]: kind };
  void hush(offer.id);
  void tell(offer, kind);
}

async function tell(offer: Offer, kind: OutcomeKind): Promise<void> {
  const { device } = memory.value;
  if (device === null) return;
  const path = `/v1/offers/${encodeURIComponent(offer.id)}/outcomes`;
  await ask(path, { method: "POST", headers: deviceAuth(device), body: { kind, at: new Date().toISOString() } }).catch((error: unknown) => {
    trouble.value = error;
  });
}

const line = computed(() => (memory.value.stored && memory.value.consent.marketingPush ? (memory.value.device?.token ?? null) : null));

effect(() => {
  const token = line.value;
  listening.value = false;
  if (token === null) return;
  return listen(token, {
    message: ({ event, data }) => {
      if (event === "offer") receive(JSON.parse(data) as Offer);
    },
    up: (up) => {
      listening.value = up;
      if (up) void refresh();
    },
    refused: () => change({ device: null, consent: NO_CONSENT, stored: false }),
  });
});
