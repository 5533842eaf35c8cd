// The demo phone: what is allowed, what was looked at, and the offers that come of it.

import { useEffect, useState } from "preact/hooks";

import { fill } from "../format";
import { words } from "../lang";
import { Languages } from "../parts/bar-languages";
import { complaint } from "../parts/form";
import { Wordmark } from "../parts/mark";
import { Consents } from "./consents";
import { Offers } from "./offers";
import { Products } from "./products";
import { allowed, forget, listening, memory, signIn, start, trouble, useKey } from "./state";

export function Phone() {
  const { phone } = words.value;
  useEffect(() => void start(), []);
  const { key, user, device, stored } = memory.value;
  return (
    <div class="phone">
      <header class="phone-head">
        <Wordmark />
        <Languages />
      </header>
      <main>
        <h1>{phone.title}</h1>
        <p class="lead">{phone.lead}</p>
        {key === null ? null : <Who user={user} />}
        <p class="notice" role="alert" hidden={trouble.value === null}>
          {trouble.value === null ? "" : fill(phone.trouble, { detail: complaint(trouble.value) })}
        </p>
        {key === null ? <KeyForm /> : allowed.value ? <Ready /> : <Fresh />}
      </main>
      {key === null ? null : (
        <footer>
          <p class="fine">{stored && device !== null ? fill(phone.stored, { id: device.id.slice(0, 8) }) : phone.notStored}</p>
          {stored ? (
            <button type="button" class="quiet" onClick={() => void forget()}>
              {phone.forget}
            </button>
          ) : null}
          {stored ? <p class={listening.value ? "line up" : "line"}>{listening.value ? phone.listening : phone.waiting}</p> : null}
        </footer>
      )}
    </div>
  );
}

function Who({ user }: { user: string | null }) {
  const { phone } = words.value;
  const [name, setName] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    if (name.trim() !== "") signIn(name.trim());
  };
  if (user !== null) {
    return (
      <p class="who">
        {fill(phone.as, { user })}
        <button type="button" class="quiet" onClick={() => signIn(null)}>
          {phone.other}
        </button>
      </p>
    );
  }
  return (
    <details class="who">
      <summary>{phone.signIn}</summary>
      <p class="fine">{phone.signInHelp}</p>
      <form class="typed" onSubmit={submit}>
        <input aria-label={phone.signInAs} placeholder={phone.signInAs} value={name} autocomplete="off" spellcheck={false} onInput={(e) => setName(e.currentTarget.value)} />
        <button type="submit" class="primary">
          {phone.signIn}
        </button>
      </form>
    </details>
  );
}

function Ready() {
  return (
    <>
      <Offers />
      <Products />
      <Consents />
    </>
  );
}

function Fresh() {
  return (
    <>
      <Consents />
      <Products />
      <Offers />
    </>
  );
}

function KeyForm() {
  const { phone } = words.value;
  const [key, setKey] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    if (key.trim() !== "") useKey(key.trim());
  };
  return (
    <section>
      <h2>{phone.noKey}</h2>
      <p class="lead">{phone.noKeyHelp}</p>
      <form class="typed" onSubmit={submit}>
        <input aria-label={phone.keyLabel} value={key} autocomplete="off" spellcheck={false} onInput={(e) => setKey(e.currentTarget.value)} />
        <button type="submit" class="primary">
          {phone.keySend}
        </button>
      </form>
    </section>
  );
}
