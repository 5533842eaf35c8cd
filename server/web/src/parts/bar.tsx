// The bar on top: where we are, whether the picture lives, which store, which language.

import { useEffect, useState } from "preact/hooks";

import { clock, fill, span } from "../format";
import { tongue, words } from "../lang";
import { link, now, pictureAt } from "../live";
import { chosen, logOut, page, PAGES, store, stores } from "../state";
import { Languages } from "./bar-languages";
import { Wordmark } from "./mark";

export function Bar() {
  const { app } = words.value;
  const here = page.value;
  return (
    <header class="bar">
      <Wordmark />
      <nav aria-label={app.pages}>
        {PAGES.map((one) => (
          <a key={one} href={`#/${one}`} aria-current={here === one ? "page" : undefined}>
            {app[one]}
          </a>
        ))}
      </nav>
      <Stores />
      <Pulse />
      <div class="bar-end">
        <Languages />
        <button type="button" class="quiet" onClick={() => void logOut()}>
          {app.logOut}
        </button>
      </div>
    </header>
  );
}

function Stores() {
  const all = stores.value ?? [];
  const shown = store.value;
  if (shown === null) return null;
  if (all.length === 1) return <span class="store">{shown.name}</span>;
  return (
    <select class="store" aria-label={words.value.app.store} value={shown.id} onChange={(e) => (chosen.value = e.currentTarget.value)}>
      {all.map((one) => (
        <option key={one.id} value={one.id}>
          {one.name}
        </option>
      ))}
    </select>
  );
}

function Pulse() {
  const { live, time } = words.value;
  const age = useAge();
  const zone = store.value?.timezone ?? "UTC";
  const state = link.value;
  const text = {
    connecting: live.connecting,
    live: `${live.live} · ${now.value === null ? "" : clock(now.value.at, tongue.value, zone)}`,
    stale: fill(live.stale, { age: span(age, time) }),
  }[state];
  return (
    <span class={`pulse ${state}`} role={state === "stale" ? "status" : undefined}>
      <i aria-hidden="true" />
      {text}
    </span>
  );
}

/** How old the picture is, told once a second. */
function useAge(): number {
  const [age, setAge] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setAge(performance.now() - pictureAt.value), 1_000);
    return () => clearInterval(timer);
  }, []);
  return age;
}
