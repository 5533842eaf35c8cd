// A form at the door: labelled fields, one message, one button. Knows nothing of what it sends.

import { useState } from "preact/hooks";

import { Problem } from "../http";
import { fill } from "../format";
import { words } from "../lang";

/** What went wrong, in the page's language where the page knows it better than the server. */
export function complaint(error: unknown): string {
  const { error: say } = words.value;
  if (!(error instanceof Problem)) return fill(say.generic, { detail: String(error) });
  if (error.code === "offline") return say.offline;
  return fill(say.generic, { detail: [error.message, error.fix].filter((part) => part !== null && part !== "").join(" ") });
}

interface FieldProps {
  label: string;
  name: string;
  value: string;
  onInput: (value: string) => void;
  autocomplete: string;
  help?: string;
  min?: number;
}

export function Field({ label, name, value, onInput, autocomplete, help, min }: FieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input name={name} value={value} autocomplete={autocomplete} required minLength={min} spellcheck={false} onInput={(e) => onInput(e.currentTarget.value)} />
      {help === undefined ? null : <small>{help}</small>}
    </label>
  );
}

export function Password({ label, value, onInput, autocomplete, help, min }: Omit<FieldProps, "name">) {
  const [shown, show] = useState(false);
  const { setup } = words.value;
  const shared = { name: "password", value, autocomplete, required: true, minLength: min, onInput: (e: InputEvent) => onInput((e.currentTarget as HTMLInputElement).value) } as const;
  return (
    <div class="field">
      <label>
        <span>{label}</span>
        {shown ? <input type="text" {...shared} /> : <input type="password" {...shared} />}
      </label>
      <button type="button" class="quiet reveal" onClick={() => show(!shown)}>
        {shown ? setup.hide : setup.show}
      </button>
      {help === undefined ? null : <small>{help}</small>}
    </div>
  );
}

interface DoorFormProps {
  send: () => Promise<void>;
  button: string;
  explain?: (error: unknown) => string;
  children: preact.ComponentChildren;
}

export function DoorForm({ send, button, explain = complaint, children }: DoorFormProps) {
  const [busy, setBusy] = useState(false);
  const [message, setMessage] = useState<string | null>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setMessage(null);
    send()
      .catch((error: unknown) => setMessage(explain(error)))
      .finally(() => setBusy(false));
  };
  return (
    <form class="door-form" onSubmit={submit}>
      {children}
      <p class="complaint" role="alert">
        {message}
      </p>
      <button type="submit" class="primary" disabled={busy}>
        {busy ? words.value.app.loading : button}
      </button>
    </form>
  );
}
