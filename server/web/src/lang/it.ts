// Ogni testo italiano del pannello e del telefono di prova, in parole semplici; un file per pagina.

import type { Dictionary } from "./en";
import { app, live, error, setup, login, money, time } from "./it/app";
import { decision, silence, gate, refusal, purpose, outcome } from "./it/decisions";
import { people, plan, heat, replay, health } from "./it/now";
import { effect, offers } from "./it/offers";
import { phone } from "./it/phone";
import { day } from "./it/today";

export const it: Dictionary = {
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
