// Offers and Effect: what may be said, what it changed, and what people say of it.

import type { Page } from "@playwright/test";

import { address, axe, expect, overflow, test } from "./watched.ts";

const offers = (page: Page) => page.locator(".offer");

async function open(page: Page) {
  await page.goto(address("/#/offers"));
  await expect(page.getByRole("heading", { name: "Offers", level: 1 })).toBeVisible();
  await expect(offers(page).first()).toBeVisible();
}

test("every offer tells its state, its figures, what is left and its effect", async ({ page }) => {
  await open(page);
  const known = await page.evaluate(async () => {
    const { stores } = (await (await fetch("/api/v1/stores")).json()) as { stores: { id: string }[] };
    const plan = (await (await fetch(`/api/v1/stores/${stores[0]?.id}/plan`)).json()) as { offers: unknown[] };
    return plan.offers.length;
  });
  await expect(offers(page)).toHaveCount(known);
  for (const offer of await offers(page).all()) {
    await expect(offer.locator(".state")).not.toBeEmpty();
    for (const figure of ["told", "opened", "redeemed", "purchased", "kept"]) await expect(offer.locator(`[data-figure=${figure}]`)).toHaveText(/^[\d,]+$/);
    await expect(offer.locator("[data-figure=left]")).not.toBeEmpty();
    await expect(offer.locator("[data-figure=effect] span")).not.toBeEmpty();
  }
  expect(await axe(page)).toEqual([]);
});

test("a weight is said with the keyboard, holds after a reload, and is taken back", async ({ page }) => {
  await open(page);
  const offer = offers(page).first();
  const change = offer.getByRole("button", { name: "Change" });
  await change.focus();
  await page.keyboard.press("Enter");
  const slider = offer.getByRole("slider", { name: "Weight" });
  const save = offer.getByRole("button", { name: "Save" });
  await expect(save).toBeDisabled();
  // The slider is the next thing that the keyboard reaches.
  await page.keyboard.press("Tab");
  await expect(slider).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(slider).toHaveAttribute("aria-valuetext", "1.5×");
  expect(await axe(page)).toEqual([]);
  await save.focus();
  await page.keyboard.press("Enter");
  await expect(offer.getByRole("status")).toHaveText("Saved. It holds from the next decision on.");
  await expect(offer.getByTestId("word")).toHaveText("weight 1.5×");

  await page.reload();
  const again = offers(page).first();
  await expect(again.getByTestId("word")).toHaveText("weight 1.5×");
  await again.getByRole("button", { name: "Change" }).click();
  await expect(again.getByRole("slider", { name: "Weight" })).toHaveAttribute("aria-valuetext", "1.5×");
  await expect(again.locator(".word-history li").first()).toContainText("giulia");
  await again.getByRole("button", { name: "Take it all back" }).click();
  await expect(again.getByTestId("word")).toHaveText("as usual");
  await expect(again.locator(".word-history li")).toHaveCount(2);
});

test("banned is said in plain words, until it is taken back", async ({ page }) => {
  await open(page);
  const offer = offers(page).last();
  await expect(offer.locator(".state")).not.toHaveText("Banned");
  await offer.getByRole("button", { name: "Change" }).click();
  await offer.getByRole("checkbox", { name: "Never" }).check();
  await offer.getByRole("button", { name: "Save" }).click();
  await expect(offer.locator(".state")).toHaveText("Banned");
  await expect(offer.locator(".offer-state")).toHaveText("Somebody here has banned it.");
  await offer.getByRole("button", { name: "Take it all back" }).click();
  await expect(offer.locator(".state")).not.toHaveText("Banned");
});

test("what was not saved is said, and what stood there stays", async ({ page, watch }) => {
  watch.expectComplaint(/status of 4\d\d|ERR_|Failed to load/);
  await open(page);
  const offer = offers(page).first();
  await offer.getByRole("button", { name: "Change" }).click();
  await page.route("**/lever", (route) => (route.request().method() === "PUT" ? route.abort() : route.continue()));
  await offer.getByRole("checkbox", { name: "First of all" }).check();
  await offer.getByRole("button", { name: "Save" }).click();
  await expect(offer.getByRole("status")).toContainText("That was not saved.");
  await expect(offer.getByTestId("word")).toHaveText("as usual");
});

