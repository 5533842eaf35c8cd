// Starts the real demo (server, gateway, simulated shop) for a test or a picture, and reads what it prints.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const READY_WITHIN_MS = 120_000;
const LINES_KEPT = 60;

/**
 * What the demo prints for a person to use.
 * @typedef {{ url: string, token: string, key: string }} Address
 */

/**
 * Reads the address of the page, the set-up code and the write key from the demo's lines; none until all are there.
 * @param {string[]} lines
 * @returns {Address | null}
 */
export function addressIn(lines) {
  const text = lines.join("\n");
  const url = /dashboard +(http:\/\/[\w.:]+)\//.exec(text)?.[1];
  const token = /set-up +([\w-]{8,})/.exec(text)?.[1];
  const key = /\/phone[#?]key=([\w.~-]+)/.exec(text)?.[1];
  return url !== undefined && token !== undefined && key !== undefined ? { url, token, key } : null;
}

/**
 * The path of one of the built programs.
 * @param {string} name
 */
export function program(name) {
  const folder = process.env["ATTIMO_BIN"] ?? fileURLToPath(new URL("../../target/debug", import.meta.url));
  const path = join(folder, name);
  if (!existsSync(path)) throw new Error(`${path} is missing: run 'make build', or name the folder in ATTIMO_BIN`);
  return path;
}

/**
 * Starts the demo in a folder of its own.
 * @param {{ seconds: number, seed?: number }} options
 * @returns {Promise<Address & { stop: () => Promise<void>, lines: string[], data: string }>}
 */
export async function startDemo({ seconds, seed = 7 }) {
  const data = mkdtempSync(join(tmpdir(), "attimo-browser-"));
  const args = ["demo", "--headless", "--for", `${seconds}s`, "--seed", String(seed), "--data", data, "--listen", "127.0.0.1:0", "--report", join(data, "report.json")];
  const child = spawn(program("attimo-sim"), args, { stdio: ["ignore", "pipe", "pipe"] });
  /** @type {string[]} */
  const lines = [];
  const ended = new Promise((done) => child.once("exit", done));
  const stop = async () => {
    child.kill("SIGINT");
    const late = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(late);
    rmSync(data, { recursive: true, force: true });
  };
  /** @type {Address} */
  const address = await new Promise((ready, fail) => {
    const give = (/** @type {string} */ why) => fail(new Error(`${why}; its last lines were:\n${lines.join("\n")}`));
    const late = setTimeout(() => give(`the demo was not ready in ${READY_WITHIN_MS / 1000} s`), READY_WITHIN_MS);
    void ended.then((code) => give(`the demo ended with ${code}`));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        const found = addressIn(lines);
        if (lines.length > LINES_KEPT) lines.shift();
        if (found === null) return;
        clearTimeout(late);
        ready(found);
      });
    }
  }).catch(async (error) => {
    await stop();
    throw error;
  });
  return { ...address, stop, lines, data };
}
