// One more real edge box at the demo's server, which a test may turn on and off without harm to the others.

import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { program } from "./demo.mjs";

const run = promisify(execFile);

/**
 * Asks the demo's server on its command line.
 * @param {string} demo the demo's data folder
 * @param {string[]} args
 * @returns {Promise<string>} what it printed
 */
export async function server(demo, args) {
  const { stdout } = await run(program("attimo-server"), [...args, "--config", join(demo, "server.toml")]);
  return stdout;
}

/**
 * Lets a box without radio in and starts it.
 * @param {string} demo the demo's data folder
 * @param {string} id
 * @returns {Promise<{ stop: () => Promise<void> }>} `stop` turns it off as a person would, with a goodbye
 */
export async function startGateway(demo, id) {
  const said = await server(demo, ["broker-user", "add", "--role", "gateway", id]);
  const password = said.trim().split(/\s+/).at(-1) ?? "";
  const data = mkdtempSync(join(tmpdir(), "attimo-box-"));
  const config = join(data, "gateway.toml");
  const broker = /url = "(mqtt:\/\/[^"]+)"/.exec(readFileSync(join(demo, "gateway.toml"), "utf8"))?.[1];
  const store = /store = "([^"]+)"/.exec(readFileSync(join(demo, "gateway.toml"), "utf8"))?.[1];
  if (broker === undefined || store === undefined) throw new Error("the demo's gateway.toml names no broker or no store");
  const link = `url = "${broker}"\nusername = "${id}"\n`;
  writeFileSync(config, `[gateway]\nid = "${id}"\nstore = "${store}"\ndata_dir = "${data}"\n[receivers]\n${link}[uplink]\n${link}[status]\nlisten = "127.0.0.1:0"\n`);
  const secrets = { ATTIMO_GATEWAY__RECEIVERS__PASSWORD: password, ATTIMO_GATEWAY__UPLINK__PASSWORD: password };
  const child = spawn(program("attimo-gateway"), ["run", "--config", config], { stdio: "ignore", env: { ...process.env, ...secrets } });
  const ended = new Promise((done) => child.once("exit", done));
  return {
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}
