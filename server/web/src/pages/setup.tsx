// The first start: the one-time code makes the one account.

import { useState } from "preact/hooks";

import { fill } from "../format";
import { words } from "../lang";
import { DoorForm, Field, Password } from "../parts/form";
import { setUp } from "../state";

const PASSWORD_MIN = 12;

export function Setup() {
  const { setup } = words.value;
  const [token, setToken] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const missing = PASSWORD_MIN - password.length;
  const help = password !== "" && missing > 0 ? fill(setup.passwordShort, { n: missing }) : setup.passwordHelp;
  return (
    <>
      <h1>{setup.title}</h1>
      <p class="lead">{setup.lead}</p>
      <DoorForm send={() => setUp(token.trim(), name.trim(), password)} button={setup.send}>
        <Field label={setup.token} name="token" value={token} onInput={setToken} autocomplete="one-time-code" />
        <Field label={setup.name} name="username" value={name} onInput={setName} autocomplete="username" />
        <Password label={setup.password} value={password} onInput={setPassword} autocomplete="new-password" help={help} min={PASSWORD_MIN} />
      </DoorForm>
    </>
  );
}
