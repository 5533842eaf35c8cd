// Fleet: the boxes, receivers and beacons of the shop, worst first, each trouble with what to do about it.

import type { Page } from "@playwright/test";

import { server, startGateway } from "./gateway.mjs";
import { address, axe, env, expect, overflow, test } from "./watched.ts";

interface Answer {
  at: string;
  gateways: (Record<string, unknown> & { id: string; receivers: Record<string, unknown>[]; uplink: Record<string, unknown> })[];
  unheard: { id: string; store: string }[];
  beacons: Record<string, unknown>[];
}

const box = (page: Page, id: string) => page.locator(`.box[data-box="${id}"]`);
const fact = (page: Page, id: string, name: string) => box(page, id).locator(`[data-fact="${name}"]`);

async function open(page: Page) {
  await page.goto(address("/#/fleet"));
  await expect(box(page, "demo-gateway")).toBeVisible();
}

/** Puts into the server's answer what a small shop that is well never has. */
async function change(page: Page, put: (answer: Answer) => void) {
  await page.route("**/api/v1/fleet", async (route) => {
    const response = await route.fetch();
    const json = (await response.json()) as Answer;
    put(json);
    await route.fulfill({ response, json });
  });
}

test("the shop's box is online, opens to all that is known of it, and tells what each receiver hears", async ({ page }) => {
  await open(page);
  await expect(box(page, "demo-gateway").locator(".state")).toHaveText("online");
  await expect(page.locator(".fleet-sums")).toContainText("hear well");
  await box(page, "demo-gateway").getByRole("button").click();
  await expect(fact(page, "demo-gateway", "version")).toHaveText(/^\d+\.\d+\.\d+/);
  await expect(fact(page, "demo-gateway", "certificate")).toContainText("password");
  await expect(fact(page, "demo-gateway", "counts")).toHaveText(/[1-9][\d,]* heard, [1-9][\d,]* sent, [1-9][\d,]* taken/);
  await expect(fact(page, "demo-gateway", "lost")).toHaveText("nothing");
  await expect(fact(page, "demo-gateway", "privacy")).toContainText("counting only");
  const rows = box(page, "demo-gateway").locator("tbody tr");
  await expect(rows.filter({ hasText: "hears well" }).first()).toBeVisible({ timeout: 45_000 });
  const first = rows.filter({ hasText: "hears well" }).first().locator(".number").first();
  await expect.poll(async () => Number(await first.innerText())).toBeGreaterThan(0);
  expect(await axe(page)).toEqual([]);
});

test("a box that is let in, comes, takes settings over and goes is told at once", async ({ page }) => {
  test.setTimeout(120_000);
  const id = "spare-box";
  await open(page);
  await server(env("ATTIMO_DATA"), ["gateway", "token", id]);
  await expect(box(page, id).locator(".state")).toHaveText("never seen");
  await expect(page.locator('.trouble[data-code="never"]')).toContainText(`attimo-server gateway token ${id}`);
  const gateway = await startGateway(env("ATTIMO_DATA"), id);
  try {
    await expect(box(page, id).locator(".state")).toHaveText("online", { timeout: 45_000 });
    await expect(page.locator('.trouble[data-code="never"]')).toHaveCount(0);
    await box(page, id).getByRole("button").click();
    await expect(fact(page, id, "settings")).toHaveText("its own file alone");
    const set = await page.request.put(address(`/api/v1/fleet/config/gateway:${id}`), { headers: { "x-attimo": "1" }, data: { settings: { log: { filter: "debug" } } } });
    expect(set.status()).toBe(200);
    const { version } = (await set.json()) as { version: number };
    await expect(fact(page, id, "settings")).toHaveText(new RegExp(`^version ${version} is (in force|being tried)`), { timeout: 45_000 });
  } finally {
    await gateway.stop();
  }
  await expect(box(page, id).locator(".state")).toHaveText("offline", { timeout: 45_000 });
  const trouble = page.locator(".trouble", { hasText: `Box ${id}` });
  await expect(trouble).toContainText("has been offline for");
  await expect(trouble).toContainText("Check that it has power and network");
  await expect(page.locator(".box").first()).toHaveAttribute("data-box", id);
});

