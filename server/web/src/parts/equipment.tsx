// Whether the shop's receivers, boxes and sensors work.

import { ago, clock, count, fill, moment, span } from "../format";
import { tongue, words } from "../lang";
import { store } from "../state";
import type { Condition, GatewayNow, Health, Now, Plan, ReceiverNow, SensorNow } from "../types";

export function Equipment({ plan, picture }: { plan: Plan; picture: Now }) {
  const { health } = words.value;
  const at = new Date(picture.at).getTime();
  const receivers = new Map(picture.receivers.map((receiver) => [receiver.id, receiver]));
  return (
    <section class="equipment" aria-labelledby="equipment-title">
      <h2 id="equipment-title">{health.title}</h2>
      <div class="equipment-groups">
        <Group title={health.receivers}>
          {plan.receivers.map(({ id }) => (
            <ReceiverLine key={id} id={id} receiver={receivers.get(id)} at={at} />
          ))}
        </Group>
        <Group title={health.gateways}>
          {picture.gateways.map((gateway) => (
            <GatewayLine key={gateway.id} gateway={gateway} at={at} />
          ))}
        </Group>
        <Group title={health.sensors}>
          {picture.sensors.map((sensor) => (
            <SensorLine key={sensor.id} sensor={sensor} at={at} />
          ))}
        </Group>
      </div>
    </section>
  );
}

function Group({ title, children }: { title: string; children: preact.ComponentChild[] }) {
  return (
    <div>
      <h3>{title}</h3>
      {children.length === 0 ? <p class="fine">{words.value.health.none}</p> : <ul>{children}</ul>}
    </div>
  );
}

function Line({ id, state, children }: { id: string; state: Health; children: preact.ComponentChildren }) {
  return (
    <li class={`line ${state}`}>
      <i aria-hidden="true" />
      <b>{id}</b> <span class="state">{words.value.health[state]}</span>
      <small>{children}</small>
    </li>
  );
}

function ReceiverLine({ id, receiver, at }: { id: string; receiver: ReceiverNow | undefined; at: number }) {
  const { health, time } = words.value;
  const heard = receiver?.lastHeard ?? null;
  const condition = receiver?.condition ?? "well";
  if (condition !== "well") return <IllReceiver id={id} condition={condition} since={receiver?.conditionSince ?? null} at={at} />;
  return (
    <Line id={id} state={receiver?.state ?? "unknown"}>
      {heard === null ? health.never : `${fill(health.heard, { n: count(receiver?.sightingsPerMinute ?? 0, tongue.value) })} · ${fill(health.lastHeard, { ago: ago(heard, at, time) })}`}
    </Line>
  );
}

/** A receiver that is not well by what it hears of people, and what to do about it. */
function IllReceiver({ id, condition, since, at }: { id: string; condition: Exclude<Condition, "well">; since: string | null; at: number }) {
  const { health } = words.value;
  const zone = store.value?.timezone ?? "UTC";
  return (
    <li class={`line ${condition === "dead" ? "offline" : "silent"} ill`} data-condition={condition}>
      <i aria-hidden="true" />
      <b>{id}</b> <span class="state">{health.condition[condition]}</span>
      <small>
        {since === null ? null : `${fill(health.conditionSince, { at: moment(since, tongue.value, zone, at) })}. `}
        {health.conditionDo[condition]}
      </small>
    </li>
  );
}

function GatewayLine({ gateway, at }: { gateway: GatewayNow; at: number }) {
  const { health, time } = words.value;
  const waiting =
    gateway.spoolBatches === 0 ? health.caughtUp : fill(health.waiting, { n: count(gateway.spoolBatches, tongue.value), age: span(gateway.oldestUnsentMs, time) });
  const version = gateway.version === null ? null : fill(health.version, { version: gateway.version });
  const seen = gateway.lastSeen === null ? health.never : fill(health.lastHeard, { ago: ago(gateway.lastSeen, at, time) });
  return (
    <Line id={gateway.id} state={gateway.state}>
      {[waiting, seen, version].filter((part) => part !== null).join(" · ")}
    </Line>
  );
}

function SensorLine({ sensor, at }: { sensor: SensorNow; at: number }) {
  const { health, time } = words.value;
  const read = sensor.lastReading;
  const value = typeof sensor.value === "object" ? JSON.stringify(sensor.value) : String(sensor.value);
  return (
    <Line id={sensor.id} state={read === null ? "unknown" : "online"}>
      {read === null ? health.never : <span title={clock(read, tongue.value, store.value?.timezone ?? "UTC")}>{fill(health.sensorValue, { value, ago: ago(read, at, time) })}</span>}
    </Line>
  );
}
