// A stand-in of Mozilla's push service on loopback: the browser's side over WebSocket, the senders' side over HTTP.
// It knows nothing of what is in a message; the browser itself decrypts it.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

import { WebSocketServer } from "ws";

const BODY_MAX = 4096;

/**
 * @typedef {{ ttl: string | undefined, urgency: string | undefined, topic: string | undefined, encoding: string | undefined, bytes: number }} Sent
 */

/** @returns {Promise<{ url: string, sent: Sent[], acked: number[], stop: () => Promise<void> }>} */
export async function startPushService() {
  /** @type {Map<string, { socket: import("ws").WebSocket, channel: string }>} */
  const endpoints = new Map();
  /** @type {Sent[]} */
  const sent = [];
  /** @type {number[]} */
  const acked = [];

  const http = createServer((request, response) => {
    const target = endpoints.get(request.url ?? "");
    if (request.method !== "POST" || target === undefined) {
      response.writeHead(target === undefined ? 410 : 405).end();
      return;
    }
    /** @type {Buffer[]} */
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => {
      const body = Buffer.concat(pieces);
      const header = (/** @type {string} */ name) => request.headers[name]?.toString();
      if (header("ttl") === undefined || body.length > BODY_MAX || !header("authorization")?.startsWith("vapid ")) {
        response.writeHead(body.length > BODY_MAX ? 413 : 400).end();
        return;
      }
      sent.push({ ttl: header("ttl"), urgency: header("urgency"), topic: header("topic"), encoding: header("content-encoding"), bytes: body.length });
      target.socket.send(
        JSON.stringify({ messageType: "notification", channelID: target.channel, version: randomUUID(), ttl: Number(header("ttl")), data: body.toString("base64url"), headers: { encoding: header("content-encoding") } }),
      );
      response.writeHead(201, { location: `/m/${randomUUID()}`, ttl: header("ttl") }).end();
    });
  });
  await new Promise((done) => http.listen(0, "127.0.0.1", () => done(undefined)));
  const address = http.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const origin = `127.0.0.1:${address.port}`;

  const sockets = new WebSocketServer({ server: http, handleProtocols: () => "push-notification" });
  sockets.on("connection", (socket) => {
    socket.on("message", (raw) => {
      const message = JSON.parse(raw.toString());
      const answer = (/** @type {object} */ body) => socket.send(JSON.stringify(body));
      switch (message.messageType) {
        case "hello":
          return answer({ messageType: "hello", status: 200, uaid: randomUUID().replaceAll("-", ""), use_webpush: true, broadcasts: {} });
        case "register": {
          const path = `/wpush/v2/${randomUUID()}`;
          endpoints.set(path, { socket, channel: message.channelID });
          return answer({ messageType: "register", status: 200, channelID: message.channelID, pushEndpoint: `http://${origin}${path}` });
        }
        case "unregister":
          return answer({ messageType: "unregister", status: 200, channelID: message.channelID });
        case "ack":
          acked.push(...message.updates.map((/** @type {{ code: number }} */ update) => update.code));
          return;
        case undefined:
          return socket.send("{}");
        default:
      }
    });
  });

  const stop = async () => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    http.closeAllConnections();
    await new Promise((done) => http.close(done));
  };
  return { url: `ws://${origin}/`, sent, acked, stop };
}
