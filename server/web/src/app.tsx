// The frame around every page of the dashboard: the door before the log-in, the bar and the pages after it.

import { useEffect } from "preact/hooks";

import { words } from "./lang";
import { later } from "./later";
import { follow } from "./live";
import { Bar } from "./parts/bar";
import { Languages } from "./parts/bar-languages";
import { Wordmark } from "./parts/mark";
import { Login } from "./pages/login";
import { NowPage } from "./pages/now";
import { Setup } from "./pages/setup";
import { enter, gatehouse, leave, loadPlan, page, store, stores, zone } from "./state";

const TodayPage = later(() => import("./pages/today").then((page) => page.TodayPage));
const OffersPage = later(() => import("./pages/offers").then((page) => page.OffersPage));
const EffectPage = later(() => import("./pages/effect").then((page) => page.EffectPage));
const FleetPage = later(() => import("./pages/fleet").then((page) => page.FleetPage));

export function App() {
  const door = gatehouse.value;
  switch (door.at) {
    case "asking":
      return <p class="waiting">{words.value.app.loading}</p>;
    case "unreachable":
      return <Unreachable />;
    case "setup":
      return <Door><Setup /></Door>;
    case "login":
      return <Door><Login /></Door>;
    case "inside":
      return <Inside />;
  }
}

function Door({ children }: { children: preact.ComponentChildren }) {
  const { app } = words.value;
  return (
    <div class="door">
      <header class="door-head">
        <Wordmark />
        <Languages />
      </header>
      <main class="door-main">{children}</main>
      <footer class="door-foot">{app.tagline}</footer>
    </div>
  );
}

function Unreachable() {
  const { app, error } = words.value;
  return (
    <Door>
      <h1>{app.name}</h1>
      <p class="lead">{error.offline}</p>
      <button type="button" class="primary" onClick={() => void enter()}>
        {app.retry}
      </button>
    </Door>
  );
}

function Inside() {
  const { app } = words.value;
  const id = store.value?.id ?? null;
  useEffect(() => {
    if (id === null) return;
    zone.value = null;
    void loadPlan(id).catch(() => leave());
    return follow(id, leave);
  }, [id]);
  useEffect(() => {
    document.title = `${app.name} · ${app[page.value]}`;
  });
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        {app.skip}
      </a>
      <Bar />
      <main id="main" tabindex={-1}>
        {stores.value?.length === 0 ? <NoStore /> : <Shown />}
      </main>
    </>
  );
}

function Shown() {
  switch (page.value) {
    case "now":
      return <NowPage />;
    case "today":
      return <TodayPage />;
    case "offers":
      return <OffersPage />;
    case "effect":
      return <EffectPage />;
    case "fleet":
      return <FleetPage />;
  }
}

// The fragment names the page, so the skip link moves the focus by hand.
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function NoStore() {
  const { app } = words.value;
  return (
    <div class="empty">
      <h1>{app.noStore}</h1>
      <p>
        <code>{app.noStoreHelp}</code>
      </p>
    </div>
  );
}
