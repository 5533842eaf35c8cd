// Now: the plan is drawn, the numbers live, and every decision explains itself.

import type { Page } from "@playwright/test";

import { address, axe, expect, test } from "./watched.ts";

const zones = (page: Page) => page.locator(".drawing .zone");
const dots = (page: Page) => page.locator(".drawing .mark");

async function open(page: Page) {
  await page.goto(address("/"));
  await expect(zones(page)).toHaveCount(8);
}

test("the plan shows 8 zones, 8 receivers, and people in them", async ({ page }) => {
  await open(page);
  await expect(page.locator(".drawing .receiver")).toHaveCount(8);
  await expect(dots(page).first()).toBeAttached({ timeout: 45_000 });
  const total = page.getByTestId("people-total");
  await expect(total).not.toHaveText("0");
  const shapes = await zones(page).evaluateAll((all) => all.map((zone) => zone.getBoundingClientRect()).every((box) => box.width > 10 && box.height > 10));
  expect(shapes).toBe(true);
  expect(await axe(page)).toEqual([]);
});

test("dots and numbers move within seconds", async ({ page }) => {
  await open(page);
  await expect(page.locator(".pulse.live")).toBeVisible();
  await expect(dots(page).first()).toBeAttached({ timeout: 45_000 });
  const places = () => dots(page).evaluateAll((all) => all.map((dot) => (dot as SVGElement).style.transform).join());
  const numbers = () => page.locator(".pulse").innerText();
  const before = { places: await places(), numbers: await numbers() };
  await expect.poll(places, { timeout: 10_000 }).not.toBe(before.places);
  await expect.poll(numbers, { timeout: 5_000 }).not.toBe(before.numbers);
});

test("a decision explains itself, gate by gate and term by term", async ({ page }) => {
  test.setTimeout(180_000);
  await open(page);
  const offer = page.locator(".decision.offer").first();
  await expect(offer).toBeVisible({ timeout: 150_000 });
  await expect(offer.locator(".sentence")).not.toBeEmpty();
  await offer.locator(".decision-head").click();
  const body = page.locator(".decision-body:not([hidden])");
  await expect(body.locator(".candidate.chosen .gates li.passed")).toHaveCount(24);
  await expect(body.locator(".candidate.chosen .worth:not(.parts) tr")).toHaveCount(9);
  await expect(body.locator(".candidate.chosen .worth .sum").first()).toContainText("€");
  await expect(body.locator(".candidate.chosen .parts tbody tr")).toHaveCount(5);
  await body.locator(".saw summary").click();
  await expect(body.locator(".saw").getByText("Interest", { exact: true })).toBeVisible();
  expect(await axe(page)).toEqual([]);
});

test("a silence names the gate that refused", async ({ page }) => {
  test.setTimeout(180_000);
  await open(page);
  const silence = page.locator(".decision.silence").first();
  await expect(silence).toBeVisible({ timeout: 150_000 });
  await silence.locator(".decision-head").click();
  const body = page.locator(".decision-body:not([hidden])");
  await expect(body.getByRole("heading", { name: "What was considered" })).toBeVisible();
  await expect(body.locator(".candidate").first()).toBeVisible();
});

test("the plan can be read as a table", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: "Table" }).click();
  await expect(page.locator(".plan .figures tbody tr")).toHaveCount(8);
  expect(await axe(page)).toEqual([]);
});

test("the equipment says which receivers hear", async ({ page }) => {
  await open(page);
  await expect(page.locator(".equipment .line.online").first()).toBeVisible({ timeout: 45_000 });
  await expect(page.getByRole("heading", { name: "Boxes in the shop" })).toBeVisible();
});