test("what is wrong is told worst first, in Italian too, and fits a phone", async ({ page }) => {
  await change(page, (answer) => {
    const one = answer.gateways.find((gateway) => gateway.id === "demo-gateway");
    if (one === undefined) return;
    const wine = { ...one.receivers[0] };
    one.receivers = [
      { ...wine, id: "box-radio", kind: "radio", state: "silent", condition: "well", lastHeard: answer.at },
      { ...wine, id: "poor-line", state: "online", condition: "well", heard: 900, missed: 100, overflowed: 0 },
    ];
    Object.assign(one, { state: "online", clock: { offsetMs: -1_790_000_000_000, believed: false }, certificate: { state: "expiring", until: "2026-12-01T08:00:00Z" } });
    Object.assign(one, { config: { state: "rolled-back", desired: 12, inForce: 11, field: null, reason: "2 receivers were not heard any more", at: answer.at } });
    Object.assign(one.uplink, { spoolBatches: 4_211, oldestUnsentMs: 5_400_000, backlog: 4_200, missing: 20, lost: { sightings: 120, readings: 0 } });
    answer.gateways = [one];
    answer.unheard = [];
    const shelf = { id: "shelf-1", store: one["store"] ?? "", kind: "fixed", lastHeard: answer.at, lastReceiver: "wine" };
    answer.beacons = [
      { ...shelf, state: "heard", battery: { percent: null, millivolts: 2_310, low: true, at: answer.at } },
      { ...shelf, id: "shelf-2", state: "moved", battery: null },
      { ...shelf, id: "pir-1", kind: "sensor", state: "offline", battery: null, lastHeard: null, lastReceiver: null },
    ];
  });
  await open(page);
  const codes = () => page.locator(".trouble").evaluateAll((all) => all.map((one) => one.getAttribute("data-code")));
  await expect.poll(codes).toEqual(["radio", "certificate-soon", "rolled-back", "waiting", "battery", "away", "sensor-gone", "lost", "clock-unset", "loss"]);
  await expect(box(page, "demo-gateway").locator(".state")).toHaveText("online");
  await page.setViewportSize({ width: 360, height: 740 });
  await page.getByRole("button", { name: "Italiano" }).click();
  await expect(page.locator('.trouble[data-code="radio"]')).toContainText("è in linea, ma la sua radio non sente nulla");
  await expect(page.locator('.trouble[data-code="rolled-back"]')).toContainText("2 receivers were not heard any more");
  await box(page, "demo-gateway").getByRole("button").focus();
  await page.keyboard.press("Enter");
  await expect(fact(page, "demo-gateway", "waiting")).toContainText("il più vecchio da 1 h 30 min");
  await expect(box(page, "demo-gateway").locator('[data-receiver="poor-line"]')).toContainText("10%");
  await expect(page.locator('[data-beacon="shelf-1"] .low')).toHaveText("2,31 V");
  expect(await overflow(page)).toBe(0);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await axe(page)).toEqual([]);
  }
  await page.getByRole("button", { name: "EN English" }).click();
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("a box that is away explains the silence of what hangs on it, and a lost server is said aloud", async ({ page, watch }) => {
  watch.expectComplaint(/ERR_|Failed to load|net::/);
  await change(page, (answer) => {
    for (const one of answer.gateways) Object.assign(one, { state: "offline", since: answer.at, receivers: one.receivers.map((receiver) => ({ ...receiver, state: "offline" })) });
  });
  await open(page);
  await expect(page.locator('.trouble[data-code="offline"]').first()).toBeVisible();
  expect(new Set(await page.locator(".trouble").evaluateAll((all) => all.map((one) => one.getAttribute("data-code"))))).toEqual(new Set(["offline"]));
  await page.route("**/api/v1/fleet", (route) => route.abort());
  await expect(page.locator(".fleet .notice")).toBeVisible();
  await expect(box(page, "demo-gateway")).toBeVisible();
  await page.unrouteAll();
  await expect(page.locator(".fleet .notice")).toHaveCount(0);
});
