// The service worker: shows a pushed offer once and tells the server what became of it. It imports nothing, so that it stays one file.

interface Payload {
  v: number;
  id: string;
  offerId: string;
  title: string;
  body: string;
  expiresAt: string;
  receipt: string;
}

declare const self: ServiceWorkerGlobalScope;
const worker = self;
const PAGE = "/phone";

worker.addEventListener("install", () => void worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("push", (event) => {
  const payload = read(event.data);
  if (payload !== null) event.waitUntil(show(payload));
});

worker.addEventListener("notificationclick", (event) => {
  const payload = event.notification.data as Payload;
  event.notification.close();
  event.waitUntil(Promise.all([tell(payload, "opened"), open(payload)]));
});

worker.addEventListener("notificationclose", (event) => {
  event.waitUntil(tell(event.notification.data as Payload, "dismissed"));
});

function read(data: PushMessageData | null): Payload | null {
  try {
    const payload = data?.json() as Partial<Payload> | undefined;
    const whole = payload?.v === 1 && typeof payload.id === "string" && typeof payload.title === "string" && typeof payload.receipt === "string";
    return whole ? (payload as Payload) : null;
  } catch {
    return null;
  }
}

async function show(payload: Payload): Promise<void> {
  // The tag makes a repeated push replace the first one silently: an offer is shown once.
  await worker.registration.showNotification(payload.title, { body: payload.body, tag: payload.id, data: payload, icon: "/icon.svg" });
  await Promise.all([tell(payload, "delivered"), nudge(payload)]);
}

async function tell(payload: Payload, kind: "delivered" | "opened" | "dismissed"): Promise<void> {
  await fetch(`/v1/offers/${encodeURIComponent(payload.id)}/outcomes`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Receipt ${payload.receipt}` },
    body: JSON.stringify({ kind, at: new Date().toISOString() }),
    keepalive: true,
  }).catch(() => undefined);
}

/** An open page shows the offer too. */
async function nudge(payload: Payload): Promise<void> {
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  for (const page of pages) page.postMessage({ kind: "pushed", id: payload.id });
}

async function open(payload: Payload): Promise<void> {
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((one) => new URL(one.url).pathname === PAGE);
  if (page === undefined) {
    await worker.clients.openWindow(PAGE);
    return;
  }
  await page.focus();
  page.postMessage({ kind: "opened", id: payload.id });
}

export {};
