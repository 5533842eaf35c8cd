// The demo phone: nothing without a yes, an event, and the offer on the page by the stream.

import type { Page } from "@playwright/test";

import { address, axe, env, expect, overflow, test } from "./watched.ts";

test.use({ viewport: { width: 390, height: 844 } });

const phone = (user: string) => address(`/phone#key=${env("ATTIMO_KEY")}&user=${user}`);
const consent = (page: Page, purpose: string) => page.locator(`.switch[data-purpose=${purpose}]`);

async function say(page: Page, purpose: string, on: boolean) {
  await consent(page, purpose).click();
  await expect(consent(page, purpose)).toHaveAttribute("aria-checked", String(on));
  await expect(consent(page, purpose)).toBeEnabled();
}

test("without a key the page says how to get one", async ({ page }) => {
  await page.goto(address("/phone"));
  await expect(page.getByRole("heading", { name: "This page needs a key" })).toBeVisible();
  expect(await axe(page)).toEqual([]);
});

test("every consent is off until somebody says yes, and nothing is kept before", async ({ page }) => {
  await page.goto(phone("nobody-yet"));
  for (const purpose of ["locating", "profiling", "marketingPush"]) await expect(consent(page, purpose)).toHaveAttribute("aria-checked", "false");
  await expect(page.getByText("Nothing about you is kept.")).toBeVisible();
  expect(await axe(page)).toEqual([]);
  expect(await overflow(page)).toBe(0);
});

test("a yes is kept over a visit, and taking it back forgets", async ({ page }) => {
  await page.goto(phone("fickle"));
  await say(page, "profiling", true);
  await expect(page.getByText("We keep this choice")).toBeVisible();
  await page.reload();
  await expect(consent(page, "profiling")).toHaveAttribute("aria-checked", "true");
  await say(page, "profiling", false);
  await expect(page.getByText("Nothing about you is kept.")).toBeVisible();
});

test("a product looked at reaches the shop as a Segment event", async ({ page }) => {
  await page.goto(phone("curious"));
  await say(page, "profiling", true);
  const sent = page.waitForRequest("**/v1/track");
  const answered = page.waitForResponse("**/v1/track");
  await page.locator(".product").first().click();
  expect((await sent).postDataJSON()).toMatchObject({ type: "track", event: "Product Viewed", userId: "curious", context: { consent: { categoryPreferences: { profiling: true } } } });
  expect((await answered).status()).toBe(200);
  await expect(page.locator(".product.looked")).toHaveCount(1);
});
