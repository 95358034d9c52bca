/**
 * Chat from one node to another at a steady pace, and the look at what came of it.
 * @module
 */
import type { RemoteNode } from "./remote-node.ts";

export const CHAT = "chat:chat:example.os";

interface Said {
  readonly text: string;
  outcome: "open" | "acknowledged" | "reported" | "lost";
  endedAtMs: number;
}

export interface ChatTally {
  readonly said: number;
  readonly acknowledged: number;
  /** The sender was told that it could not be delivered. */
  readonly reported: number;
  /** Of those, how many came all the same. */
  readonly reportedButCame: number;
  /** Neither answered nor reported. */
  readonly lost: number;
  /** Acknowledged, and not just once in the history of the receiver. */
  readonly wrong: readonly string[];
}

export class Chatter {
  readonly #from: RemoteNode;
  readonly #to: RemoteNode;
  readonly #said: Said[] = [];
  readonly #open: Promise<void>[] = [];
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(from: RemoteNode, to: RemoteNode, everyMs: number) {
    this.#from = from;
    this.#to = to;
    this.#timer = setInterval(() => this.#say(), everyMs);
    this.#say();
  }

  /** When the first message was acknowledged after that moment. */
  acknowledgedSince(ms: number): number | undefined {
    return this.#said.find((each) => each.outcome === "acknowledged" && each.endedAtMs > ms)
      ?.endedAtMs;
  }

  #say(): void {
    const text = `${this.#from.name} says ${this.#said.length}`;
    const said: Said = { text, outcome: "open", endedAtMs: 0 };
    this.#said.push(said);
    this.#open.push(this.#send(said));
  }

  async #send(said: Said): Promise<void> {
    const message = { room: this.#to.name, author: this.#from.name, text: said.text, at: 1 };
    const answer = await this.#from.ask(CHAT, { Send: message });
    if (typeof answer !== "object" || answer === null) said.outcome = "lost";
    else said.outcome = "Ok" in answer ? "acknowledged" : "reported";
    said.endedAtMs = performance.now();
  }

  /** Says no more, waits for the last answers, and counts. */
  async end(): Promise<ChatTally> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    const history = (await this.#to.ask(CHAT, "History")) as { room: string; text: string }[];
    const came = (text: string): number =>
      history.filter((each) => each.room === this.#from.name && each.text === text).length;
    const of = (outcome: Said["outcome"]): Said[] =>
      this.#said.filter((each) => each.outcome === outcome);
    const wrong = this.#said.filter(({ text, outcome }) => {
      const times = came(text);
      return outcome === "acknowledged" ? times !== 1 : times > 1;
    });
    return {
      said: this.#said.length,
      acknowledged: of("acknowledged").length,
      reported: of("reported").length,
      reportedButCame: of("reported").filter(({ text }) => came(text) > 0).length,
      lost: of("lost").length + of("open").length,
      wrong: wrong.map(({ text, outcome }) => `"${text}" (${outcome}) came ${came(text)} times`),
    };
  }
}
