import { describe, expect, test } from "vitest";

import { customer, feature, GATES, refusal, rulings, silence, type Tellers } from "../src/explain";
import { en } from "../src/lang/en";
import { it } from "../src/lang/it";
import type { Refusal } from "../src/types";

const NOW = Date.parse("2026-11-22T10:00:00Z");
const english: Tellers = { words: en, tongue: "en", zone: "Europe/Rome", now: NOW, name: (id) => ({ wine: "Wine shelf", "SKU-1": "Barolo" })[id] ?? id };
const italian: Tellers = { ...english, words: it, tongue: "it" };

describe("gates", () => {
  const said = (refused: Refusal | null, also: Refusal[] | null) => rulings({ refused, also }).map(({ verdict }) => verdict);
  test("those before the refusal passed, and of those after it the page says what each would have said", () => {
    const cap = { code: "cap", told: 3, times: 3, hours: 24 };
    const refused = ["place", "cap", "rule"];
    const told = rulings({ refused: { code: "place" }, also: [cap, { code: "rule" }] });
    expect(GATES).toHaveLength(24);
    expect(told.map(({ gate }) => gate)).toEqual(GATES);
    expect(told.map(({ verdict }) => verdict)).toEqual(GATES.map((gate) => (refused.includes(gate) ? "refused" : ["budget", "holdout"].includes(gate) ? "not-asked" : "passed")));
    expect(told.find(({ gate }) => gate === "cap")?.refused).toEqual(cap);
  });
  test("where the others were not asked nothing is said of them", () => {
    const place = GATES.indexOf("consent");
    expect(said({ code: "schedule" }, [{ code: "consent" }]).slice(0, 5)).toEqual(["refused", "passed", "refused", "not-asked", "not-asked"]);
    expect(said({ code: "consent" }, null)).toEqual(GATES.map((_, index) => (index < place ? "passed" : index === place ? "refused" : "not-asked")));
  });
  test("after the budget only the holdout is not asked", () => {
    expect(said({ code: "budget" }, []).slice(-3)).toEqual(["passed", "refused", "not-asked"]);
    expect(said({ code: "holdout" }, null).slice(-2)).toEqual(["passed", "refused"]);
  });
  test("all pass when nothing was refused", () => {
    expect(said(null, null).every((verdict) => verdict === "passed")).toBe(true);
  });
  test("a code that this page does not know claims nothing", () => {
    expect(said({ code: "moon-phase" }, null).every((verdict) => verdict === "not-asked")).toBe(true);
  });
  test("each has its question and its reason in both languages", () => {
    for (const words of [en, it]) {
      for (const gate of GATES) {
        expect(words.gate[gate]).toBeTruthy();
        expect(silence(gate, words)).toBe(words.silence[gate]);
      }
    }
  });
});

describe("a refusal tells its facts", () => {
  test.each([
    [{ code: "schedule", paused: true, starts: null, ends: null }, "The shop has paused this offer."],
    [{ code: "schedule", paused: false, starts: NOW + 3_600_000, ends: null }, "It has not started yet; it starts 12:00."],
    [{ code: "schedule", paused: false, starts: null, ends: NOW - 3_600_000 }, "It is over; it ended 10:00."],
    [{ code: "consent", missing: "marketing_push" }, "The customer has not agreed to: receiving offers."],
    [{ code: "place", zone: "wine", probability: 0.55 }, "The customer was at Wine shelf (55% sure): another place than the offer’s, or not sure enough."],
    [{ code: "stock", product: "SKU-1" }, "Sold out: Barolo."],
    [{ code: "bought", product: "SKU-1", at: NOW - 60_000 }, "The customer bought it already (10:59)."],
    [{ code: "cap", told: 1, times: 1, hours: 24 }, "Told 1× in 24 h; the limit is 1."],
    [{ code: "pause", last: NOW - 40_000, seconds: 120 }, "The last offer was a moment ago (10:59); at least 120 s must pass."],
    [{ code: "quiet-hours", local: "21:40" }, "It was 21:40, and the shop is quiet then."],
    [{ code: "intent", intent: 0.12, min: 0.3 }, "Interest was 12%, at least 30% is needed."],
    [{ code: "budget", budget: 50 }, "All 50 have been given out."],
    [{ code: "budget", budget: 10, kept: 0 }, "All 10 have been given out."],
    [{ code: "budget", budget: 10, kept: 3 }, "Of 10 the last 3 are kept for the segments that come first."],
    [{ code: "holdout" }, "The customer is in the group without offers."],
    [{ code: "moon-phase" }, "The answer was no (moon-phase)."],
  ])("%o", (refused, sentence) => {
    expect(refusal(refused, english)).toBe(sentence);
  });
  test("in Italian too, and missing facts are dashes", () => {
    expect(refusal({ code: "consent", missing: "locating" }, italian)).toBe("Il cliente non ha accettato: essere localizzato in negozio.");
    expect(refusal({ code: "budget", budget: 10, kept: 3 }, italian)).toBe("Di 10 le ultime 3 sono tenute per i segmenti che vengono prima.");
    expect(refusal({ code: "intent" }, italian)).toBe("L’interesse era –, serve almeno –.");
  });
});

test("what the model saw has a name in both languages", () => {
  for (const kind of ["zone:wine", "wait", "contacts", "complaint", "muted", "a-day", "own-channel", "own-hours"]) {
    const [english, italian] = [feature(kind, en), feature(kind, it)];
    expect([kind, english, italian].filter((text, index, all) => all.indexOf(text) === index)).toHaveLength(3);
  }
  expect(feature("zone:wine", it)).toBe("Luogo: wine");
  expect(feature("moon-phase", en)).toBe("moon-phase");
});

test("an unknown reason for silence is shown as it is", () => {
  expect(silence("not-worth-it", en)).toBe("Not worth the interruption");
  expect(silence("moon-phase", en)).toBe("Other: moon-phase");
  expect(silence("other", en)).toBe("Other: other");
});

test("a customer's label speaks the page's language", () => {
  expect(customer("Customer 7f3a", it)).toBe("Cliente 7f3a");
  expect(customer("Erased customer", en)).toBe("Forgotten customer");
});
