import { describe, expect, test, vi } from "vitest";

import { backOff } from "../src/back-off";
import { steps } from "../src/funnel-steps";
import { busyPart } from "../src/hours";
import { problem } from "../src/http";
import { listed } from "../src/phone/catalogue";
import { arrive, keyIn, type Memory, NO_CONSENT } from "../src/phone/memory";
import { bytes, settled } from "../src/phone/push";

describe("waiting before the next try", () => {
  test("grows, is bounded, and leaves room for chance", () => {
    expect([0, 1, 2, 3, 9].map((tries) => backOff(tries, 1))).toEqual([500, 1000, 2000, 4000, 4000]);
    expect(backOff(9, 0)).toBe(2000);
  });
});

describe("the funnel", () => {
  const counts = { moments: 400, decided: 100, held: 10, sent: 90, delivered: 80, opened: 40, dismissed: 20, visited: 30, redeemed: 12, purchased: 18 };
  test("measures each step against the one before it, and branches apart", () => {
    const byKey = Object.fromEntries(steps(counts).map((step) => [step.key, step]));
    expect(byKey["moments"]?.share).toBeNull();
    expect(byKey["decided"]?.share).toBe(0.25);
    expect(byKey["sent"]).toMatchObject({ share: 0.9, of: "decided", branch: false });
    expect(byKey["held"]).toMatchObject({ share: 0.1, of: "decided", branch: true });
    expect(byKey["purchased"]).toMatchObject({ share: 0.2, of: "sent", branch: true });
  });
  test("divides by nothing on an empty day", () => {
    const empty = Object.fromEntries(Object.keys(counts).map((key) => [key, 0])) as typeof counts;
    expect(steps(empty).every((step) => step.share === null)).toBe(true);
  });
});

describe("the drawn hours", () => {
  const day = (busy: number[]) => Array.from({ length: 24 }, (_, hour) => ({ hour, footfall: busy.includes(hour) ? 3 : 0, visits: 0 }));
  const hours = (busy: number[]) => busyPart(day(busy)).map((one) => one.hour);
  test("are those of the busy part, twelve at least", () => {
    expect(hours([9, 13, 19])).toEqual([8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    expect(hours([4]).length).toBeGreaterThanOrEqual(12);
    expect(hours([4])).toContain(4);
    expect(hours([0, 23])).toHaveLength(24);
    expect(hours([])).toHaveLength(24);
  });
  test("a day of 25 hours keeps them all", () => {
    const long = Array.from({ length: 25 }, (_, hour) => ({ hour, footfall: 1, visits: 0 }));
    expect(busyPart(long)).toHaveLength(25);
  });
});

describe("problem documents", () => {
  test("give code, words, field and fix", () => {
    expect(problem(422, { title: "Bad", code: "too-short", detail: "The password is short.", field: "password", fix: "Use 12." })).toMatchObject({
      status: 422,
      code: "too-short",
      message: "The password is short.",
      field: "password",
      fix: "Use 12.",
    });
  });
  test("of any other shape still are one", () => {
    for (const json of [null, "oops", 3, { detail: 5 }]) expect(problem(502, json)).toMatchObject({ code: "http-502", message: "HTTP 502" });
  });
});

describe("the phone's memory", () => {
  const kept: Memory = { key: "k", user: "anna", anonymous: "a", device: { id: "d", token: "t" }, consent: { locating: true, profiling: true, marketingPush: true }, stored: true, seen: { date: "2026-11-22", products: ["p"] }, typed: [] };
  test("reads key and user from the address", () => {
    expect(keyIn("#key=abc&user=anna%20b")).toEqual({ key: "abc", user: "anna b" });
    expect(keyIn("?key=abc")).toEqual({ key: "abc", user: null });
    expect(keyIn("")).toEqual({ key: null, user: null });
    expect(keyIn("#key=&user=")).toEqual({ key: null, user: null });
  });
  test("keeps the device for the same person", () => {
    expect(arrive(kept, { key: null, user: null })).toBe(kept);
    expect(arrive(kept, { key: "k", user: "anna" })).toBe(kept);
  });
  test("gives nothing of one person to another", () => {
    for (const address of [{ key: "k", user: "ben" }, { key: "other", user: "anna" }, { key: "k", user: null }]) {
      expect(arrive(kept, address)).toMatchObject({ ...address, device: null, consent: NO_CONSENT, stored: false, seen: { products: [] } });
    }
  });
});

describe("push", () => {
  test("keys are base64url", () => {
    expect([...bytes("-_8B")]).toEqual([251, 255, 1]);
  });
  test("a question that never settles is asked again, and then given up", async () => {
    vi.useFakeTimers();
    const answers = [new Promise<string>(() => undefined), Promise.resolve("here")];
    const second = settled(() => answers.shift() ?? Promise.resolve("late"), 2, 3_000);
    await vi.advanceTimersByTimeAsync(3_000);
    await expect(second).resolves.toBe("here");
    const never = settled(() => new Promise(() => undefined), 2, 3_000);
    const failed = expect(never).rejects.toThrow("no answer in 6 s");
    await vi.advanceTimersByTimeAsync(6_000);
    await failed;
    vi.useRealTimers();
  });
});

test("a list of products takes only what is well formed", () => {
  expect(listed([{ id: "a", name: "A" }, { id: 3, name: "B" }, null, "x"])).toEqual([{ id: "a", name: "A" }]);
  expect(listed({ id: "a" })).toEqual([]);
});
