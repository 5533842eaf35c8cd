// One box of the shop in one line; opened, all that is known of it and its receivers.

import { useSignal } from "@preact/signals";

import { ago, count, fill, longDate, number, percent, size, span } from "../format";
import type { Box, Count, Receiver } from "./shape";
import { batches, isUnset, lossOf, lostOf, off, reasonOf, runs, type Tellers, type Trouble } from "./troubles";

interface Props {
  box: Box;
  /** When this was so. */
  at: string;
  troubles: Trouble[];
  tellers: Tellers;
}

export function BoxLine({ box, at, troubles, tellers }: Props) {
  const { say } = tellers;
  const open = useSignal(false);
  const id = `box-${box.id}`;
  return (
    <li class={`box ${box.state} ${troubles[0]?.level ?? "well"}`} data-box={box.id}>
      <button type="button" class="box-head" aria-expanded={open.value} aria-controls={id} onClick={() => (open.value = !open.value)}>
        <i aria-hidden="true" />
        <b>{box.id}</b>
        <span class="badge state">{say.state[box.state]}</span>
        <span class="box-facts">{facts({ box, at, troubles, tellers })}</span>
        <span class="box-open">{open.value ? say.close : say.details}</span>
      </button>
      <div id={id} class="box-body" hidden={!open.value}>
        {open.value ? <Opened box={box} at={at} tellers={tellers} /> : null}
      </div>
    </li>
  );
}

/** The line beside the name: since when, what it hears, and whether it needs somebody. */
function facts({ box, at, troubles, tellers }: Props): string {
  const { say, words, tongue } = tellers;
  const { line } = say;
  const online = box.state === "online";
  const rate = box.receivers.reduce((sum, receiver) => sum + receiver.advertsPerS, 0);
  const parts = [
    box.since === null ? null : fill(line.since, { t: span(lasted(box.since, at), words.time) }),
    online ? fill(box.receivers.length === 1 ? line.receiver : line.receivers, { n: count(box.receivers.length, tongue) }) : null,
    online ? fill(line.rate, { n: decimal(rate, tongue) }) : null,
    online && box.uplink.backlog > 0 ? fill(line.waiting, { batches: batches(box.uplink.spoolBatches, tellers) }) : null,
    box.state === "revoked" ? null : troubles.length === 0 ? line.well : fill(line.needs, { n: count(troubles.length, tongue) }),
  ];
  return parts.filter((part) => part !== null).join(" · ");
}

const decimal = (value: number, tongue: Tellers["tongue"]) => number(value, tongue, { maximumFractionDigits: value < 100 ? 1 : 0 });
const lasted = (from: string, at: string) => new Date(at).getTime() - new Date(from).getTime();

function Opened({ box, at, tellers }: Omit<Props, "troubles">) {
  const { say, words, tongue } = tellers;
  const { fact, value, table } = say;
  const now = new Date(at).getTime();
  const { uplink, clock } = box;
  const whole = (n: number) => count(n, tongue);
  const waiting = uplink.spoolBatches === 0 ? value.nothing : fill(value.waiting, { batches: batches(uplink.spoolBatches, tellers), size: size(uplink.spoolBytes, tongue), age: span(uplink.oldestUnsentMs, words.time) });
  const rows: [key: string, name: string, text: string | null][] = [
    ["version", fact.version, box.version ?? value.unknown],
    ["seen", fact.seen, box.lastSeen === null ? table.never : ago(box.lastSeen, now, words.time)],
    ["started", fact.started, box.startedAt === null || box.state !== "online" ? null : span(runs(box, at), words.time)],
    ["certificate", fact.certificate, certificate(box, tellers)],
    ["settings", fact.settings, settings(box, say)],
    ["privacy", fact.privacy, box.privacy === null ? value.unknown : say.privacy[box.privacy]],
    ["clock", fact.clock, clockOf(clock, tellers)],
    ["waiting", fact.waiting, waiting],
    ["lost", fact.lost, lostOf(uplink.lost, tellers) ?? value.nothing],
    ["gaps", uplink.spoolBatches === 0 ? fact.gone : fact.gaps, uplink.missing === 0 ? value.nothing : batches(uplink.missing, tellers)],
    ["radio", fact.radio, box.adapters.join(", ") || null],
    ["counts", fact.counts, fill(value.counts, { heard: whole(uplink.advertsHeard), sent: whole(uplink.sightingsSent), taken: whole(uplink.sightingsTaken) })],
    ["left-out", fact.leftOut, reasons(uplink.dropped, tellers)],
    ["refused", fact.refused, reasons(uplink.refused, tellers)],
  ];
  // Of one that never reported, only what the server itself knows.
  const known = box.state === "never" ? rows.filter(([key]) => key === "certificate" || key === "settings") : rows;
  return (
    <>
      {box.state === "online" || box.lastSeen === null ? null : <p class="fine">{say.lastReport}</p>}
      <dl class="box-sheet">
        {known.map(([key, name, text]) =>
          text === null ? null : (
            <div key={key}>
              <dt>{name}</dt>
              <dd data-fact={key}>{text}</dd>
            </div>
          ),
        )}
      </dl>
      {box.receivers.length === 0 ? <p class="fine">{say.receiversNone}</p> : <Receivers box={box} now={now} tellers={tellers} />}
    </>
  );
}

