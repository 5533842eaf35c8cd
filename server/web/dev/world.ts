// A little shop that moves, for working on the pages without a server. It decides nothing; it only has the right shapes.

import type { Candidate, Corner, Decision, Dot, Frame, Heat, Now, Patch, Plan, Replay, Today } from "../src/types";

const box = (x: number, y: number, w: number, h: number): Corner[] => [
  [x, y],
  [x + w, y],
  [x + w, y + h],
  [x, y + h],
];

export const STORE = { id: "milano", name: "Bottega Navigli", timezone: "Europe/Rome", currency: "EUR" };

export const PLAN: Plan = {
  store: { id: STORE.id, name: STORE.name, timezone: STORE.timezone },
  floors: [
    {
      id: "ground",
      name: "Ground floor",
      level: 0,
      outline: box(0, 0, 20, 30),
      walls: [
        { points: [[10, 8.5], [10, 19]], lossDb: 4 },
        { points: [[5, 21], [15, 21]], lossDb: 6 },
      ],
      obstacles: [box(2.5, 7, 4.5, 0.8), box(2.5, 9.4, 4.5, 0.8), box(13, 7, 4.5, 0.8), box(13, 9.4, 4.5, 0.8)].map((polygon) => ({ polygon })),
      zones: [
        { id: "entrance", name: "Ingresso", kind: "entrance", polygon: box(5, 0, 10, 3.5) },
        { id: "shoes", name: "Scarpe", kind: "department", polygon: box(0.5, 5, 8.5, 6.5) },
        { id: "coats", name: "Giacche", kind: "department", polygon: box(11, 5, 8.5, 6.5) },
        { id: "sport", name: "Sport", kind: "department", polygon: box(0.5, 12.5, 8.5, 7) },
        { id: "home", name: "Casa", kind: "department", polygon: box(11, 12.5, 8.5, 7) },
        { id: "promo", name: "Novità", kind: "display", polygon: box(7, 22, 6, 3) },
        { id: "till", name: "Casse", kind: "checkout", polygon: box(0.5, 22, 5.5, 7.5) },
        { id: "care", name: "Cura della persona", kind: "private", polygon: box(14, 22, 5.5, 7.5) },
      ],
    },
  ],
  receivers: [[1, 1], [19, 1], [1, 12], [19, 12], [10, 16], [1, 29], [19, 29], [10, 26]].map(([x, y], n) => ({
    id: `${["esp", "theengs", "minew"][n % 3]}-${n + 1}`,
    floor: "ground",
    x: x ?? 0,
    y: y ?? 0,
    z: 2.5,
  })),
  passages: [{ id: "stairs", ends: [{ floor: "ground", x: 18.8, y: 20.6 }] }],
  sensors: [
    { id: "door", kind: "counter-cumulative", zone: "entrance" },
    { id: "shelf-trail", kind: "shelf", zone: "sport" },
  ],
  products: ["Trail shoe", "City sneaker", "Rain jacket", "Down coat", "Running belt", "Yoga mat", "Table lamp", "Wool throw", "Tea set", "Face cream", "Gift card", "Umbrella"].map((name, n) => ({
    id: `p${n + 1}`,
    name,
    zone: ["shoes", "shoes", "coats", "coats", "sport", "sport", "home", "home", "home", "care", "till", "promo"][n] ?? "promo",
  })),
  offers: [
    { id: "trail-10", title: "10 % off trail shoes" },
    { id: "rain-ready", title: "Rain jacket: 15 € off" },
    { id: "mat-gift", title: "A strap with every mat" },
  ],
};

const zones = PLAN.floors[0]?.zones ?? [];
const SILENCES = ["intent", "cap", "no-offer", "pause", "consent", "place", "holdout", "not-worth-it"];
let number = 0;

