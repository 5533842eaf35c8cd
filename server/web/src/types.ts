// The shapes that the server's HTTP API speaks, for this page's use. Times are RFC 3339, lengths are metres.

export type Corner = [number, number];
export type Tongue = "en" | "it";
export type Sentence = Record<Tongue, string>;

export interface Store {
  id: string;
  name: string;
  timezone: string;
  currency: string;
}

export type ZoneKind = "entrance" | "department" | "shelf" | "checkout" | "display" | "private";

export interface Zone {
  id: string;
  name: string;
  kind: ZoneKind;
  polygon: Corner[];
}

export interface Wall {
  points: Corner[];
  lossDb: number;
}

export interface Floor {
  id: string;
  name: string;
  level: number;
  outline: Corner[];
  walls: Wall[];
  zones: Zone[];
}

export interface PlannedReceiver {
  id: string;
  floor: string;
  x: number;
  y: number;
  z: number;
}

export interface Plan {
  store: { id: string; name: string; timezone: string };
  floors: Floor[];
  receivers: PlannedReceiver[];
  sensors: { id: string; kind: string; zone: string }[];
  products: { id: string; name: string; zone: string }[];
  offers: { id: string; title: string }[];
}

export interface People {
  total: number;
  identified: number;
  tags: number;
  anonymous: number;
}

export type DotKind = "customer" | "tag" | "anonymous";

export interface Dot {
  subject: string;
  kind: DotKind;
  floor: string;
  x: number;
  y: number;
  uncertaintyM: number;
  zone: string | null;
  probability: number;
  at: string;
}

export type Health = "online" | "silent" | "offline" | "unknown";

export interface ReceiverNow {
  id: string;
  state: Health;
  lastHeard: string | null;
  sightingsPerMinute: number;
  gateway: string | null;
}

export interface GatewayNow {
  id: string;
  state: Health;
  version: string | null;
  lastSeen: string | null;
  spoolBatches: number;
  oldestUnsentMs: number;
}

export interface SensorNow {
  id: string;
  lastReading: string | null;
  value: unknown;
}

/** A gate's refusal: its code with the facts it was taken on. */
export interface Refusal {
  code: string;
  [fact: string]: unknown;
}

export interface Terms {
  gain: number;
  giveaway: number;
  attention: number;
  fatigue: number;
}

export interface Candidate {
  offerId: string;
  title: string;
  intent: number;
  refused: Refusal | null;
  terms: Terms | null;
  score: number | null;
  propensity: number;
}

export interface Decision {
  id: string;
  at: string;
  store: string;
  zone: string;
  zoneName: string;
  customer: string;
  trigger: string;
  choice: "offer" | "silence";
  code: string | null;
  offerId: string | null;
  offerTitle: string | null;
  holdout: boolean;
  propensity: number;
  /** Where its delivery stands; null when there is none. */
  delivery: string | null;
  sentence: Sentence;
  candidates: Candidate[];
  outcomes: { kind: string; at: string }[];
}

export interface Now {
  at: string;
  people: People;
  zones: ({ zone: string } & People)[];
  dots: Dot[];
  receivers: ReceiverNow[];
  gateways: GatewayNow[];
  sensors: SensorNow[];
  decisions: Decision[];
  door: { entered: number; left: number };
}

export interface Today {
  date: string;
  footfall: { entered: number; left: number };
  visits: { counted: number; open: number };
  uniqueVisitors: number;
  dwellS: { median: number | null; p25: number | null; p75: number | null };
  hourly: { hour: number; footfall: number; visits: number }[];
  zones: { zone: string; name: string; entries: number; dwellMedianS: number | null; engaged: number }[];
  funnel: Funnel;
  silences: { code: string; count: number }[];
}

export interface Funnel {
  moments: number;
  decided: number;
  held: number;
  sent: number;
  delivered: number;
  opened: number;
  dismissed: number;
  visited: number;
  redeemed: number;
  purchased: number;
}

export interface Offer {
  id: string;
  offerId: string;
  title: string;
  body: string;
  zone: string;
  zoneName: string;
  decidedAt: string;
  expiresAt: string;
  outcome?: string | null;
  reason: Sentence;
}

export type OutcomeKind = "delivered" | "opened" | "dismissed" | "redeemed";

export interface Consent {
  locating: boolean;
  profiling: boolean;
  marketingPush: boolean;
}
