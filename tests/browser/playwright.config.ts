// One real demo, one worker: the account is made first, then every page is looked at.

import { defineConfig } from "@playwright/test";

import { CHROMIUM, FLAGS } from "./browser.mjs";

export const SESSION = "out/session.json";

export default defineConfig({
  testDir: ".",
  outputDir: "out/results",
  globalSetup: "./global-setup.ts",
  workers: 1,
  fullyParallel: false,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    launchOptions: { executablePath: CHROMIUM, args: FLAGS },
    viewport: { width: 1280, height: 900 },
    locale: "en-GB",
    trace: "retain-on-failure",
  },
  projects: [
    { name: "door", testMatch: "door.spec.ts" },
    { name: "pages", testMatch: ["now.spec.ts", "today.spec.ts", "plan.spec.ts", "offers.spec.ts", "fleet.spec.ts", "access.spec.ts"], dependencies: ["door"], use: { storageState: SESSION } },
    { name: "phone", testMatch: ["phone.spec.ts", "push.spec.ts"], dependencies: ["door"] },
  ],
});
