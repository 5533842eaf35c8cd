// The language of the page: chosen by the person, else by the browser, and remembered.

import { computed, signal } from "@preact/signals";

import type { Tongue } from "../types";
import type { Dictionary } from "./en";

const REMEMBERED = "attimo.language";
/** Only the language that is spoken is loaded. */
const LOAD: Record<Tongue, () => Promise<Dictionary>> = {
  en: () => import("./en").then(({ en }) => en),
  it: () => import("./it").then(({ it }) => it),
};
const loaded = signal<Partial<Record<Tongue, Dictionary>>>({});

/** The language that the page speaks now. */
export const tongue = signal<Tongue>(first());

/** The texts of that language; there are none before `ready`. */
export const words = computed<Dictionary>(() => {
  const known = loaded.value[tongue.value];
  if (known === undefined) throw new Error("the texts are asked for before they are loaded");
  return known;
});

/** Loads the texts of the language that the page speaks: a page is drawn after it. */
export function ready(): Promise<void> {
  return load(tongue.value);
}

/** Speaks another language as soon as its texts are there. */
export async function speak(next: Tongue): Promise<void> {
  await load(next);
  tongue.value = next;
  document.documentElement.lang = next;
  try {
    localStorage.setItem(REMEMBERED, next);
  } catch {
    // A browser that forbids storage still gets the language for this visit.
  }
}

async function load(which: Tongue): Promise<void> {
  if (loaded.value[which] !== undefined) return;
  const texts = await LOAD[which]();
  loaded.value = { ...loaded.value, [which]: texts };
}

function first(): Tongue {
  const known = remembered();
  const tongue = known ?? (navigator.languages.some((l) => l.startsWith("it")) ? "it" : "en");
  document.documentElement.lang = tongue;
  return tongue;
}

function remembered(): Tongue | null {
  try {
    const value = localStorage.getItem(REMEMBERED);
    return value === "en" || value === "it" ? value : null;
  } catch {
    return null;
  }
}
