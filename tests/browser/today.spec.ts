// Today: the day's figures, each with its definition, and the funnel that never grows downwards.

import { address, axe, expect, test } from "./watched.ts";

test.beforeEach(async ({ page }) => {
  await page.goto(address("/#/today"));
  await expect(page.getByRole("heading", { name: "Today", level: 1 })).toBeVisible();
});

test("four figures stand on top, each with its definition", async ({ page }) => {
  for (const id of ["footfall", "visits", "dwell", "offers"]) await expect(page.getByTestId(`tile-${id}`)).not.toBeEmpty();
  const tiles = page.locator(".tile");
  for (const tile of await tiles.all()) {
    await tile.locator("summary").click();
    await expect(tile.locator(".definition p")).toBeVisible();
  }
  expect(await axe(page)).toEqual([]);
});

test("the door's count rises while people come in", async ({ page }) => {
  test.setTimeout(120_000);
  await expect(page.getByTestId("tile-footfall")).not.toHaveText("0", { timeout: 90_000 });
});

test("the funnel's steps never grow", async ({ page }) => {
  const order = ["moments", "decided", "sent", "delivered", "opened", "visited", "redeemed"];
  await expect(page.locator("[data-step]")).toHaveCount(10);
  // Read in one go: the page refreshes itself while the shop goes on.
  const all = await page.locator("[data-step]").evaluateAll((steps) => steps.map((step) => [step.getAttribute("data-step"), Number(step.querySelector("b")?.textContent?.replace(/\D/g, ""))] as const));
  const counts = new Map(all);
  const values = order.map((key) => counts.get(key) ?? Number.NaN);
  expect(values).toEqual([...values].sort((a, b) => b - a));
});

test("hours and places have tables, and another day can be seen", async ({ page }) => {
  await page.getByText("As a table").click();
  await expect(page.locator(".definition .figures tbody tr").first()).toBeVisible();
  await expect(page.getByRole("heading", { name: "Places" })).toBeVisible();
  await page.getByRole("button", { name: "Day before" }).click();
  await expect(page.getByTestId("tile-footfall")).toHaveText("0");
  await page.getByRole("button", { name: "Day after" }).click();
  await expect(page.getByRole("heading", { name: "Today", level: 1 })).toBeVisible();
});
