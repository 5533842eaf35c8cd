// For everybody: small screens, the keyboard, both languages, light and dark, less motion.

import { address, axe, expect, overflow, test } from "./watched.ts";

const PAGES = [
  { path: "/#/now", ready: ".drawing .zone" },
  { path: "/#/today", ready: ".tile" },
  { path: "/#/offers", ready: ".offer" },
  { path: "/#/effect", ready: ".together .arms" },
  { path: "/#/fleet", ready: ".box-head" },
  { path: "/phone", ready: ".phone h1" },
];

for (const { path, ready } of PAGES) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`${path} fits 360 px and satisfies axe in ${colorScheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width: 360, height: 740 });
      await page.goto(address(path));
      await page.locator(ready).first().waitFor();
      expect(await overflow(page)).toBe(0);
      expect(await axe(page)).toEqual([]);
    });
  }
}

test("the keyboard reaches every zone, and opens one", async ({ page }) => {
  await page.goto(address("/"));
  await expect(page.locator(".drawing .zone")).toHaveCount(8);
  const reached = new Set<string>();
  for (let presses = 0; presses < 40 && reached.size < 8; presses += 1) {
    await page.keyboard.press("Tab");
    const zone = await page.evaluate(() => document.activeElement?.getAttribute("data-zone") ?? null);
    if (zone !== null) reached.add(zone);
  }
  expect(reached.size).toBe(8);
  await page.keyboard.press("Enter");
  await expect(page.locator('.zone[aria-pressed="true"]')).toHaveCount(1);
  const edge = await page.locator('.zone[aria-pressed="true"] .zone-edge').evaluate((shape) => getComputedStyle(shape).strokeWidth);
  expect(parseFloat(edge)).toBeGreaterThanOrEqual(2);
});

test("the first stop of the keyboard skips to the page", async ({ page }) => {
  await page.goto(address("/"));
  await page.locator(".drawing").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
});

test("the language changes at once and is remembered", async ({ page }) => {
  await page.goto(address("/"));
  await page.getByRole("button", { name: "Italiano" }).click();
  await expect(page.getByRole("heading", { name: "Pianta del negozio" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "it");
  await page.reload();
  await expect(page.getByRole("heading", { name: "Ultime decisioni" })).toBeVisible();
  expect(await axe(page)).toEqual([]);
  await page.getByRole("link", { name: "Oggi" }).click();
  await expect(page.getByRole("heading", { name: "Perché abbiamo taciuto" })).toBeVisible();
});

test("those who want less motion get none", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto(address("/"));
  await page.locator(".drawing .zone").first().waitFor();
  const moving = await page.evaluate(() => document.getAnimations().length);
  expect(moving).toBe(0);
});

test("the first load is at most 40 KB of script, compressed", async ({ page }) => {
  const sizes: Promise<number>[] = [];
  page.on("response", (response) => {
    if (response.url().endsWith(".js")) sizes.push(response.request().sizes().then((size) => size.responseBodySize));
  });
  await page.goto(address("/"));
  await page.locator(".drawing").waitFor();
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThanOrEqual(40 * 1024);
});
