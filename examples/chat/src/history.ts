/**
 * The messages this node has seen, kept over restarts.
 * @module
 */
import { state } from "@kinode-ts/stdlib";

/** One message. `room` is the node it was exchanged with; our own node's name is the room of this page's users. */
export interface ChatMessage {
  readonly room: string;
  readonly author: string;
  readonly text: string;
  /** Milliseconds since 1970, as the page of the author says; else when it came. */
  readonly at: number;
}

/** More are not kept: state is written as a whole. */
const KEPT = 500;
const TEXT_MAX = 2_000;

/** @throws {TypeError | RangeError} not a message */
export function parseMessage(value: unknown): ChatMessage {
  const { room, author, text, at } = value as Record<string, unknown>;
  if (typeof room !== "string" || typeof author !== "string" || typeof text !== "string") {
    throw new TypeError('a message is {"room", "author", "text", "at"}');
  }
  if (text.trim() === "" || text.length > TEXT_MAX || author.length > 64 || room.length > 256) {
    throw new RangeError(`a text has 1 to ${TEXT_MAX} characters, a name up to 64`);
  }
  return { room, author, text, at: typeof at === "number" ? at : Date.now() };
}

function parseHistory(value: unknown): ChatMessage[] {
  return (value as unknown[]).map(parseMessage);
}

export class History {
  readonly #messages: ChatMessage[];

  private constructor(messages: ChatMessage[]) {
    this.#messages = messages;
  }

  static async load(): Promise<History> {
    return new History((await state.load(parseHistory, { migrate: () => [] })) ?? []);
  }

  get messages(): readonly ChatMessage[] {
    return this.#messages;
  }

  /** Settles when it is on disk. */
  async add(message: ChatMessage): Promise<void> {
    this.#messages.push(message);
    if (this.#messages.length > KEPT) this.#messages.shift();
    await state.save(this.#messages);
  }
}
