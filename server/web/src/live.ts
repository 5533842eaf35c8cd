// The live picture of one store by server-sent events: connects again by itself, and says when the picture is old.

import { signal } from "@preact/signals";

import { backOff } from "./back-off";
import { ask, Problem } from "./http";
import type { Decision, Dot, Now } from "./types";

export type Link = "connecting" | "live" | "stale";

const STALE_AFTER_MS = 5_000;
const DECISIONS_MAX = 60;
/** Moved dots are drawn together, so that a full shop costs four drawings a second and not hundreds. */
const MOVES_EVERY_MS = 250;

/** How the link to the server stands. */
export const link = signal<Link>("connecting");
/** The newest picture; none before the first. */
export const now = signal<Now | null>(null);
/** The newest decisions, newest first. */
export const decisions = signal<Decision[]>([]);
/** This page's clock when the newest picture came. */
export const pictureAt = signal(0);

/** Puts newer decisions over older ones: one entry an id, newest first, bounded. */
export function merge(older: Decision[], newer: Decision[], max = DECISIONS_MAX): Decision[] {
  const byId = new Map([...older, ...newer].map((decision) => [decision.id, decision]));
  return [...byId.values()].sort((a, b) => b.at.localeCompare(a.at) || b.id.localeCompare(a.id)).slice(0, max);
}

/** Puts moved dots into a picture; a dot that the picture does not have is added. Clouds stay until the next whole picture. */
export function moved(picture: Now, dots: Dot[]): Now {
  const bySubject = new Map(picture.dots.map((dot) => [dot.subject, dot]));
  for (const dot of dots) bySubject.set(dot.subject, { ...bySubject.get(dot.subject), ...dot });
  return { ...picture, dots: [...bySubject.values()] };
}

/** Follows a store until the returned function is called. `ended` is told when the session is no longer good. */
export function follow(store: string, ended: () => void): () => void {
  const path = `/api/v1/stores/${encodeURIComponent(store)}`;
  let source: EventSource | null = null;
  let timer = 0;
  let tries = 0;
  let closed = false;
  let moves: Dot[] = [];

  const show = (picture: Now) => {
    moves = [];
    now.value = picture;
    decisions.value = merge(decisions.value, picture.decisions);
    pictureAt.value = performance.now();
    link.value = "live";
  };
  const again = () => {
    source?.close();
    source = null;
    clearTimeout(timer);
    if (closed) return;
    timer = window.setTimeout(() => void open(), backOff(tries++, Math.random()));
  };
  const open = async () => {
    // EventSource hides the status of a refusal, so the picture is asked for first. It also keeps the page going where streams are cut.
    const refused = await ask<Now>(`${path}/now`).then(show, (error: unknown) => error);
    if (closed) return;
    if (refused instanceof Problem && refused.status === 401) return ended();
    if (refused instanceof Problem) return again();
    source = new EventSource(`${path}/live`);
    source.addEventListener("now", (event) => {
      tries = 0;
      show(JSON.parse(event.data as string) as Now);
    });
    source.addEventListener("decision", (event) => {
      decisions.value = merge(decisions.value, [JSON.parse(event.data as string) as Decision]);
    });
    source.addEventListener("position", (event) => {
      moves.push(JSON.parse(event.data as string) as Dot);
    });
    source.addEventListener("error", again);
  };
  const watch = window.setInterval(() => {
    if (link.value !== "live" || performance.now() - pictureAt.value < STALE_AFTER_MS) return;
    link.value = "stale";
    again();
  }, 1_000);
  const move = window.setInterval(() => {
    if (moves.length === 0 || now.value === null) return;
    now.value = moved(now.value, moves);
    moves = [];
  }, MOVES_EVERY_MS);

  reset();
  void open();
  return () => {
    closed = true;
    clearInterval(watch);
    clearInterval(move);
    clearTimeout(timer);
    source?.close();
    reset();
  };
}

function reset(): void {
  link.value = "connecting";
  now.value = null;
  decisions.value = [];
}
