// The demo phone: nothing without a yes, an event, and the offer on the page by the stream.

import type { BrowserContext, Page } from "@playwright/test";

import { address, axe, env, expect, overflow, test } from "./watched.ts";

test.use({ viewport: { width: 390, height: 844 } });

const phone = (user: string) => address(`/phone#key=${env("ATTIMO_KEY")}&user=${user}`);
/** Shoppers whose second screens are watched at once. */
const PAGES = 10;

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

test("an offer comes by the stream while a shopper stands there, and can be answered", async ({ browser }) => {
  test.setTimeout(300_000);
  // Each page is a second screen of one of the demo's walking shoppers; whoever gets the first offer is looked at.
  const contexts = await Promise.all(Array.from({ length: PAGES }, () => browser.newContext({ viewport: { width: 390, height: 844 }, locale: "en-GB" })));
  const pages = await Promise.all(contexts.map((context, number) => join(context, `shopper-${String(number).padStart(2, "0")}`)));
  const shown = await Promise.any(pages.map((page) => page.locator(".card:not(.done)").first().waitFor({ timeout: 240_000 }).then(() => page)));

  const card = shown.locator(".card:not(.done)").first();
  await expect(card.locator("h3")).not.toBeEmpty();
  await card.getByText("Why do I see this?").click();
  await expect(card.getByTestId("reason")).not.toBeEmpty();
  // And which data it rests on, each with the permission that lets it be used.
  await expect(card.locator("[data-ground=place]")).toContainText("because you allow “See where I am in the shop”");
  await expect(card.locator("[data-ground=interest]")).toContainText("because you allow “Remember what I like”");
  expect(await axe(shown)).toEqual([]);

  const opened = outcome(shown, "opened");
  await card.getByRole("button", { name: "Open" }).click();
  expect(await opened).toBe(200);
  const redeemed = outcome(shown, "redeemed");
  await card.getByRole("button", { name: "Use it now" }).click();
  expect(await redeemed).toBe(200);
  await expect(shown.locator(".card.done").first()).toContainText("Used. Enjoy!");
  await Promise.all(contexts.map((context) => context.close()));
});

async function join(context: BrowserContext, user: string): Promise<Page> {
  const page = await context.newPage();
  // Without the list, what appears has come by the stream.
  await page.route("**/v1/offers", (route) => route.fulfill({ json: { offers: [] } }));
  await page.goto(phone(user));
  for (const purpose of ["locating", "profiling", "marketingPush"]) await say(page, purpose, true);
  await expect(page.getByText("Listening")).toBeVisible();
  // Interest makes offers likelier: this shopper has looked at everything.
  for (const product of await page.locator(".product").all()) await product.click();
  return page;
}

async function outcome(page: Page, kind: string): Promise<number> {
  const response = await page.waitForResponse((answer) => answer.url().endsWith("/outcomes") && (answer.request().postDataJSON() as { kind: string }).kind === kind);
  return response.status();
}
