// An answer of the server that a page shows and asks for again: the newest one stays while the next is on its way.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { ask, Problem } from "./http";
import { leave } from "./state";

export interface Asked<T> {
  /** The newest answer; none before the first. */
  answer: Signal<T | null>;
  /** When it came, by this page's clock. */
  at: Signal<number>;
  /** Why the last try failed; none when it did not. */
  trouble: Signal<unknown>;
  /** Asks again now. */
  again: () => Promise<void>;
}

/** Asks for a path at once and then every so often. Another path is asked anew. */
export function useAsked<T>(path: string, everyMs: number): Asked<T> {
  const answer = useSignal<T | null>(null);
  const trouble = useSignal<unknown>(null);
  const at = useSignal(0);
  const newest = useSignal(0);
  const again = async () => {
    const turn = ++newest.value;
    const got = await ask<T>(path).catch((error: unknown) => error);
    // A later question was asked meanwhile: its answer counts.
    if (turn !== newest.value) return;
    if (got instanceof Problem && got.status === 401) return leave();
    trouble.value = got instanceof Error ? got : null;
    if (got instanceof Error) return;
    answer.value = got as T;
    at.value = Date.now();
  };
  useEffect(() => {
    answer.value = null;
    void again();
    const timer = setInterval(() => void again(), everyMs);
    return () => {
      newest.value += 1;
      clearInterval(timer);
    };
  }, [path]);
  return { answer, at, trouble, again };
}
