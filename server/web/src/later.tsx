// A page whose code is loaded when it is first shown, so that the first load stays small.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

import { words } from "./lang";
import { complaint } from "./parts/form";
import { Problem } from "./http";

/** A page that loads itself. */
export function later(load: () => Promise<ComponentType>): ComponentType {
  return function Later() {
    const [Page, show] = useState<ComponentType | null>(null);
    const [trouble, say] = useState<string | null>(null);
    useEffect(() => {
      load().then(
        (page) => show(() => page),
        () => say(complaint(new Problem(0, "offline", "no answer"))),
      );
    }, []);
    return Page === null ? <p class="waiting">{trouble ?? words.value.app.loading}</p> : <Page />;
  };
}
