// Asks the server for JSON and turns its problem documents into one error. Knows no page and no state.

/** An answer that is not a success: the server's own code and words, or `offline` when there was none. */
export class Problem extends Error {
  override readonly name = "Problem";
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field: string | null = null,
    readonly fix: string | null = null,
  ) {
    super(message);
  }
}

export interface Call {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
}

const TIMEOUT_MS = 10_000;

/** Asks and reads the JSON answer; an empty answer is `null`. */
export async function ask<T>(path: string, call: Call = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json", "x-attimo": "1", ...call.headers };
  const request: RequestInit = { method: call.method ?? "GET", headers, signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (call.body !== undefined) {
    headers["content-type"] = "application/json";
    request.body = JSON.stringify(call.body);
  }
  const response = await fetch(path, request).catch(() => null);
  if (response === null) throw new Problem(0, "offline", "no answer");
  const text = await response.text();
  const json = parse(text);
  if (!response.ok) throw problem(response.status, json);
  return json as T;
}

function parse(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** Reads an RFC 9457 document; what it lacks is filled from the status. */
export function problem(status: number, json: unknown): Problem {
  const doc = typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
  const text = (key: string) => (typeof doc[key] === "string" ? (doc[key] as string) : null);
  const message = text("detail") ?? text("title") ?? `HTTP ${status}`;
  return new Problem(status, text("code") ?? `http-${status}`, message, text("field"), text("fix"));
}