test("a decision tells the parts of its chance, what was too old and what is not listed, in Italian too", async ({ page, watch }) => {
  test.setTimeout(180_000);
  watch.expectComplaint(/ERR_|Failed to load|net::/);
  // A small shop lists everything and nothing in it grows old: what a large one would say is put into the answer.
  await page.route("**/live", (route) => route.abort());
  await page.route("**/now", async (route) => {
    const answer = await route.fetch();
    const now = (await answer.json()) as { decisions: Record<string, unknown>[] };
    for (const decision of now.decisions) Object.assign(decision, { more: { intent: 12, stage: 3 }, stale: ["crowding"], segment: "regulars", trigger: "pattern", pattern: "twice-at-the-wine" });
    await route.fulfill({ response: answer, json: now });
  });
  await open(page);
  await page.getByRole("button", { name: "IT Italiano" }).click();
  const offer = page.locator(".decision.offer").first();
  await expect(offer).toBeVisible({ timeout: 150_000 });
  await offer.locator(".decision-head").click();
  const body = page.locator(".decision-body:not([hidden])");
  await expect(body.locator(".unlisted")).toHaveText("E altre 15 scartate: Poco interesse (12), Non attiva qui (3).");
  await expect(body.getByTestId("pattern")).toHaveText("(schema «twice-at-the-wine»)");
  await expect(body.getByTestId("segment")).toHaveText("Gruppo di clienti: regulars.");
  await body.locator(".saw summary").click();
  await expect(body.getByTestId("stale")).toHaveText("Noto, ma troppo vecchio per contare: Affollamento.");
  const parts = await body.locator(".candidate.chosen .parts .number").allInnerTexts();
  const [offered, moment, been, person, sum] = parts.map((text) => Number(text.replace("−", "-").replace(",", ".")));
  expect(Math.abs((offered ?? 0) + (moment ?? 0) + (been ?? 0) + (person ?? 0) - (sum ?? 0))).toBeLessThanOrEqual(0.025);
  await page.getByRole("button", { name: "EN English" }).click();
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("a receiver that is not well says what to do about it", async ({ page, watch }) => {
  watch.expectComplaint(/ERR_|Failed to load|net::/);
  await page.route("**/live", (route) => route.abort());
  await page.route("**/now", async (route) => {
    const answer = await route.fetch();
    const now = (await answer.json()) as { receivers: Record<string, unknown>[] };
    for (const [index, condition] of ["dead", "doubtful", "moved"].entries()) Object.assign(now.receivers[index] ?? {}, { condition, conditionSince: "2026-11-22T09:00:00Z" });
    await route.fulfill({ response: answer, json: now });
  });
  await open(page);
  const line = (condition: string) => page.locator(`.equipment .line[data-condition=${condition}]`);
  await expect(line("dead")).toContainText("Check that it has power and network");
  await expect(line("doubtful")).toContainText("Nothing to do yet");
  await expect(line("moved")).toContainText("Was it moved or turned? Put it back");
  await expect(page.locator(".equipment .line[data-condition]")).toHaveCount(3);
  expect(await axe(page)).toEqual([]);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("a lost server is said aloud, and the picture comes back by itself", async ({ page, watch }) => {
  watch.expectComplaint(/ERR_|Failed to load|net::/);
  // A stream that is open can't be cut from here, so the page first lives without one: then it asks again and again.
  await page.route("**/live", (route) => route.abort());
  await open(page);
  await expect(page.locator(".pulse.live")).toBeVisible();
  await page.route("**/now", (route) => route.abort());
  await expect(page.locator(".pulse.stale")).toBeVisible({ timeout: 20_000 });
  await expect(page.locator(".now .notice")).toBeVisible();
  await page.unrouteAll();
  await expect(page.locator(".pulse.live")).toBeVisible({ timeout: 10_000 });
});

test("logging out closes the door behind us", async ({ browser }) => {
  // A session of its own: the shared one stays open for the other tests.
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  const page = await context.newPage();
  await page.goto(address("/"));
  await page.getByLabel("Your name").fill("giulia");
  await page.getByLabel("Password").fill("a shop on a quiet street");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Log out" }).click();
  await expect(page.getByRole("heading", { name: "Good to see you" })).toBeVisible();
  expect((await context.request.get(address("/api/v1/stores"))).status()).toBe(401);
  await context.close();
});