function certificate({ certificate, state }: Box, { say, tongue, zone }: Tellers): string {
  if (state === "revoked" || certificate?.state === "revoked") return say.value.revoked;
  if (certificate === null) return say.value.noCertificate;
  const at = longDate(certificate.until, tongue, zone);
  return fill(certificate.state === "expired" ? say.value.over : say.value.until, { at });
}

function settings({ config }: Box, say: Tellers["say"]): string {
  if (config.state === "none") return say.value.noSettings;
  const values = { desired: config.desired ?? "–", inForce: config.inForce ?? say.value.fileAlone, reason: reasonOf(config, say) };
  return fill({ pending: say.value.waits, trying: say.value.trying, applied: say.value.applied, refused: say.value.refused, "rolled-back": say.value["rolled-back"] }[config.state], values);
}

function clockOf(clock: Box["clock"], tellers: Tellers): string {
  const { value } = tellers.say;
  if (clock === null) return value.unknown;
  if (isUnset(clock)) return value.unset;
  if (Math.abs(clock.offsetMs) < 1_000) return value.right;
  return fill(clock.believed ? value.off : value.corrected, off(clock.offsetMs, tellers));
}

function reasons(counts: Count[], { say, tongue }: Tellers): string | null {
  const told = say.reason as Record<string, string>;
  return counts.filter((one) => one.count > 0).map((one) => `${told[one.code] ?? one.code} (${count(one.count, tongue)})`).join(", ") || null;
}

function Receivers({ box, now, tellers }: { box: Box; now: number; tellers: Tellers }) {
  const { say, words, tongue } = tellers;
  const { table } = say;
  return (
    <table class="figures">
      <thead>
        <tr>
          <th scope="col">{table.receiver}</th>
          <th scope="col">{table.condition}</th>
          <th scope="col" class="number">
            {table.rate}
          </th>
          <th scope="col" class="number">
            {table.lost}
          </th>
          <th scope="col" class="number wide-only">
            {table.heard}
          </th>
        </tr>
      </thead>
      <tbody>
        {box.receivers.map((receiver) => {
          const loss = lossOf(receiver);
          const { text, level } = condition(receiver, tellers);
          return (
            <tr key={receiver.id} data-receiver={receiver.id}>
              <th scope="row">
                {receiver.id} <small>{receiver.kind === "radio" ? table.ownRadio : receiver.kind}</small>
              </th>
              <td class={`condition ${level}`}>
                <i aria-hidden="true" /> {text}
              </td>
              <td class="number">{decimal(receiver.advertsPerS, tongue)}</td>
              <td class="number">{loss === null ? "–" : percent(loss, tongue)}</td>
              <td class="number wide-only">{receiver.lastHeard === null ? table.never : ago(receiver.lastHeard, now, words.time)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** How a receiver is, in a word or two, and how bad that is. */
function condition({ state, condition, store }: Receiver, { say: { table }, words }: Tellers): { text: string; level: string } {
  if (state === "silent") return { text: table.silent, level: "bad" };
  if (state === "offline" || state === "unknown") return { text: table[state], level: "away" };
  if (condition !== "well") return { text: words.health.condition[condition], level: "warn" };
  return store === null ? { text: table.undeclared, level: "warn" } : { text: table.well, level: "well" };
}
