import { describe, expect, test } from "vitest";

import { Parser } from "../src/phone/sse";

const whole = "event: offer\nid: 7\ndata: {\"a\":1}\n\n: keep-alive\n\nevent: ping\ndata:\n\ndata: one\r\ndata: two\r\n\r\n";
const expected = [
  { event: "offer", data: '{"a":1}', id: "7" },
  { event: "ping", data: "", id: "7" },
  { event: "message", data: "one\ntwo", id: "7" },
];

describe("server-sent events", () => {
  test("are read from one piece", () => {
    expect(new Parser().push(whole)).toEqual(expected);
  });

  test("are the same wherever the pieces are cut", () => {
    for (let cut = 1; cut < whole.length; cut += 1) {
      const parser = new Parser();
      expect([...parser.push(whole.slice(0, cut)), ...parser.push(whole.slice(cut))]).toEqual(expected);
    }
    const parser = new Parser();
    expect([...whole].flatMap((letter) => parser.push(letter))).toEqual(expected);
  });

  test("without data are no message, and unknown fields are ignored", () => {
    expect(new Parser().push("event: offer\n\nretry: 5\nfoo\n\n")).toEqual([]);
  });

  test("an endless line is thrown away and the next message is heard", () => {
    const parser = new Parser();
    for (let n = 0; n < 40; n += 1) expect(parser.push("x".repeat(10_000))).toEqual([]);
    expect(parser.push("\ndata: y\n\n").map(({ data }) => data)).toEqual(["y"]);
  });
});
