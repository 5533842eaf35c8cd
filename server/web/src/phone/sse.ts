// Reads server-sent events from text that comes in pieces. Pure; the standard's rules, without `retry`.

export interface Message {
  event: string;
  data: string;
  id: string;
}

/** A line longer than this is not one of ours; what is kept of it is thrown away. */
const LINE_MAX = 256 * 1024;

export class Parser {
  #rest = "";
  #event = "";
  #data: string[] = [];
  #id = "";

  /** Takes the next piece and gives the messages that are complete now. */
  push(piece: string): Message[] {
    const text = this.#rest + piece;
    // A carriage return at the end may be half of a line break whose other half is still to come.
    const held = text.endsWith("\r") ? text.length - 1 : text.length;
    const lines = text.slice(0, held).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + text.slice(held);
    if (this.#rest.length > LINE_MAX) this.#rest = "";
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): Message[] {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return [];
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event = value;
    if (field === "data") this.#data.push(value);
    if (field === "id" && !value.includes("\0")) this.#id = value;
    return [];
  }

  #dispatch(): Message[] {
    const message = { event: this.#event === "" ? "message" : this.#event, data: this.#data.join("\n"), id: this.#id };
    const empty = this.#data.length === 0;
    this.#event = "";
    this.#data = [];
    return empty ? [] : [message];
  }
}
