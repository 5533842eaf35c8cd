// One switch a purpose, each off until somebody says yes, each with its own words; and the messages of a closed page.

import { fill } from "../format";
import { words } from "../lang";
import type { Consent } from "../types";
import { allow, busy, memory, notice, turnOnMessages } from "./state";

export function Consents() {
  const { phone } = words.value;
  return (
    <section aria-labelledby="consent-title">
      <h2 id="consent-title">{phone.consentTitle}</h2>
      <p class="lead">{phone.consentLead}</p>
      <div class="switches">
        <Switch purpose="locating" name={phone.locating} help={phone.locatingHelp} />
        <Switch purpose="profiling" name={phone.profiling} help={phone.profilingHelp} />
        <Switch purpose="marketingPush" name={phone.marketingPush} help={phone.marketingPushHelp} />
      </div>
      <Messages />
    </section>
  );
}

function Switch({ purpose, name, help }: { purpose: keyof Consent; name: string; help: string }) {
  const { consent } = memory.value;
  const on = consent[purpose];
  const id = `consent-${purpose}`;
  return (
    <div class="switch-row">
      <span>
        <b id={id}>{name}</b>
        <small id={`${id}-help`}>{help}</small>
      </span>
      <button
        type="button"
        class="switch"
        role="switch"
        aria-checked={on}
        aria-labelledby={id}
        aria-describedby={`${id}-help`}
        disabled={busy.value}
        data-purpose={purpose}
        onClick={() => void allow({ ...memory.value.consent, [purpose]: !on })}
      >
        <i aria-hidden="true" />
      </button>
    </div>
  );
}

function Messages() {
  const { phone } = words.value;
  const state = notice.value;
  const may = memory.value.consent.marketingPush;
  const text = () => {
    if (!may) return phone.noticeNeed;
    if (typeof state === "object") return fill(phone.noticeFailed, { detail: state.failed });
    return { off: "", waiting: phone.noticeWait, on: phone.noticeOn, denied: phone.noticeDenied, unsupported: phone.noticeUnsupported }[state];
  };
  const offer = may && (state === "off" || typeof state === "object");
  return (
    <div class="messages">
      <b>{phone.noticeTitle}</b>
      <p class="fine" role="status" data-testid="notice" data-state={typeof state === "object" ? "failed" : state}>
        {text()}
      </p>
      {offer ? (
        <button type="button" class="primary" onClick={() => void turnOnMessages()}>
          {phone.noticeOff}
        </button>
      ) : null}
    </div>
  );
}