const candidate = (offerId: string, title: string, intent: number, refused: Candidate["refused"], propensity: number): Candidate => {
  const terms = refused === null ? { gain: 31.4 * intent, giveaway: -4.2, context: -1.3, lever: 0, distance: 0, pacing: 0, attention: -5, fatigue: -1.7 } : null;
  const score = terms === null ? null : Object.values(terms).reduce((sum, term) => sum + term, 0);
  const chance = terms === null ? null : { chance: 0.12, low: 0.05, high: 0.26, mean: -1.99, sd: 0.46, parts: { offer: -2.9, micro: 0.31, relational: 0.12, personal: 0.48 } };
  return { offerId, title: { en: title, it: `${title} (it)` }, intent, refused, also: refused?.code === "place" ? [{ code: "intent", intent: 0.1, min: 0.3 }] : null, terms, score, propensity, chance, discount: 300, control: false };
};

export function decide(at: number): Decision {
  number += 1;
  const zone = zones[1 + (number % 5)] ?? zones[0];
  const offered = number % 3 === 0;
  const code = offered ? null : (SILENCES[number % SILENCES.length] ?? "intent");
  const who = `Customer ${((number * 7919) % 65536).toString(16).padStart(4, "0")}`;
  const iso = new Date(at).toISOString();
  return {
    id: `d${number.toString(16).padStart(8, "0")}`,
    at: iso,
    store: STORE.id,
    zone: zone?.id ?? "",
    zoneName: zone?.name ?? "",
    customer: who,
    trigger: ["entered", "dwelling", "intent"][number % 3] ?? "entered",
    pattern: null,
    choice: offered ? "offer" : "silence",
    code,
    offerId: offered ? "trail-10" : null,
    offerTitle: offered ? "10 % off trail shoes" : null,
    holdout: code === "holdout",
    control: false,
    shadow: false,
    propensity: offered ? 0.925 : 1,
    silence: offered ? 0.05 : 1,
    policy: "house",
    lessons: 41,
    more: number % 2 === 0 ? { intent: 12, stage: 3 } : {},
    segment: number % 4 === 0 ? "regulars" : null,
    features: [{ block: "offer", name: "discount", value: 0.1 }, { block: "micro", name: "hour:afternoon", value: 1 }, { block: "micro", name: "dwell", value: 0.5 }, { block: "personal", name: "intent", value: 0.62 }],
    stale: number % 5 === 0 ? ["crowding"] : [],
    delivery: offered ? "sent" : null,
    sentence: offered
      ? {
          en: `“10 % off trail shoes” was said: the customer stands at ${zone?.name}, looked at Trail shoe, and it is worth more than the interruption.`,
          it: `È stata detta «10 % sulle scarpe da trail»: il cliente è presso ${zone?.name}, ha guardato Trail shoe, e vale più del disturbo.`,
        }
      : {
          en: `Nothing was said at ${zone?.name}: the customer's interest was 12 %, and 30 % is needed.`,
          it: `Presso ${zone?.name} si è taciuto: l’interesse del cliente era del 12 %, e serve il 30 %.`,
        },
    candidates: [
      candidate("trail-10", "10 % off trail shoes", 0.62, offered ? null : { code: code ?? "intent", intent: 0.12, min: 0.3, told: 1, times: 1, hours: 24, last: at - 40_000, seconds: 120, missing: "marketing_push", zone: "shoes", probability: 0.55 }, offered ? 0.925 : 0),
      candidate("rain-ready", "Rain jacket: 15 € off", 0.2, { code: "place", zone: "shoes", probability: 0.91 }, 0),
      candidate("mat-gift", "A strap with every mat", 0, { code: "schedule", paused: true, starts: null, ends: null }, 0),
    ],
    outcomes: offered ? [{ kind: "delivered", at: new Date(at + 900).toISOString() }, { kind: "opened", at: new Date(at + 5200).toISOString() }].slice(0, number % 4) : [],
  };
}

const walkers = Array.from({ length: Number(process.env["MOCK_PEOPLE"] ?? 34) }, (_, n) => ({ n, x: 3 + ((n * 37) % 15), y: 2 + ((n * 53) % 26), turn: n * 0.7 }));
const told: Decision[] = Array.from({ length: 14 }, (_, n) => decide(Date.now() - (14 - n) * 21_000));

