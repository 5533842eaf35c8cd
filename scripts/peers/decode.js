// The decoders of reelyActive, at the command of decode.py: `lap NAME HEX COUNT` answers the microseconds of one call, after
// it was seen that they read the bytes at all.

"use strict";

const assert = require("node:assert");
const readline = require("node:readline");
const advlib = require("advlib");
const ble = require("advlib-ble");
const MinewDecoder = require("barnowl-minew/lib/minewdecoder");
const Raddec = require("raddec");

const LIBRARIES = [require("advlib-ble-services"), require("advlib-ble-manufacturers")];
const PROCESSORS = [{ processor: ble, libraries: LIBRARIES, options: {} }];
const ADDRESS = "25b7d15b00c0";

/** An advertisement as a receiver passes it on: header and address first. */
function packet(hex) {
  const length = (6 + hex.length / 2).toString(16).padStart(2, "0");
  return `42${length}${ADDRESS}${hex}`;
}

function advertisement(hex, field) {
  const whole = packet(hex);
  const call = () => advlib.process(whole, PROCESSORS);
  assert(call()[field] !== undefined, `advlib reads no ${field}`);
  return call;
}

function minew(message) {
  let heard = 0;
  const decoder = new MinewDecoder({ barnowl: { handleRaddec: () => (heard += 1) } });
  const call = () => decoder.handleData(message(), "gateway", 1_700_000_000_000, {});
  call();
  assert(heard > 0, "barnowl hears nothing in it");
  return call;
}

/** What is timed: the call for the bytes of a format. A message of text is parsed within the call, as our decoder does. */
const CALLS = {
  iBeacon: (hex) => advertisement(hex, "deviceIds"),
  "Eddystone UID": (hex) => advertisement(hex, "deviceIds"),
  "Eddystone TLM": (hex) => advertisement(hex, "batteryVoltage"),
  exposure: (hex) => advertisement(hex, "rollingProximityIdentifier"),
  "minew-json": (hex) => {
    const text = Buffer.from(hex, "hex").toString();
    return minew(() => JSON.parse(text));
  },
  "minew-binary": (hex) => {
    const bytes = Buffer.from(hex, "hex");
    return minew(() => bytes);
  },
  raddec: (hex) => {
    const text = Buffer.from(hex, "hex").toString();
    const call = () => new Raddec(JSON.parse(text));
    assert(call().rssiSignature.length === 1, "raddec reads no receiver");
    return call;
  },
};

const made = new Map();
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const [order, name, hex, count] = line.split("\t");
  assert(order === "lap" && CALLS[name] !== undefined, `${line} is no order`);
  if (!made.has(name)) made.set(name, CALLS[name](hex));
  const call = made.get(name);
  const start = process.hrtime.bigint();
  for (let n = 0; n < Number(count); n += 1) call();
  process.stdout.write(`${Number(process.hrtime.bigint() - start) / 1_000 / Number(count)}\n`);
});
