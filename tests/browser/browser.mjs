// How Chromium is started: Debian's own, headless, and quiet towards the outside.

export const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