export function remember(decision: Decision): void {
  told.unshift(decision);
  told.length = Math.min(told.length, 30);
}

export function step(seconds: number): void {
  for (const walker of walkers) {
    walker.turn += (Math.random() - 0.5) * 0.9;
    const stands = Math.sin(walker.n + Date.now() / 9_000) > 0.1;
    const pace = stands ? 0.05 : 1.1;
    walker.x = Math.min(19, Math.max(1, walker.x + Math.cos(walker.turn) * pace * seconds));
    walker.y = Math.min(29, Math.max(1, walker.y + Math.sin(walker.turn) * pace * seconds));
    if (walker.x <= 1 || walker.x >= 19 || walker.y <= 1 || walker.y >= 29) walker.turn += 2;
  }
}

const kindOf = (n: number): Dot["kind"] => (n % 5 < 3 ? "customer" : n % 5 === 3 ? "tag" : "anonymous");
const within = ([x, y]: Corner, [[x0, y0], , [x1, y1]]: [Corner, Corner, Corner, ...Corner[]]) => x >= x0 && x <= x1 && y >= y0 && y <= y1;

/** A belief of some width in patches of a square metre, as the server tells it. */
function cloudOf(x: number, y: number, sigma: number): Patch[] {
  const patches: Patch[] = [];
  for (let column = Math.floor(x) - 8; column <= x + 8; column += 1) {
    for (let row = Math.floor(y) - 8; row <= y + 8; row += 1) {
      const [px, py] = [column + 0.5, row + 0.5];
      const share = Math.exp(-0.5 * (((px - x) / sigma) ** 2 + ((py - y) / sigma) ** 2)) / (2 * Math.PI * sigma * sigma);
      if (share >= 0.01 && px > 0 && px < 20 && py > 0 && py < 30) patches.push([px, py, 1, Math.round(share * 1000) / 1000]);
    }
  }
  return patches.sort((a, b) => b[3] - a[3]).slice(0, 64);
}

export function picture(): Now {
  const at = new Date();
  const dots = walkers.map((walker): Dot => {
    const zone = zones.find((one) => within([walker.x, walker.y], one.polygon as [Corner, Corner, Corner, ...Corner[]]));
    const sigma = 0.6 + (walker.n % 6) * 0.35;
    return { subject: `device:${walker.n}`, kind: kindOf(walker.n), floor: "ground", x: walker.x, y: walker.y, uncertaintyM: sigma * 1.4, zone: zone?.id ?? null, probability: 0.72, runnerUp: ["promo", 0.11], spread: [sigma ** 2, 0, sigma ** 2], cloud: cloudOf(walker.x, walker.y, sigma), at: at.toISOString() };
  });
  const people = (list: Dot[]) => ({
    total: list.length,
    identified: list.filter((dot) => dot.kind === "customer").length,
    tags: list.filter((dot) => dot.kind === "tag").length,
    anonymous: list.filter((dot) => dot.kind === "anonymous").length,
  });
  return {
    at: at.toISOString(),
    people: people(dots),
    estimated: dots.length + 4.3,
    zones: zones.map((zone, n) => ({ zone: zone.id, ...people(dots.filter((dot) => dot.zone === zone.id)), estimated: n === 3 ? 9.2 : null })),
    dots,
    receivers: PLAN.receivers.map((receiver, n) => ({ id: receiver.id, state: n === 5 ? "silent" : n === 6 ? "offline" : "online", lastHeard: new Date(at.getTime() - (n > 4 && n < 7 ? 95_000 : 400)).toISOString(), sightingsPerMinute: n > 4 && n < 7 ? 0 : 310 + n * 17, gateway: "box-1", condition: n === 5 ? "moved" : n === 6 ? "dead" : n === 2 ? "doubtful" : "well", conditionSince: n === 5 || n === 6 || n === 2 ? new Date(at.getTime() - 900_000).toISOString() : null })),
    gateways: [{ id: "box-1", state: "online", version: "0.1.0", lastSeen: at.toISOString(), spoolBatches: 1, oldestUnsentMs: 240 }],
    sensors: [{ id: "door", lastReading: new Date(at.getTime() - 8000).toISOString(), value: 214 }, { id: "shelf-trail", lastReading: null, value: null }],
    decisions: told,
    door: { entered: 214, left: 180 },
  };
}

