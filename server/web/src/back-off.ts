// How long to wait before trying again. Pure.

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 4_000;

/** How long to wait before the next try: doubled each time, with chance, so that many pages don't return at once. */
export function backOff(tries: number, chance: number): number {
  const most = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** tries);
  return most / 2 + (most / 2) * chance;
}
