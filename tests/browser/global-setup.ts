// Starts the demo once for all tests. ATTIMO_URL, ATTIMO_TOKEN, ATTIMO_KEY and ATTIMO_DATA name one that runs already.

import { mkdirSync } from "node:fs";

import { startDemo } from "./demo.mjs";

export default async function setup() {
  mkdirSync("out", { recursive: true });
  if (process.env["ATTIMO_URL"] !== undefined) return;
  const demo = await startDemo({ seconds: 1_200 });
  process.env["ATTIMO_URL"] = demo.url;
  process.env["ATTIMO_TOKEN"] = demo.token;
  process.env["ATTIMO_KEY"] = demo.key;
  process.env["ATTIMO_DATA"] = demo.data;
  return demo.stop;
}
