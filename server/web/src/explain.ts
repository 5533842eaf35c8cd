// A decision in words that a shopkeeper reads: every gate in its order, every refusal with its facts. Pure.

import { fill, moment, percent } from "./format";
import type { Dictionary } from "./lang/en";
import type { Candidate, Refusal, Tongue } from "./types";

/** The gates in the order in which they are asked. */
export const GATES = [
  "schedule",
  "approval",
  "consent",
  "stage",
  "place",
  "moment",
  "sensitive",
  "age",
  "stock",
  "price",
  "margin",
  "bought",
  "segment",
  "complaint",
  "preference",
  "channel",
  "cap",
  "pause",
  "quiet-hours",
  "still",
  "intent",
  "rule",
  "budget",
  "holdout",
] as const;

export type Gate = (typeof GATES)[number];
export type Verdict = "passed" | "refused" | "not-asked";

export interface Tellers {
  words: Dictionary;
  tongue: Tongue;
  zone: string;
  /** When the decision was taken, in milliseconds. */
  now: number;
  /** The name of a product or zone, or its id when it is not known. */
  name: (id: string) => string;
}

export interface Ruling {
  gate: Gate;
  verdict: Verdict;
  /** The refusal with its facts. */
  refused: Refusal | null;
}

/** What each gate said of a candidate. After a refusal the others were asked, up to the budget or to that of consent. */
export function rulings({ refused: first, also }: Pick<Candidate, "refused" | "also">): Ruling[] {
  if (first === null) return GATES.map((gate) => ({ gate, verdict: "passed", refused: null }));
  const all = [first, ...(also ?? [])];
  const stop = GATES.findIndex((gate) => gate === first.code);
  const further = all.some((one) => one.code === "consent") ? GATES.indexOf("consent") : GATES.indexOf("budget") - 1;
  const asked = also === null ? stop : Math.max(stop, further);
  return GATES.map((gate, index) => {
    const refused = all.find((one) => one.code === gate) ?? null;
    return { gate, refused, verdict: refused !== null ? "refused" : index <= asked ? "passed" : "not-asked" };
  });
}

/** The name of a reason for silence; an unknown code is shown as it is. */
export function silence(code: string, words: Dictionary): string {
  const known = words.silence as Record<string, string>;
  return code !== "other" && known[code] !== undefined ? known[code] : fill(words.silence.other, { code });
}

/** A customer's label in the page's language; the server writes it in English. */
export function customer(label: string, words: Dictionary): string {
  return label === "Erased customer" ? words.people.erased : label.replace(/^Customer /, `${words.people.customer} `);
}

/** The name of something that the model saw; what this page does not know is shown as it is. */
export function feature(name: string, words: Dictionary): string {
  const [kind = name, what = ""] = name.split(":", 2);
  const known = (words.decision.feature as Record<string, string>)[kind];
  if (known === undefined) return name;
  const told = { ...words.decision.hours, ...words.decision.trigger } as Record<string, string>;
  return fill(known, { what: told[what] ?? what });
}

/** A refusal as one sentence with its facts. */
export function refusal(refused: Refusal, { words, tongue, zone, now, name }: Tellers): string {
  const say = words.refusal;
  const at = (fact: unknown) => (typeof fact === "number" || typeof fact === "string" ? moment(fact, tongue, zone, now) : "–");
  const share = (fact: unknown) => (typeof fact === "number" ? percent(fact, tongue) : "–");
  const text = (fact: unknown) => (fact === null || fact === undefined ? "–" : String(fact));
  switch (refused.code as Gate) {
    case "schedule":
      return schedule(refused, say, at, now);
    case "consent":
      return fill(say.consent, { purpose: (words.purpose as Record<string, string>)[text(refused["missing"])] ?? text(refused["missing"]) });
    case "place":
      return fill(say.place, { zone: name(text(refused["zone"])), p: share(refused["probability"]) });
    case "stock":
      return fill(say.stock, { product: name(text(refused["product"])) });
    case "bought":
      return fill(say.bought, { at: at(refused["at"]) });
    case "cap":
      return fill(say.cap, { told: text(refused["told"]), times: text(refused["times"]), hours: text(refused["hours"]) });
    case "pause":
      return fill(say.pause, { at: at(refused["last"]), seconds: text(refused["seconds"]) });
    case "quiet-hours":
      return fill(say.quietHours, { local: text(refused["local"]) });
    case "intent":
      return fill(say.intent, { intent: share(refused["intent"]), min: share(refused["min"]) });
    case "budget":
      return fill(Number(refused["kept"] ?? 0) > 0 ? say.kept : say.budget, { budget: text(refused["budget"]), kept: text(refused["kept"]) });
    case "holdout":
      return say.holdout;
    case "approval":
      return refused["stopped"] === true ? say.stopped : say.approval;
    case "stage":
      return refused["stage"] === "shadow" ? say.shadow : say.stage;
    case "moment":
      return fill(say.moment, { now: text(refused["now"]) });
    case "sensitive":
      return fill(say.sensitive, { product: name(text(refused["product"])) });
    case "age":
      return fill(say.age, { min: text(refused["min"]) });
    case "price":
      return say.price;
    case "margin":
      return say.margin;
    case "segment":
      return say.segment;
    case "complaint":
      return fill(say.complaint, { until: at(refused["until"]) });
    case "preference":
      return say.preference;
    case "channel":
      return say.channel;
    case "still":
      return refused["till"] === true ? say.till : say.walking;
    case "rule":
      return refused["error"] === null || refused["error"] === undefined ? say.rule : fill(say.ruleError, { error: text(refused["error"]) });
    default:
      return fill(say.other, { code: refused.code });
  }
}

function schedule(refused: Refusal, say: Dictionary["refusal"], at: (fact: unknown) => string, now: number): string {
  if (refused["paused"] === true) return say.paused;
  const { starts, ends } = refused;
  if (starts !== null && starts !== undefined && new Date(starts as number).getTime() > now) return fill(say.notYet, { at: at(starts) });
  if (ends !== null && ends !== undefined) return fill(say.over, { at: at(ends) });
  return say.schedule;
}
