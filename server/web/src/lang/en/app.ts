// The English texts of the frame around every page.

export const app = {
  name: "Attimo",
  tagline: "The right word at the right shelf, or none.",
  now: "Now",
  today: "Today",
  offers: "Offers",
  effect: "Effect",
  fleet: "Fleet",
  logOut: "Log out",
  language: "Language",
  store: "Store",
  loading: "One moment …",
  retry: "Try again",
  skip: "Skip to the page",
  pages: "Pages",
  noStore: "There is no store yet.",
  noStoreHelp: "Declare one with two files: attimo-server apply FOLDER",
};

export const live = {
  live: "Live",
  connecting: "Connecting …",
  stale: "Picture is {age} old",
  staleHelp: "The connection to the server is gone. We try again every few seconds; the picture below does not move until then.",
};

export const error = {
  offline: "The server does not answer. Check that it runs and that you are on its network.",
  session: "Your log-in has ended. Please log in again.",
  generic: "The server said no: {detail}",
};

export const setup = {
  title: "Welcome to Attimo",
  lead: "Make the one account of this server. The set-up code is in the server's log and on its screen; it works once.",
  token: "Set-up code",
  name: "Your name",
  password: "Password",
  passwordHelp: "At least 12 characters. A short sentence is good.",
  passwordShort: "{n} more characters, please.",
  show: "Show",
  hide: "Hide",
  send: "Make the account",
};

export const login = {
  title: "Good to see you",
  lead: "Log in to see your shop.",
  send: "Log in",
  wrong: "Name and password do not fit together.",
};

export const money = {
  under: "under {a}",
};

export const time = {
  now: "now",
  seconds: "{n} s",
  minutes: "{n} min",
  hours: "{n} h",
  days: "{n} days",
  ago: "{t} ago",
};
