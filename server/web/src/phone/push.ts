// Turns on real Web Push: the service worker, the browser's permission, a subscription under the server's key.

import { ask } from "../http";

export interface Subscription {
  endpoint: string;
  keys: { p256dh: string; auth: string };
}

export type Support = "unsupported" | "denied" | "possible";

const WORKER = "/phone-sw.js";
/** In a cold Firefox `getSubscription()` may never settle in its first seconds. */
const SETTLE_MS = 3_000;
const TRIES = 4;

/** Whether this browser can receive messages, and whether it may. */
export function support(): Support {
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) return "unsupported";
  return Notification.permission === "denied" ? "denied" : "possible";
}

/** The subscription that is there already; none is not an error. */
export async function existing(): Promise<Subscription | null> {
  if (support() !== "possible" || Notification.permission !== "granted") return null;
  const registration = await navigator.serviceWorker.getRegistration("/");
  if (registration === undefined) return null;
  const subscription = await settled(() => registration.pushManager.getSubscription());
  return subscription === null ? null : spelt(subscription);
}

/** Asks for permission and subscribes. Must be called from a tap. `null` means that the person said no. */
export async function subscribe(): Promise<Subscription | null> {
  if ((await Notification.requestPermission()) !== "granted") return null;
  await navigator.serviceWorker.register(WORKER, { scope: "/" });
  const registration = await navigator.serviceWorker.ready;
  const { publicKey } = await ask<{ publicKey: string }>("/v1/push/key");
  const key = bytes(publicKey);
  const old = await settled(() => registration.pushManager.getSubscription());
  // A subscription under another key would be refused by the push service at every send.
  if (old !== null && !sameKey(old.options.applicationServerKey, key)) await old.unsubscribe();
  else if (old !== null) return spelt(old);
  return spelt(await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
}

/** Ends the subscription, if there is one. */
export async function unsubscribe(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration("/");
  const subscription = registration === undefined ? null : await settled(() => registration.pushManager.getSubscription());
  await subscription?.unsubscribe();
}

/** Closes the notification of a decision that was answered on the page. */
export async function hush(decision: string): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.getRegistration("/");
  for (const shown of (await registration?.getNotifications({ tag: decision })) ?? []) shown.close();
}

/** Tries again when an answer does not settle in time. */
export async function settled<T>(question: () => Promise<T>, tries = TRIES, ms = SETTLE_MS): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const late = Symbol("late");
    const answer = await Promise.race([question(), new Promise<typeof late>((done) => setTimeout(() => done(late), ms))]);
    if (answer !== late) return answer as T;
    if (attempt >= tries) throw new Error(`no answer in ${(tries * ms) / 1000} s`);
  }
}

/** Base64url as bytes. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function sameKey(used: ArrayBuffer | null, key: Uint8Array): boolean {
  if (used === null || used.byteLength !== key.byteLength) return false;
  return new Uint8Array(used).every((byte, index) => byte === key[index]);
}

function spelt(subscription: PushSubscription): Subscription {
  const { keys } = subscription.toJSON();
  return { endpoint: subscription.endpoint, keys: { p256dh: keys?.["p256dh"] ?? "", auth: keys?.["auth"] ?? "" } };
}
