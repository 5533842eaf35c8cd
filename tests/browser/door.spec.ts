// The door: the first start makes the one account, and nobody else comes in.

import { SESSION } from "./playwright.config.ts";
import { address, axe, env, expect, overflow, test } from "./watched.ts";

const NAME = "giulia";
const PASSWORD = "a shop on a quiet street";

test("the first start asks for the one-time code, and refuses a wrong one", async ({ page, watch }) => {
  watch.expectComplaint(/status of 4\d\d/);
  await page.goto(address("/"));
  await expect(page.getByRole("heading", { name: "Welcome to Attimo" })).toBeVisible();
  expect(await axe(page)).toEqual([]);
  await page.getByLabel("Set-up code").fill("not-the-code");
  await page.getByLabel("Your name").fill(NAME);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();
  await expect(page.getByRole("alert")).not.toBeEmpty();
  expect(await axe(page)).toEqual([]);
});

test("the code makes the account and opens the shop", async ({ page }) => {
  await page.goto(address("/"));
  await page.getByLabel("Set-up code").fill(env("ATTIMO_TOKEN"));
  await page.getByLabel("Your name").fill(NAME);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();
  await expect(page.getByRole("heading", { name: "Floor plan" })).toBeVisible();
});

test("a wrong password is refused in plain words, and the right one opens", async ({ page, watch }) => {
  watch.expectComplaint(/status of 4\d\d/);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(address("/"));
  await expect(page.getByRole("heading", { name: "Good to see you" })).toBeVisible();
  expect(await overflow(page)).toBe(0);
  expect(await axe(page)).toEqual([]);
  await page.getByLabel("Your name").fill(NAME);
  await page.getByLabel("Password").fill("the wrong words altogether");
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("alert")).toHaveText("Name and password do not fit together.");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("heading", { name: "Floor plan" })).toBeVisible();
  await page.context().storageState({ path: SESSION });
});

test("without a session the shop is not shown", async ({ request }) => {
  for (const path of ["/api/v1/stores", "/api/v1/session", "/metrics"]) {
    expect([path, (await request.get(address(path))).status()]).toEqual([path, 401]);
  }
});
