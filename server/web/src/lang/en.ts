// Every English text of the dashboard and the demo phone, in plain words; one file for each page.

import { app, live, error, setup, login, money, time } from "./en/app";
import { decision, silence, gate, refusal, purpose, outcome } from "./en/decisions";
import { people, plan, heat, replay, health } from "./en/now";
import { effect, offers } from "./en/offers";
import { phone } from "./en/phone";
import { day } from "./en/today";

export const en = {
  app,
  live,
  error,
  setup,
  login,
  people,
  plan,
  heat,
  replay,
  health,
  decision,
  silence,
  gate,
  refusal,
  purpose,
  outcome,
  day,
  phone,
  money,
  time,
  offers,
  effect,
};

/** The shape of a language: the same keys, all texts. */
export type Dictionary = typeof en;