export function today(date: string): Today {
  const hourly = Array.from({ length: 24 }, (_, hour) => {
    const footfall = hour < 9 || hour > 19 ? 0 : Math.round(26 * Math.exp(-(((hour - 17) / 4) ** 2)) + 14 * Math.exp(-(((hour - 12) / 2) ** 2)));
    return { hour, footfall, visits: Math.round(footfall * 0.7) };
  });
  return {
    date,
    footfall: { entered: 214, left: 180 },
    visits: { counted: 151, open: 34 },
    uniqueVisitors: 143,
    dwellS: { median: 872, p25: 431, p75: 1390 },
    hourly,
    zones: zones.map((zone, n) => ({ zone: zone.id, name: zone.name, entries: 190 - n * 21, dwellMedianS: n === 7 ? null : 38 + n * 13, engaged: 90 - n * 10 })),
    funnel: { moments: 412, decided: 96, held: 9, sent: 87, delivered: 83, opened: 41, dismissed: 17, visited: 26, redeemed: 12, purchased: 19 },
    silences: SILENCES.map((code, n) => ({ code, count: 120 - n * 14 })),
  };
}

export function heat(from: string, to: string): Heat {
  const hours = Array.from({ length: 24 }, (_, n) => ({ at: new Date(Date.parse(from) + n * 3_600_000).toISOString(), personSeconds: n < 9 || n > 19 ? 0 : n === 9 ? null : Math.round(30_000 * Math.exp(-(((n - 16) / 4) ** 2))) })).filter((hour) => hour.personSeconds !== 0);
  const cells: Heat["cells"] = [];
  for (let x = 0.5; x < 20; x += 1) for (let y = 0.5; y < 30; y += 1) cells.push([x, y, Math.round(900 * (Math.exp(-((x - 10) ** 2) / 6) + Math.exp(-((x - 4) ** 2 + (y - 9) ** 2) / 9) * 2 + 3 * Math.exp(-((x - 3) ** 2 + (y - 25) ** 2) / 4)))]);
  return { floor: "ground", from, to, side: 1, cells, hours, peopleMin: 5 };
}

export function replay(from: string | null, to: string | null, step: number): Replay {
  const newest = Date.now() - 3_000;
  const oldest = newest - 5 * 3_600_000;
  const frames: Frame[] = [];
  const every = Math.max(step, 2) * 1_000;
  if (from !== null) {
    for (let at = Math.max(Math.ceil(Date.parse(from) / every) * every, oldest); at < Math.min(Date.parse(to ?? ""), newest) && frames.length < 900; at += every) {
      const dots = Array.from({ length: 26 }, (_, n): Frame["dots"][number] => {
        const turn = at / 20_000 + n * 1.3;
        return [0, n % 3, 10 + 8 * Math.sin(turn * (1 + (n % 5) / 7)), 15 + 13 * Math.cos(turn / 2 + n), 1 + (n % 4) * 0.5, 0.7, (n * 31) % 180];
      });
      const thin = Math.floor(at / 60_000) % 10 === 0;
      frames.push({ at: new Date(at).toISOString(), people: thin ? [2, 0, 1] : [9, 9, 8], zones: thin ? [] : zones.map((_, n) => [n, (n * 3) % 7]), dots: thin ? [] : dots, thin: thin ? [0] : [] });
    }
  }
  return { oldest: new Date(oldest).toISOString(), newest: new Date(newest).toISOString(), every: 2, peopleMin: 5, floors: ["ground"], zones: zones.map((zone) => zone.id), frames };
}
