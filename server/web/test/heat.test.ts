import { describe, expect, test } from "vitest";

import { minutes, startOfDay } from "../src/format";
import { byZone, stretchOf, stripOf } from "../src/heat";
import type { Floor, Heat } from "../src/types";

const HEAT: Heat = {
  floor: "ground",
  from: "",
  to: "",
  side: 1,
  cells: [
    [0.5, 0.5, 60],
    [1.5, 0.5, 30],
    [5.5, 0.5, 10],
  ],
  hours: [
    { at: "2026-11-22T08:00:00.000Z", personSeconds: null },
    { at: "2026-11-22T10:00:00.000Z", personSeconds: 100 },
  ],
  peopleMin: 5,
};

describe("the day of a store", () => {
  test("begins by its own clock, also when clocks change", () => {
    const iso = (date: string, zone: string) => new Date(startOfDay(date, zone)).toISOString();
    expect(iso("2026-11-22", "Europe/Rome")).toBe("2026-11-21T23:00:00.000Z");
    expect(iso("2026-07-01", "Europe/Rome")).toBe("2026-06-30T22:00:00.000Z");
    expect(iso("2026-03-29", "Europe/Rome")).toBe("2026-03-28T23:00:00.000Z");
    expect(iso("2026-03-30", "Europe/Rome")).toBe("2026-03-29T22:00:00.000Z");
    expect(iso("2026-10-25", "Europe/Rome")).toBe("2026-10-24T22:00:00.000Z");
    expect(iso("2026-10-26", "Europe/Rome")).toBe("2026-10-25T23:00:00.000Z");
    expect(iso("2026-11-22", "Pacific/Auckland")).toBe("2026-11-21T11:00:00.000Z");
    expect(iso("2026-11-22", "Pacific/Honolulu")).toBe("2026-11-22T10:00:00.000Z");
    expect(iso("2026-11-22", "Asia/Kolkata")).toBe("2026-11-21T18:30:00.000Z");
  });

  test("is asked as a whole, an hour by its beginning", () => {
    const day = stretchOf("2026-10-25", null, "Europe/Rome");
    expect((day.to - day.from) / 3_600_000).toBe(25);
    const hour = stretchOf("2026-10-25", "2026-10-25T09:00:00.000Z", "Europe/Rome");
    expect(hour).toEqual({ from: Date.parse("2026-10-25T09:00:00Z"), to: Date.parse("2026-10-25T09:00:00Z") + 1 });
  });
});

describe("the heat map's figures", () => {
  test("belong to the zone in which the middle of the cell lies", () => {
    const zone = { id: "z", name: "Z", kind: "shelf" as const, polygon: [[0, 0], [2, 0], [2, 1], [0, 1]] as [number, number][] };
    const floor: Floor = { id: "ground", name: "G", level: 0, outline: [], walls: [], zones: [zone] };
    expect(byZone(HEAT, floor).get("z")).toEqual({ seconds: 90, cells: 2 });
  });

  test("have a strip of hours without a gap", () => {
    expect(stripOf(HEAT).map((hour) => hour.seconds)).toEqual([null, 0, 100]);
    expect(stripOf({ ...HEAT, hours: [] })).toEqual([]);
  });
});

describe("figures of heat", () => {
  test("keep their small ones apart", () => {
    expect([0, 6, 90, 3_600].map((seconds) => minutes(seconds, "en"))).toEqual(["0", "0.1", "1.5", "60"]);
    expect([2, 33].map((seconds) => minutes(seconds, "it"))).toEqual(["0,03", "0,55"]);
  });
});