test("conflicts and an offer that was stopped are named", async ({ page }) => {
  // The demo's shop has neither: what the server would say is put into its answer.
  await page.route("**/offers", async (route) => {
    const answer = await route.fetch();
    const list = (await answer.json()) as { offers: Record<string, unknown>[] };
    const [first] = list.offers;
    if (first !== undefined) {
      first["conflicts"] = [{ offerId: "other", title: { en: "Another one", it: "Un’altra" }, discount: 500 }];
      first["state"] = "stopped";
      first["stoppedAt"] = "2026-11-20T10:00:00Z";
    }
    await route.fulfill({ response: answer, json: list });
  });
  await open(page);
  const offer = offers(page).first();
  await expect(offer.locator(".conflict")).toContainText("“Another one” saves €5.00 on the same thing");
  await expect(offer.locator(".offer-state")).toContainText("It made people buy less, and was stopped by itself");
  expect(await axe(page)).toEqual([]);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("the effect is told in one sentence with both groups, and is honest about too little data", async ({ page }) => {
  await page.goto(address("/#/effect"));
  const all = page.locator(".together");
  await expect(all.getByTestId("meaning")).toContainText("Not enough data yet");
  await expect(all.locator(".arms tbody tr")).toHaveCount(2);
  await expect(all.getByRole("img", { name: "Nothing to draw yet." })).toBeVisible();
  await expect(all.getByText("when that share was last set")).toBeVisible();
  const one = page.locator(".effect-list > li").first();
  await one.getByRole("button", { name: /Numbers/ }).click();
  await expect(one.locator(".arms tbody tr")).toHaveCount(2);
  await expect(page.getByRole("heading", { name: "Customer groups" })).toBeVisible();
  expect(await axe(page)).toEqual([]);
});

test("an interval is drawn where it lies, and an odd split is an alarm", async ({ page }) => {
  const lift = { since: "2026-11-01T00:00:00Z", treated: { n: 9_000, converted: 1_000 }, control: { n: 1_000, converted: 70 }, share: 0.9, sampleRatioP: 0.9, hidden: null as string | null, rateRatio: { low: 1.104, high: 2.381 } as object | null, e: 496, money: { point: 41, low: 3, high: 79 } as object | null, enoughFrom: 20, verdict: "better" };
  await page.route(/\/stores\/[^/]+\/lift$/, (route) => route.fulfill({ json: lift }));
  await page.goto(address("/#/effect"));
  const all = page.locator(".together");
  await expect(all.getByTestId("meaning")).toHaveText("Offers work: those who are told buy 1.1× to 2.38× as often as those who are not.");
  const [bar, line] = await Promise.all([all.locator(".interval-line b").boundingBox(), all.locator(".interval-line").boundingBox()]);
  if (bar === null || line === null) throw new Error("the interval is not drawn");
  const middle = line.x + line.width / 2;
  expect(bar.x).toBeGreaterThan(middle);
  expect((bar.x + bar.width - middle) / line.width).toBeCloseTo(Math.log(2.381) / (2 * Math.log(16)), 2);
  await expect(all.getByText("the shop earns +€0.41 more")).toBeVisible();
  expect(await axe(page)).toEqual([]);
  Object.assign(lift, { hidden: "sample-ratio", rateRatio: null, money: null, verdict: "undecided" });
  await page.reload();
  await expect(all.getByTestId("meaning")).toContainText("Something is wrong with the comparison");
  await expect(all.locator(".interval-line b")).toHaveCount(0);
});

test("what people's word brought stands beside the offer, in English and in Italian", async ({ page }) => {
  const arms = { since: "2026-11-01T00:00:00Z", treated: { n: 3_000, converted: 600 }, control: { n: 3_000, converted: 400 }, share: 0.5, sampleRatioP: 0.9, hidden: null as string | null, rateRatio: { low: 1.21, high: 1.86 } as object | null, e: 5_000, enoughFrom: 20, verdict: "better" };
  const whole = { ...arms, money: null, word: { ...arms, money: null } as object | null, approval: null as object | null, banned: null as string | null };
  await page.route(/\/offers\/[^/]+\/lift$/, (route) => route.fulfill({ json: whole }));
  await page.goto(address("/#/effect"));
  const one = page.locator(".effect-list > li").first();
  const line = one.locator("[data-word]");
  // Opened anew it asks anew.
  const toggle = one.locator(".effect-row button");
  const again = async () => {
    await toggle.click();
    await toggle.click();
  };
  await toggle.click();
  await expect(line).toHaveText("What people’s word brought (weight, first of all): more buyers, 1.21× to 1.86× as many.");
  await page.screenshot({ path: "out/effect-word-en.png", fullPage: true });
  expect(await axe(page)).toEqual([]);
  await page.getByRole("button", { name: "IT Italiano" }).click();
  await expect(line).toHaveText(/^Che cosa ha portato la parola delle persone \(peso, prima di tutte\): più acquirenti, /);
  await expect(line).toContainText("1,21");
  await expect(line).toContainText("1,86");
  await page.screenshot({ path: "out/effect-word-it.png", fullPage: true });
  expect(await axe(page)).toEqual([]);
  await page.getByRole("button", { name: "EN English" }).click();

  whole.word = { ...arms, money: null, rateRatio: { low: 0.5, high: 0.9 }, verdict: "harm" };
  await again();
  await expect(line).toContainText("fewer buyers, only 0.5× to 0.9× as many");
  whole.word = { ...arms, money: null, rateRatio: { low: 0.9, high: 1.3 }, verdict: "undecided" };
  await again();
  await expect(line).toContainText("nothing that can be told apart from chance yet, 0.9× to 1.3× as many buyers");
  // What lets an offer be said or forbids it can't be put aside: the offer's own lift tells.
  whole.approval = { ...arms, money: null };
  await again();
  await expect(one.locator("[data-approval]")).toHaveText("What its approval brought, since then: more buyers, 1.21× to 1.86× as many.");
  Object.assign(whole, { approval: null, banned: "2026-11-20T00:00:00Z" });
  await again();
  await expect(one.locator("[data-banned]")).toHaveText("What it brought until it was banned, and brings no more: more buyers, 1.21× to 1.86× as many.");
  await expect(one.locator("[data-approval]")).toHaveCount(0);
  // Nobody has said anything: there is no line.
  whole.word = null;
  await again();
  await expect(one.locator(".arms tbody tr")).toHaveCount(2);
  await expect(line).toHaveCount(0);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("both pages fit a phone, in Italian too", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await open(page);
  await page.getByRole("button", { name: "IT Italiano" }).click();
  await expect(page.getByRole("heading", { name: "Offerte", level: 1 })).toBeVisible();
  await offers(page).first().getByRole("button", { name: "Modifica" }).click();
  expect(await overflow(page)).toBe(0);
  expect(await axe(page)).toEqual([]);
  await page.getByRole("link", { name: "Effetto" }).click();
  await expect(page.locator(".together").getByTestId("meaning")).toBeVisible();
  expect(await overflow(page)).toBe(0);
  expect(await axe(page)).toEqual([]);
  await page.getByRole("button", { name: "EN English" }).click();
});
