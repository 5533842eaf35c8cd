// Real Web Push in a real Firefox: the browser subscribes, the server encrypts, the service worker shows and reports.

import { existsSync } from "node:fs";

import puppeteer, { type Browser, type Page } from "puppeteer-core";

import { startPushService } from "./push-service.mjs";
import { startTape } from "./tape.mjs";
import { env, expect, test } from "./watched.ts";

const FIREFOX = process.env["FIREFOX"] ?? "/usr/bin/firefox-esr";
const SHOPPERS = 42;

interface Subscription {
  endpoint: string;
  keys: { p256dh: string; auth: string };
}

async function firefox(serverUrl: string): Promise<Browser> {
  return puppeteer.launch({
    browser: "firefox",
    executablePath: FIREFOX,
    headless: true,
    extraPrefsFirefox: {
      "dom.push.serverURL": serverUrl,
      // The driver turns the connection off by default.
      "dom.push.connection.enabled": true,
      "dom.push.testing.allowInsecureServerURL": true,
      "permissions.default.desktop-notification": 1,
      "alerts.useSystemBackend": false,
      "intl.accept_languages": "en-GB",
    },
  });
}

/** Turns everything on by hand, as a person would. */
async function turnOn(page: Page, url: string): Promise<void> {
  await page.goto(url);
  for (const purpose of ["locating", "profiling", "marketingPush"]) {
    await page.locator(`.switch[data-purpose=${purpose}]:not([disabled])`).click();
    await page.waitForSelector(`.switch[data-purpose=${purpose}][aria-checked=true]:not([disabled])`);
  }
  await page.locator(".messages .primary").click();
  await page.waitForSelector("[data-testid=notice][data-state=on]", { timeout: 30_000 });
}

/** Lets every shopper of the demo be told on this browser, so that the first offer of all comes here. */
async function everyShopper(server: string, subscription: Subscription): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${env("ATTIMO_KEY")}:`).toString("base64")}`;
  for (let number = 0; number < SHOPPERS; number += 1) {
    const body = {
      platform: "web",
      userId: `shopper-${String(number).padStart(2, "0")}`,
      language: "en",
      textVersion: "test",
      consent: { locating: true, profiling: true, marketingPush: true },
      push: subscription,
    };
    const answer = await fetch(`${server}/v1/devices`, { method: "POST", headers: { authorization, "content-type": "application/json" }, body: JSON.stringify(body) });
    expect(answer.status).toBe(201);
  }
}

test("Firefox gets an offer by Web Push, shows it once, and reports it with the receipt", async () => {
  test.skip(!existsSync(FIREFOX), "this test needs Debian's firefox-esr");
  test.setTimeout(300_000);
  const service = await startPushService();
  const tape = await startTape(env("ATTIMO_URL"));
  const browser = await firefox(service.url);
  try {
    const page = await browser.newPage();
    await turnOn(page, `${tape.url}/phone#key=${env("ATTIMO_KEY")}&user=shopper-00`);
    const subscription = await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      return (await registration.pushManager.getSubscription())?.toJSON() as unknown;
    });
    await everyShopper(env("ATTIMO_URL"), subscription as Subscription);

    const receipts = () => tape.taped.filter(({ path, authorization }) => path.endsWith("/outcomes") && authorization.startsWith("Receipt "));
    await expect.poll(() => receipts().filter(({ body }) => body.includes('"delivered"')).length, { timeout: 240_000 }).toBeGreaterThan(0);
    const delivered = receipts()[0];
    expect(delivered?.status).toBe(200);
    expect(service.sent[0]).toMatchObject({ encoding: "aes128gcm", urgency: "high" });
    expect(Number(service.sent[0]?.ttl)).toBeGreaterThan(0);
    // 100 is the browser's own word for: decrypted and handed to the service worker.
    expect(service.acked).toContain(100);

    const shown = await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      return (await registration.getNotifications()).map(({ tag, title }) => ({ tag, title }));
    });
    const decision = delivered?.path.split("/").at(-2);
    expect(shown.filter(({ tag }) => tag === decision)).toHaveLength(1);
    expect(shown[0]?.title).not.toBe("");
  } finally {
    await browser.close();
    await tape.stop();
    await service.stop();
  }
});
