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

/** Furniture that people walk around. */
export interface Obstacle {
  polygon: Corner[];
}

export interface Floor {
  id: string;
  name: string;
  level: number;
  outline: Corner[];
  walls: Wall[];
  obstacles?: Obstacle[];
  zones: Zone[];
}

/** Stairs or a lift, with an end on each floor. */
export interface Passage {
  id: string;
  ends: { floor: string; x: number; y: number }[];
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
  passages?: Passage[];
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
  runnerUp: [zone: string, probability: number] | null;
  /** Variances along x, of both together, along y, in square metres. */
  spread: [xx: number, xy: number, yy: number];
  /** Patches that hold the belief; only in whole pictures. */
  cloud?: Patch[];
  at: string;
}

/** The middle of a square piece of the floor, its side, and its share of a belief. */
export type Patch = [x: number, y: number, side: number, share: number];

export type Health = "online" | "silent" | "offline" | "unknown";

/** How a receiver is by what it hears of people. */
export type Condition = "well" | "dead" | "doubtful" | "moved";

export interface ReceiverNow {
  id: string;
  state: Health;
  condition?: Condition;
  conditionSince?: string | null;
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
  context: number;
  lever: number;
  distance: number;
  pacing: number;
  attention: number;
  fatigue: number;
}

export interface Candidate {
  offerId: string;
  title: Sentence;
  intent: number;
  refused: Refusal | null;
  /** What the gates after it would have refused as well; null if they were not asked. */
  also: Refusal[] | null;
  terms: Terms | null;
  score: number | null;
  propensity: number;
  /** What is believed of the chance that it is taken up; none when it was not ranked. */
  chance: Chance | null;
  /** What the customer would save, in cents. */
  discount: number;
  control: boolean;
}

/** A belief in a chance: the likeliest, from where to where it lies, and the parts of its logit. */
export interface Chance {
  chance: number;
  low: number;
  high: number;
  mean: number;
  sd: number;
  parts: Record<Block, number> | null;
}

export type Block = "offer" | "micro" | "relational" | "personal";

/** Something that the model saw. */
export interface Feature {
  block: Block;
  name: string;
  value: number;
}

export interface Decision {
  id: string;
  at: string;
  store: string;
  zone: string;
  zoneName: string;
  customer: string;
  trigger: string;
  /** The declared pattern that fired. */
  pattern: string | null;
  choice: "offer" | "silence";
  code: string | null;
  offerId: string | null;
  offerTitle: string | null;
  holdout: boolean;
  control: boolean;
  shadow: boolean;
  propensity: number;
  /** The chance with which silence was chosen. */
  silence: number;
  policy: string;
  lessons: number;
  /** Where its delivery stands; null when there is none. */
  delivery: string | null;
  sentence: Sentence;
  candidates: Candidate[];
  /** How many more were refused and are not listed, by the code of the refusal. */
  more: Record<string, number>;
  segment: string | null;
  features: Feature[];
  /** What the model did not see because it was too old. */
  stale: string[];
  outcomes: { kind: string; at: string }[];
}

export interface ZoneNow extends People {
  zone: string;
  /** How many there are in all, also those without a radio, where other sensors tell. */
  estimated?: number | null;
}

/** What positions rest on: the plan alone, the shop's own traffic too, or a survey. */
export type Source = "plan" | "self" | "survey";

export interface Now {
  at: string;
  source?: Source | null;
  people: People;
  /** How many are expected in all, also without a radio. */
  estimated?: number | null;
  zones: ZoneNow[];
  dots: Dot[];
  receivers: ReceiverNow[];
  gateways: GatewayNow[];
  sensors: SensorNow[];
  decisions: Decision[];
  door: { entered: number; left: number };
}

/** How long people stood where. */
export interface Heat {
  floor: string;
  from: string;
  to: string;
  side: number;
  /** A cell's middle and its person-seconds. */
  cells: [x: number, y: number, seconds: number][];
  /** Person-seconds of each hour; null where there were too few people to say. */
  hours: { at: string; personSeconds: number | null }[];
  peopleMin: number;
}

/** The floor as it was, without names. */
export interface Replay {
  oldest: string | null;
  newest: string | null;
  every: number;
  peopleMin: number;
  floors: string[];
  zones: string[];
  frames: Frame[];
}

export interface Frame {
  at: string;
  people: [customers: number, tags: number, anonymous: number];
  zones: [zone: number, people: number][];
  dots: [floor: number, kind: number, x: number, y: number, major: number, minor: number, degrees: number][];
  thin: number[];
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
  /** The customer's data that it rests on. */
  restsOn?: (Sentence & { code: string; purpose: string | null })[];
}

export type OutcomeKind = "delivered" | "opened" | "dismissed" | "redeemed";

export interface Consent {
  locating: boolean;
  profiling: boolean;
  marketingPush: boolean;
}

export type OfferState = "live" | "pilot" | "shadow" | "paused" | "soon" | "over" | "used-up" | "unapproved" | "banned" | "off" | "stopped";

/** What somebody says about an offer. */
export interface Lever {
  weight: number;
  pin: boolean;
  ban: boolean;
  approved: boolean;
}

/** The same with who said it and when; nobody while nobody did. */
export interface Word extends Lever {
  by: string | null;
  at: string | null;
}

/** How many times as often the told ones buy: from where, and to where unless there is no end. */
export interface Ratio {
  low: number;
  high: number | null;
}

/** What being told changed. */
export interface Lift {
  since: string;
  treated: { n: number; converted: number };
  control: { n: number; converted: number };
  share: number;
  sampleRatioP: number;
  hidden: "sample-ratio" | "not-enough" | null;
  rateRatio: Ratio | null;
  e: number | null;
  /** What the shop earns more on a told customer, in cents. */
  money: { point: number; low: number; high: number } | null;
  enoughFrom: number;
  verdict: "not-enough" | "undecided" | "better" | "harm";
}

/** What an offer brought, and what its weight and pin brought; null without either. */
export interface OfferLift extends Lift {
  word: Lift | null;
  /** Its own lift since it was approved; none when it never waited for that. */
  approval: Lift | null;
  /** Since when it is banned. */
  banned: string | null;
}

/** An offer of the store, as the office sees it. */
export interface StoreOffer {
  id: string;
  title: Sentence;
  about: string;
  zones: string[];
  state: OfferState;
  share: number | null;
  stoppedAt: string | null;
  starts: string | null;
  ends: string | null;
  discount: [least: number, most: number];
  budget: { total: number; left: number } | null;
  segments: string[];
  control: number;
  since: string;
  told: number;
  opened: number;
  redeemed: number;
  purchased: number;
  keptBack: number;
  inShadow: number;
  word: Word;
  conflicts: { offerId: string; title: Sentence; discount: number }[];
  lift: Lift;
}

export interface StoreOffers {
  offers: StoreOffer[];
  segments: { id: string; rule: string; weight: number }[];
  holdout: number;
}
