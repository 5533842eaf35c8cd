// I testi italiani della cornice di ogni pagina.

import type { Dictionary } from "../en";

export const app: Dictionary["app"] = {
  name: "Attimo",
  tagline: "La parola giusta allo scaffale giusto, oppure nessuna.",
  now: "Adesso",
  today: "Oggi",
  offers: "Offerte",
  effect: "Effetto",
  fleet: "Apparecchi",
  logOut: "Esci",
  language: "Lingua",
  store: "Negozio",
  loading: "Un attimo …",
  retry: "Riprova",
  skip: "Vai alla pagina",
  pages: "Pagine",
  noStore: "Non c’è ancora un negozio.",
  noStoreHelp: "Si dichiara con due file: attimo-server apply CARTELLA",
};

export const live: Dictionary["live"] = {
  live: "In diretta",
  connecting: "Mi collego …",
  stale: "Immagine di {age} fa",
  staleHelp: "Il collegamento con il server è caduto. Riproviamo ogni pochi secondi; fino ad allora l’immagine qui sotto è ferma.",
};

export const error: Dictionary["error"] = {
  offline: "Il server non risponde. Controlla che sia acceso e che tu sia sulla sua rete.",
  session: "L’accesso è scaduto. Entra di nuovo.",
  generic: "Il server ha detto no: {detail}",
};

export const setup: Dictionary["setup"] = {
  title: "Benvenuto in Attimo",
  lead: "Crea l’unico account di questo server. Il codice di avvio si trova nel registro del server e sul suo schermo; vale una volta sola.",
  token: "Codice di avvio",
  name: "Il tuo nome",
  password: "Password",
  passwordHelp: "Almeno 12 caratteri. Va bene una breve frase.",
  passwordShort: "Ancora {n} caratteri.",
  show: "Mostra",
  hide: "Nascondi",
  send: "Crea l’account",
};

export const login: Dictionary["login"] = {
  title: "Bentornato",
  lead: "Entra per vedere il tuo negozio.",
  send: "Entra",
  wrong: "Nome e password non corrispondono.",
};

export const money: Dictionary["money"] = {
  under: "meno di {a}",
};

export const time: Dictionary["time"] = {
  now: "adesso",
  seconds: "{n} s",
  minutes: "{n} min",
  hours: "{n} h",
  days: "{n} giorni",
  ago: "{t} fa",
};
