// The switch between the two languages.

import { speak, tongue, words } from "../lang";

export function Languages() {
  const button = (code: "it" | "en", name: string) => (
    <button type="button" lang={code} aria-pressed={tongue.value === code} onClick={() => void speak(code)}>
      {code.toUpperCase()}
      <span class="hidden"> {name}</span>
    </button>
  );
  return (
    <div class="languages" role="group" aria-label={words.value.app.language}>
      {button("it", "Italiano")}
      {button("en", "English")}
    </div>
  );
}
