// The bar under the plan that looks back: a slider over what is kept, play and pause, how fast, and the way back to now.

import { useEffect, useRef } from "preact/hooks";

import { ago, clock, fill, moment } from "../format";
import { tongue, words } from "../lang";
import { peopleWords } from "../parts/people";
import { back, covers, failure, goLive, learnSpan, lookAt, playOn, readAround, span, speed, SPEEDS, stepFor, tape } from "../replay";

const TICK_MS = 200;
const SPAN_EVERY_MS = 10_000;
/** While the slider is dragged, the server is asked this much later. */
const SETTLE_MS = 120;
/** The slider's steps, and the longer ones of Page up and Page down. */
const STEP_MS = 2_000;
const LEAP_MS = 60_000;

interface Props {
  store: string;
  /** The store's time zone. */
  zone: string;
  /** How many were there at the moment that is shown; none while it is now. */
  people: number | null;
}

export function TimeBar({ store, zone, people }: Props) {
  const { replay: say, time } = words.value;
  useSpan(store);
  useTape(store);
  usePlaying();
  const known = span.value;
  if (known === null || known.newest <= known.oldest) return null;
  const looking = back.value;
  // The slider's end lies on one of its steps, or it could not be reached.
  const end = known.oldest + Math.floor((known.newest - known.oldest) / STEP_MS) * STEP_MS;
  const at = looking?.at ?? end;
  const told = looking === null ? say.live : clock(at, tongue.value, zone);
  const onKeyDown = (event: KeyboardEvent) => {
    const leap = { PageUp: LEAP_MS, PageDown: -LEAP_MS }[event.key];
    if (leap === undefined) return;
    event.preventDefault();
    lookAt(at + leap);
  };
  return (
    <section class="time-bar" aria-label={say.title}>
      <button type="button" class="play" aria-label={looking?.playing === true ? say.pause : say.play} onClick={() => (looking?.playing === true ? lookAt(at, false) : lookAt(looking === null || at >= end ? known.oldest : at, true))}>
        <svg viewBox="0 0 20 20" width={20} height={20} aria-hidden="true">
          {looking?.playing === true ? <path d="M5 4h3.5v12H5zM11.5 4H15v12h-3.5z" /> : <path d="M6 3.5v13l10.5-6.5z" />}
        </svg>
      </button>
      <div class="time-line">
        <input
          type="range"
          aria-label={say.slider}
          aria-valuetext={looking === null ? say.live : fill(say.at, { at: told })}
          min={known.oldest}
          max={end}
          step={STEP_MS}
          value={at}
          onInput={(event) => lookAt(Number(event.currentTarget.value))}
          onKeyDown={onKeyDown}
        />
        <span class="ends" aria-hidden="true">
          <span>{moment(known.oldest, tongue.value, zone, known.newest)}</span>
          <span>{looking === null ? say.live : `${ago(at, Date.now(), time)}${people === null ? "" : ` · ${fill(say.people, { people: peopleWords(people) })}`}`}</span>
        </span>
      </div>
      {looking === null ? null : (
        <span class="time-now" data-testid="replay-clock">
          {told}
        </span>
      )}
      <div class="toggle" role="group" aria-label={say.speed}>
        {SPEEDS.map((times) => (
          <button key={times} type="button" aria-pressed={speed.value === times} onClick={() => (speed.value = times)}>
            {fill(say.times, { n: times })}
          </button>
        ))}
      </div>
      <button type="button" class="live-button" aria-pressed={looking === null} aria-label={say.goLive} onClick={goLive}>
        <i aria-hidden="true" /> {say.live}
      </button>
      {failure.value === null ? null : <p class="complaint">{fill(say.failed, { detail: failure.value })}</p>}
    </section>
  );
}

/** Keeps learning from when to when there is something, and forgets it with the store. */
function useSpan(store: string): void {
  useEffect(() => {
    void learnSpan(store);
    const timer = setInterval(() => void learnSpan(store), SPAN_EVERY_MS);
    return () => {
      clearInterval(timer);
      goLive();
      span.value = null;
      tape.value = null;
    };
  }, [store]);
}

/** Reads what the moment needs: at once while it plays, and once the person stops dragging otherwise. */
function useTape(store: string): void {
  const looking = back.value;
  const step = stepFor(speed.value);
  const missing = looking !== null && !covers(tape.value, looking.at, step, span.value?.newest ?? 0);
  // While it plays, one question a stretch is enough; while it is dragged, each new moment replaces the question before.
  const wanted = !missing || looking === null ? null : looking.playing ? "playing" : looking.at;
  useEffect(() => {
    if (wanted === null) return;
    const ask = () => void readAround(store, back.value?.at ?? 0, step);
    const timer = setTimeout(ask, wanted === "playing" ? 0 : SETTLE_MS);
    return () => clearTimeout(timer);
  }, [wanted, step, store]);
}

/** Moves on while it plays; at the end it is now again. */
function usePlaying(): void {
  const playing = back.value?.playing === true;
  const last = useRef(0);
  useEffect(() => {
    if (!playing) return;
    last.current = performance.now();
    const timer = setInterval(() => {
      const passed = performance.now() - last.current;
      last.current = performance.now();
      playOn(passed);
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [playing]);
}
