import { describe, expect, it as test } from "vitest";

import { en } from "../src/lang/en";
import { fleet as fleetEn } from "../src/lang/en/fleet";
import { it } from "../src/lang/it";
import { fleet as fleetIt } from "../src/lang/it/fleet";

type Texts = { [key: string]: string | Texts };

function entries(texts: Texts, path = ""): [string, string][] {
  return Object.entries(texts).flatMap(([key, value]) => (typeof value === "string" ? [[path + key, value] as [string, string]] : entries(value, `${path}${key}.`)));
}

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe("the dictionaries", () => {
  const english = new Map(entries({ ...en, fleet: fleetEn }));
  const italian = new Map(entries({ ...it, fleet: fleetIt }));

  test("have the same keys", () => {
    expect([...italian.keys()].sort()).toEqual([...english.keys()].sort());
  });

  test("leave the same places to fill", () => {
    for (const [key, text] of english) expect([key, places(italian.get(key) ?? "")]).toEqual([key, places(text)]);
  });

  test("leave no text empty", () => {
    for (const [key, text] of [...english, ...italian]) expect([key, text.trim()]).not.toEqual([key, ""]);
  });
});
