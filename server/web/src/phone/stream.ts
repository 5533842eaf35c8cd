// Listens to the server's stream of offers. Fetch and not EventSource, so that the device's token stays in a header.

import { backOff } from "../back-off";
import { type Message, Parser } from "./sse";

/** The server says something every 15 s; twice that in silence is a dead line. */
const SILENCE_MAX_MS = 35_000;

export interface Listener {
  message: (message: Message) => void;
  /** Told when the line is up and when it is down. */
  up: (up: boolean) => void;
  /** The token is not good any more; nothing more is tried. */
  refused: () => void;
}

/** Listens until the returned function is called. */
export function listen(token: string, listener: Listener): () => void {
  const stop = new AbortController();
  void (async () => {
    for (let tries = 0; !stop.signal.aborted; tries += 1) {
      const end = await once(token, listener, stop.signal, () => (tries = 0));
      if (stop.signal.aborted) return;
      listener.up(false);
      if (end === "refused") return listener.refused();
      await pause(backOff(tries, Math.random()), stop.signal);
    }
  })();
  return () => stop.abort();
}

async function once(token: string, listener: Listener, stop: AbortSignal, heard: () => void): Promise<"ended" | "refused"> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
  try {
    const response = await fetch("/v1/stream", {
      headers: { accept: "text/event-stream", authorization: `Bearer ${token}` },
      cache: "no-store",
      signal: AbortSignal.any([stop, silence.signal]),
    });
    if (response.status === 401 || response.status === 403) return "refused";
    if (!response.ok || response.body === null) return "ended";
    listener.up(true);
    const parser = new Parser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "ended";
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
      heard();
      for (const message of parser.push(value)) listener.message(message);
    }
  } catch {
    return "ended";
  } finally {
    clearTimeout(timer);
  }
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    stop.addEventListener("abort", () => {
      clearTimeout(timer);
      done();
    });
  });
}
