// Log in with the one account.

import { useState } from "preact/hooks";

import { Problem } from "../http";
import { words } from "../lang";
import { complaint, DoorForm, Field, Password } from "../parts/form";
import { logIn } from "../state";

export function Login() {
  const { login, setup } = words.value;
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const explain = (error: unknown) => (error instanceof Problem && error.status === 401 ? login.wrong : complaint(error));
  return (
    <>
      <h1>{login.title}</h1>
      <p class="lead">{login.lead}</p>
      <DoorForm send={() => logIn(name.trim(), password)} button={login.send} explain={explain}>
        <Field label={setup.name} name="username" value={name} onInput={setName} autocomplete="username" />
        <Password label={setup.password} value={password} onInput={setPassword} autocomplete="current-password" />
      </DoorForm>
    </>
  );
}
