// A page that is watched: a test on it fails when the browser complains, a policy is broken, or another host is asked.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { test as base, expect, type Page } from "@playwright/test";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const address = (path: string) => `${env("ATTIMO_URL")}${path}`;

export function env(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

interface Watch {
  /** A complaint that this test causes on purpose. */
  expectComplaint: (pattern: RegExp) => void;
}

export const test = base.extend<{ watch: Watch }>({
  watch: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      const wanted: RegExp[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
      page.on("request", (request) => {
        if (!request.url().startsWith(env("ATTIMO_URL"))) complaints.push(`asked another host: ${request.url()}`);
      });
      await page.addInitScript(() => {
        document.addEventListener("securitypolicyviolation", (event) => console.error(`policy broken: ${event.violatedDirective} ${event.blockedURI}`));
      });
      await use({ expectComplaint: (pattern) => wanted.push(pattern) });
      expect(complaints.filter((text) => !wanted.some((pattern) => pattern.test(text)))).toEqual([]);
    },
    { auto: true },
  ],
});

/** What axe-core finds on the page as it is now. */
export async function axe(page: Page): Promise<string[]> {
  // Evaluated by the debugger, which a page's policy does not bind.
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
  });
}

/** How far the page is wider than the window, in pixels. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

export { expect };
