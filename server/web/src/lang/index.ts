// The language of the page: chosen by the person, else by the browser, and remembered.

import { computed, signal } from "@preact/signals";

import type { Tongue } from "../types";
import { type Dictionary, en } from "./en";
import { it } from "./it";

const REMEMBERED = "attimo.language";
const DICTIONARIES: Record<Tongue, Dictionary> = { en, it };

/** The language that the page speaks now. */
export const tongue = signal<Tongue>(first());

/** The texts of that language. */
export const words = computed<Dictionary>(() => DICTIONARIES[tongue.value]);

/** Speaks another language from now on. */
export function speak(next: Tongue): void {
  tongue.value = next;
  document.documentElement.lang = next;
  try {
    localStorage.setItem(REMEMBERED, next);
  } catch {
    // A browser that forbids storage still gets the language for this visit.
  }
}

/** Puts values into a text's `{places}`. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (place, key: string) => String(values[key] ?? place));
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
