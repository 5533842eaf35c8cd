import { describe, expect, test } from "vitest";

import { ago, clock, count, dateIn, longDate, moment, money, percent, type Purse, shiftDate, size, span } from "../src/format";
import { en } from "../src/lang/en";
import { it } from "../src/lang/it";

const AT = Date.parse("2026-11-22T22:30:05.123Z");

describe("times", () => {
  test("a clock shows the store's own zone", () => {
    expect(clock(AT, "en", "Europe/Rome")).toBe("23:30:05");
    expect(clock(AT, "it", "America/New_York", false)).toBe("17:30");
  });
  test("midnight is 00, never 24", () => {
    expect(clock("2026-11-22T23:00:00Z", "en", "Europe/Rome", false)).toBe("00:00");
  });
  test("nonsense is a dash and no crash", () => {
    expect(clock("yesterday", "en", "Europe/Rome")).toBe("–");
    expect(moment("yesterday", "en", "Europe/Rome", AT)).toBe("–");
    expect(ago("yesterday", AT, en.time)).toBe("–");
  });
  test("a moment on another day carries its day", () => {
    expect(moment(AT, "en", "Europe/Rome", AT)).toBe("23:30");
    expect(moment(AT - 86_400_000, "en", "Europe/Rome", AT)).toBe("21 Nov, 23:30");
  });
  test("the business day is the store's, not the browser's", () => {
    expect(dateIn("Europe/Rome", Date.parse("2026-11-22T23:30:00Z"))).toBe("2026-11-23");
    expect(dateIn("America/New_York", Date.parse("2026-11-22T03:30:00Z"))).toBe("2026-11-21");
  });
  test("days are counted by the calendar, over a change of clocks too", () => {
    expect(shiftDate("2026-10-24", 1)).toBe("2026-10-25");
    expect(shiftDate("2026-10-25", 1)).toBe("2026-10-26");
    expect(shiftDate("2026-03-01", -1)).toBe("2026-02-28");
  });
});

describe("spans", () => {
  test.each([
    [0, "0 s"],
    [-5_000, "0 s"],
    [59_400, "59 s"],
    [59_600, "1 min"],
    [64_000, "1 min 4 s"],
    [431_000, "7 min"],
    [3_600_000, "1 h"],
    [4_800_000, "1 h 20 min"],
    [7_199_000, "2 h"],
    [172_799_000, "48 h"],
    [172_800_000, "2 days"],
  ])("%i ms reads %s", (ms, text) => {
    expect(span(ms, en.time)).toBe(text);
  });
  test("ago is now within two seconds", () => {
    expect(ago(AT - 1_500, AT, it.time)).toBe("adesso");
    expect(ago(AT - 95_000, AT, it.time)).toBe("1 min 35 s fa");
  });
});

describe("numbers", () => {
  test("are grouped as the language does", () => {
    expect(count(1234567, "en")).toBe("1,234,567");
    expect(count(1234567, "it")).toBe("1.234.567");
  });
  test("bytes are told in the unit that fits", () => {
    expect([0, 900, 20_480, 18_400_000, 5_000_000_000].map((bytes) => size(bytes, "en"))).toEqual(["0 B", "900 B", "20 KB", "17.5 MB", "4.7 GB"]);
  });
  test("a day with its year is the store's", () => {
    expect(longDate("2026-12-31T23:30:00Z", "en", "Europe/Rome")).toBe("1 Jan 2027");
    expect(longDate("never", "en", "Europe/Rome")).toBe("–");
  });
  test("small shares keep a digit", () => {
    expect(percent(0.925, "en")).toBe("93%");
    expect(percent(0.034, "en")).toBe("3.4%");
    expect(percent(0, "en")).toBe("0%");
  });
  test("money is told in whole cents with its sign, and less than a cent is no nothing", () => {
    const euro: Purse = { words: en, tongue: "en", currency: "EUR" };
    expect(money(-4.2, euro, true)).toBe("-€0.04");
    expect(money(31.4, euro, true)).toBe("+€0.31");
    expect(money(9.99, euro)).toBe("€0.10");
    expect(money(0, euro, true)).toBe("€0.00");
    expect([money(0.4, euro, true), money(-0.4, euro, true), money(0.4, euro)]).toEqual(["+ under €0.01", "− under €0.01", "under €0.01"]);
    expect(money(0.99, { words: it, tongue: "it", currency: "EUR" }, true)).toMatch(/^\+ meno di 0,01\s€$/);
  });
});
