// Offers of the little shop, in every state, and what they changed; a word that is said is kept.

import type { Lever, Lift, StoreOffer, StoreOffers, Word } from "../src/types";

const since = new Date(Date.now() - 9 * 86_400_000).toISOString();

const lift = (treated: [number, number], control: [number, number], rateRatio: Lift["rateRatio"], verdict: Lift["verdict"], hidden: Lift["hidden"] = null): Lift => ({
  since,
  treated: { n: treated[0], converted: treated[1] },
  control: { n: control[0], converted: control[1] },
  share: 0.9,
  sampleRatioP: hidden === "sample-ratio" ? 0.0002 : 0.41,
  hidden,
  rateRatio: hidden === null ? rateRatio : null,
  e: hidden === null ? 4 : null,
  money: verdict === "better" ? { point: 41.2, low: 3.1, high: 79.3 } : null,
  enoughFrom: 20,
  verdict,
});

export const STORE_LIFT = lift([9_140, 612], [1_002, 41], { low: 1.12, high: 2.38 }, "better");

const LIFTS = [
  STORE_LIFT,
  lift([800, 30], [90, 3], { low: 0.4, high: 4.1 }, "undecided"),
  lift([700, 10], [80, 9], { low: 0.05, high: 0.6 }, "harm"),
  lift([12, 1], [2, 0], null, "not-enough", "not-enough"),
  lift([900, 60], [20, 1], null, "undecided", "sample-ratio"),
];
const STATES: StoreOffer["state"][] = ["live", "pilot", "stopped", "shadow", "live"];
const TITLES = ["10 % off trail shoes", "Rain jacket: 15 € off", "A strap with every mat", "Two for one on socks", "Table lamp, half price"];

const words: Record<string, Word[]> = { "offer-1": [{ weight: 1.5, pin: true, ban: false, approved: true, by: "giulia", at: new Date(Date.now() - 7_200_000).toISOString() }] };

export function said(offer: string): Word[] {
  return words[offer] ?? [];
}

export function say(offer: string, lever: Lever): void {
  words[offer] = [{ ...lever, by: "Giulia", at: new Date().toISOString() }, ...said(offer)];
}

export function storeOffers(): StoreOffers {
  const offers = TITLES.map((title, n): StoreOffer => ({
    id: `offer-${n}`,
    title: { en: title, it: `${title} (it)` },
    about: ["Trail shoe", "Rain jacket", "Yoga mat", "Socks", "Table lamp"][n] ?? "",
    zones: [["Scarpe"], ["Giacche"], ["Sport", "Novità"], ["Scarpe"], ["Casa"]][n] ?? [],
    state: STATES[n] ?? "live",
    share: n === 1 ? 0.2 : null,
    stoppedAt: n === 2 ? since : null,
    starts: null,
    ends: null,
    discount: n === 4 ? [500, 1_500] : [300, 300],
    budget: n === 0 ? { total: 200, left: 57 } : null,
    segments: n === 3 ? ["regulars"] : [],
    control: n === 1 ? 0.1 : 0,
    since,
    told: 412 - n * 90,
    opened: 131 - n * 20,
    redeemed: 40 - n * 7,
    purchased: 61 - n * 9,
    keptBack: 44,
    inShadow: n === 3 ? 90 : 0,
    word: said(`offer-${n}`)[0] ?? { weight: 1, pin: false, ban: false, approved: true, by: null, at: null },
    conflicts: n === 4 ? [{ offerId: "offer-1", title: { en: TITLES[1] ?? "", it: TITLES[1] ?? "" }, discount: 1_500 }] : [],
    lift: LIFTS[n] ?? STORE_LIFT,
  }));
  return { offers, segments: [{ id: "regulars", rule: "visits > 3", weight: 1.5 }, { id: "everybody", rule: "true", weight: 1 }], holdout: 0.1 };
}
