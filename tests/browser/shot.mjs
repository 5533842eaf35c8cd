// Makes docs/images/now.png: the live page of a real demo, cut below the plan's card and the list of decisions.

import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "@playwright/test";

import { CHROMIUM, FLAGS } from "./browser.mjs";
import { startDemo } from "./demo.mjs";

const PICTURE = fileURLToPath(new URL("../../docs/images/now.png", import.meta.url));
const WIDTH = 1240;
// Soft colours pack badly.
const SIZE_MAX = 360 * 1024;
const NAME = "giulia";
const PASSWORD = "a shop on a quiet street";

/** Where the picture ends, so that nothing in it is cut in two: below the plan's card and the list of decisions. */
function end() {
  const parts = [...document.querySelectorAll(".stage > .panel, .decisions ol")];
  return Math.ceil(Math.max(...parts.map((part) => part.getBoundingClientRect().bottom))) + 24;
}

const demo = process.env["ATTIMO_URL"] === undefined ? await startDemo({ seconds: 600 }) : null;
const url = demo?.url ?? process.env["ATTIMO_URL"] ?? "";
const token = demo?.token ?? process.env["ATTIMO_TOKEN"] ?? "";
const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
try {
  const context = await browser.newContext({ viewport: { width: WIDTH, height: 850 }, colorScheme: "light", locale: "en-GB", reducedMotion: "reduce" });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByLabel("Set-up code").fill(token);
  await page.getByLabel("Your name").fill(NAME);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();
  console.log("Waiting until the shop is busy and offers have been made");
  await page.locator(".decision.offer").nth(1).waitFor({ timeout: 300_000 });
  await page.waitForFunction(() => document.querySelectorAll(".drawing .mark").length >= 20 && document.querySelectorAll(".drawing .mark .dot").length >= 6 && document.querySelector(".time-bar") !== null, undefined, { timeout: 300_000 });
  await page.mouse.move(0, 0);
  await page.evaluate(() => scrollTo(0, 0));
  const picture = await page.screenshot({ type: "png", fullPage: true, clip: { x: 0, y: 0, width: WIDTH, height: await page.evaluate(end) } });
  mkdirSync(dirname(PICTURE), { recursive: true });
  writeFileSync(PICTURE, picture);
  console.log(`${PICTURE}: ${Math.round(statSync(PICTURE).size / 1024)} KB`);
  if (picture.length > SIZE_MAX) throw new Error(`the picture is over ${SIZE_MAX / 1024} KB`);
} finally {
  await browser.close();
  await demo?.stop();
}
