// A tape recorder between a browser and the server: passes everything on, and writes down what a service worker says, which no page sees.

import { createServer, request as ask } from "node:http";

/**
 * @typedef {{ method: string, path: string, authorization: string, body: string, status: number }} Taped
 */

/**
 * @param {string} server
 * @returns {Promise<{ url: string, taped: Taped[], stop: () => Promise<void> }>}
 */
export async function startTape(server) {
  /** @type {Taped[]} */
  const taped = [];
  const target = new URL(server);
  const http = createServer((request, response) => {
    /** @type {Buffer[]} */
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    const onward = ask({ host: target.hostname, port: target.port, path: request.url, method: request.method, headers: { ...request.headers, host: target.host } }, (answer) => {
      taped.push({ method: request.method ?? "", path: request.url ?? "", authorization: request.headers.authorization ?? "", body: Buffer.concat(pieces).toString(), status: answer.statusCode ?? 0 });
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise((done) => http.listen(0, "127.0.0.1", () => done(undefined)));
  const address = http.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const stop = async () => {
    http.closeAllConnections();
    await new Promise((done) => http.close(done));
  };
  return { url: `http://127.0.0.1:${address.port}`, taped, stop };
}
