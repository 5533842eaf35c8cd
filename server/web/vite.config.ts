// The build: two pages and one service worker, nothing inline, no address of another host.
import { fileURLToPath } from "node:url";

import { defineConfig } from "vite";

import { mock } from "./dev/mock.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig(({ mode }) => ({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: mode === "mock" ? [mock()] : [],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    rolldownOptions: {
      input: {
        dashboard: here("./index.html"),
        phone: here("./phone.html"),
        "phone-sw": here("./src/phone/worker.ts"),
      },
      output: {
        // A service worker's address is part of its identity, so it has no hash.
        entryFileNames: (chunk) => (chunk.name === "phone-sw" ? "phone-sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  preview: { headers: { "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'" } },
  test: { include: ["test/**/*.test.ts"] },
}));
