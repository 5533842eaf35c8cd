// Answers the API's calls inside Vite's own server, so that pages can be made without the real one. Never part of a build.

import type { IncomingMessage, ServerResponse } from "node:http";

import type { Connect, Plugin } from "vite";

import type { Lever } from "../src/types.ts";

import { fleet } from "./fleet.ts";
import { said, say, STORE_LIFT, storeOffers } from "./offers.ts";
import { decide, heat, picture, PLAN, remember, replay, step, STORE, today } from "./world.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const json = (body: unknown, status = 200): Answer => (_, response) => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};

let account = process.env["MOCK_ACCOUNT"] === "1";
const inside = (request: IncomingMessage) => process.env["MOCK_ACCOUNT"] === "1" || (request.headers.cookie ?? "").includes("mock_session=1");

const offer = () => {
  const at = Date.now();
  return {
    id: `o${at}`,
    offerId: "trail-10",
    title: "10 % off trail shoes",
    body: "You stand right in front of them. Today only.",
    zone: "shoes",
    zoneName: "Scarpe",
    decidedAt: new Date(at).toISOString(),
    expiresAt: new Date(at + 300_000).toISOString(),
    reason: { en: "You looked at Trail shoe today, and you are standing at Scarpe.", it: "Oggi hai guardato Trail shoe, e sei davanti a Scarpe." },
  };
};

function stream(request: IncomingMessage, response: ServerResponse, beat: (send: (event: string, data: unknown) => void) => void, everyMs: number): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const send = (event: string, data: unknown) => void response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  beat(send);
  const timer = setInterval(() => beat(send), everyMs);
  request.on("close", () => clearInterval(timer));
}

const live: Answer = (request, response) => {
  let beats = 0;
  stream(request, response, (send) => {
    step(1);
    send("now", picture());
    beats += 1;
    if (beats % 6 !== 0) return;
    const made = decide(Date.now());
    remember(made);
    send("decision", made);
  }, 1_000);
};

const refused = json({ title: "Not allowed", code: "session-needed", status: 401 }, 401);

function read(request: IncomingMessage): Promise<Record<string, string>> {
  return new Promise((done) => {
    let text = "";
    request.on("data", (piece: Buffer) => (text += piece.toString()));
    request.on("end", () => done(JSON.parse(text === "" ? "{}" : text) as Record<string, string>));
  });
}

const routes: Record<string, Answer> = {
  "GET /api/v1/setup": (request, response) => json({ needed: !account })(request, response),
  "POST /api/v1/setup": async (request, response) => {
    const good = (await read(request))["token"] === "mock-code";
    account ||= good;
    json(good ? {} : { title: "Wrong code", detail: "The set-up code is wrong.", code: "token" }, good ? 200 : 403)(request, response);
  },
  "GET /api/v1/session": (request, response) => json({ name: "Giulia" })(request, response),
  "POST /api/v1/session": async (request, response) => {
    const good = (await read(request))["password"]?.includes("wrong") === false;
    if (good) response.setHeader("set-cookie", "mock_session=1; HttpOnly; SameSite=Strict; Path=/");
    (good ? json({ name: "Giulia" }) : refused)(request, response);
  },
  "DELETE /api/v1/session": (request, response) => {
    response.setHeader("set-cookie", "mock_session=; Max-Age=0; Path=/");
    json({})(request, response);
  },
  "GET /api/v1/fleet": (request, response) => json(fleet())(request, response),
  "GET /api/v1/stores": json({ stores: [STORE] }),
  [`GET /api/v1/stores/${STORE.id}/plan`]: json(PLAN),
  [`GET /api/v1/stores/${STORE.id}/now`]: (request, response) => json(picture())(request, response),
  [`GET /api/v1/stores/${STORE.id}/today`]: (request, response) => json(today(new URL(request.url ?? "/", "http://mock").searchParams.get("date") ?? ""))(request, response),
  [`GET /api/v1/stores/${STORE.id}/heat`]: (request, response) => {
    const query = new URL(request.url ?? "/", "http://mock").searchParams;
    json(heat(query.get("from") ?? "", query.get("to") ?? ""))(request, response);
  },
  [`GET /api/v1/stores/${STORE.id}/replay`]: (request, response) => {
    const query = new URL(request.url ?? "/", "http://mock").searchParams;
    json(replay(query.get("from"), query.get("to"), Number(query.get("step") ?? 2)))(request, response);
  },
  [`GET /api/v1/stores/${STORE.id}/live`]: live,
  [`GET /api/v1/stores/${STORE.id}/offers`]: (request, response) => json(storeOffers())(request, response),
  [`GET /api/v1/stores/${STORE.id}/lift`]: json(STORE_LIFT),
  "POST /v1/devices": json({ deviceId: "0f3a5cde90ab4d2e", token: "mock-token", air: { prefix: "a7710001", key: "00", k: 10 }, stored: false }, 201),
  "PUT /v1/devices/0f3a5cde90ab4d2e/consent": async (request, response) => {
    const { locating, profiling, marketingPush } = await read(request);
    json({ consent: { locating, profiling, marketingPush }, stored: Boolean(locating || profiling || marketingPush) })(request, response);
  },
  "GET /v1/projects/demo/settings": json({ attimo: { products: PLAN.products } }),
  "DELETE /v1/devices/0f3a5cde90ab4d2e": json({}),
  "GET /v1/offers": json({ offers: [] }),
  "POST /v1/track": json({ success: true }),
  "GET /v1/push/key": json({ publicKey: "" }),
  "GET /v1/stream": (request, response) => stream(request, response, (send) => send("offer", offer()), 20_000),
};

/** What is asked or said of one offer. */
function ofOffer(method: string, path: string): Answer | undefined {
  const [, offer = "", what = ""] = /\/offers\/([\w-]+)\/(lever|lift)$/.exec(path) ?? [];
  if (what === "lift") return json({ ...(storeOffers().offers.find((one) => one.id === offer)?.lift ?? STORE_LIFT), word: STORE_LIFT, approval: null, banned: null });
  if (what !== "lever") return undefined;
  if (method === "GET") return (request, response) => json({ levers: said(offer) })(request, response);
  return async (request, response) => {
    say(offer, (await read(request)) as unknown as Lever);
    json({ success: true })(request, response);
  };
}

const answer: Connect.NextHandleFunction = (request, response, next) => {
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  if (path === "/phone") {
    request.url = "/phone.html";
    return next();
  }
  if (/^\/v1\/offers\/\w+\/outcomes$/.test(path)) return json({ success: true })(request, response);
  const route = routes[`${request.method} ${path}`] ?? ofOffer(request.method ?? "GET", path);
  if (route === undefined && path !== "/metrics") return next();
  const closed = (path.startsWith("/api/") || path === "/metrics") && !path.startsWith("/api/v1/setup") && !inside(request) && request.method !== "POST";
  (closed || route === undefined ? refused : route)(request, response);
};

/** The mock as a plugin of Vite's dev and preview servers. */
export function mock(): Plugin {
  return {
    name: "attimo-mock",
    configureServer: (server) => void server.middlewares.use(answer),
    configurePreviewServer: (server) => void server.middlewares.use(answer),
  };
}
