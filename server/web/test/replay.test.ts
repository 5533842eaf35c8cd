import { describe, expect, test } from "vitest";

import { back, covers, frameAt, goLive, isThin, lookAt, pictureOf, playOn, span, speed, stepFor, stretchFor } from "../src/replay";
import type { Frame, Replay } from "../src/types";

const T = Date.parse("2026-11-22T09:00:00Z");

function frame(seconds: number, more: Partial<Frame> = {}): Frame {
  return { at: new Date(T + seconds * 1000).toISOString(), people: [2, 1, 3], zones: [[0, 4]], dots: [[0, 0, 3, 4, 2, 1, 90]], thin: [], ...more };
}

const REPLAY: Replay = { oldest: null, newest: null, every: 2, peopleMin: 5, floors: ["ground", "upper"], zones: ["wine"], frames: [] };

describe("looking back", () => {
  test("shows the last frame before the moment, and none that is long past", () => {
    const frames = [0, 2, 4, 60].map((seconds) => frame(seconds));
    const at = (seconds: number) => frameAt(frames, T + seconds * 1000, 2)?.at;
    expect(at(-1)).toBeUndefined();
    expect(at(0)).toBe(frames[0]?.at);
    expect(at(3.9)).toBe(frames[1]?.at);
    expect(at(9)).toBe(frames[2]?.at);
    expect(at(11)).toBeUndefined();
    expect(at(61)).toBe(frames[3]?.at);
    expect(frameAt([], T, 2)).toBeNull();
  });

  test("needs no more than five pictures a second at any speed", () => {
    expect([1, 10, 60].map(stepFor)).toEqual([2, 2, 12]);
  });

  test("reads on before the tape ends, but not past the newest frame", () => {
    const { from, to } = stretchFor(T, 2);
    expect(from).toBeLessThan(T);
    const tape = { from, to, step: 2, replay: REPLAY };
    expect(covers(null, T, 2, T)).toBe(false);
    expect(covers(tape, T, 2, T + 1e9)).toBe(true);
    expect(covers(tape, T, 12, T + 1e9)).toBe(false);
    expect(covers(tape, to - 1_000, 2, T + 1e9)).toBe(false);
    expect(covers({ ...tape, to: T + 5_000 }, T + 1_000, 2, T + 5_000)).toBe(true);
    expect(covers(tape, from - 1, 2, T + 1e9)).toBe(false);
  });

  test("moves on while it plays, stands still once it is paused, and is live again at the end", () => {
    [span.value, speed.value] = [{ oldest: T, newest: T + 60_000 }, 10];
    lookAt(T, true);
    playOn(200);
    expect(back.value).toEqual({ at: T + 2_000, playing: true });
    lookAt(T + 2_000, false);
    // A timer that is not yet cleared strikes once more.
    playOn(200);
    expect(back.value).toEqual({ at: T + 2_000, playing: false });
    lookAt(T + 59_000, true);
    playOn(200);
    expect(back.value).toBeNull();
    playOn(200);
    expect(back.value).toBeNull();
    goLive();
    [span.value, speed.value] = [null, 1];
  });

  test("turns a frame into a picture without names", () => {
    const picture = pictureOf(frame(0), REPLAY);
    expect(picture.people).toEqual({ total: 6, identified: 2, tags: 1, anonymous: 3 });
    expect(picture.zones).toEqual([{ zone: "wine", total: 4, identified: 0, tags: 0, anonymous: 0 }]);
    const [dot] = picture.dots;
    expect([dot?.kind, dot?.floor, dot?.zone]).toEqual(["customer", "ground", null]);
    // The longer axis, 2 m, stands upright.
    expect(dot?.spread.map((n) => Math.round(n * 1000) / 1000)).toEqual([1, 0, 4]);
  });

  test("knows on which floor there were too few", () => {
    const thin = frame(0, { thin: [1] });
    expect([isThin(thin, REPLAY, "ground"), isThin(thin, REPLAY, "upper")]).toEqual([false, true]);
  });
});
