/**
 * Chat: a page, a web socket, state, and messages between nodes.
 * A message typed on the page goes to everybody on this page, or to the chat of another node. From the terminal:
 * `m our@chat:chat:example.os '{"Send":{"room":"","author":"me","text":"hello"}}' -a 5`
 * @module
 */
import type { Answer, IncomingRequest } from "@kinode-ts/stdlib";
import { defineProcess, our, print, request, SendError, serve } from "@kinode-ts/stdlib";
import { homepage } from "@kinode-ts/stdlib/homepage";
import type { HttpServer } from "@kinode-ts/stdlib/http";
import { createHttpServer, Response } from "@kinode-ts/stdlib/http";
import type { ChatMessage } from "./history.ts";
import { History, parseMessage } from "./history.ts";
import { ICON } from "./icon.ts";

class Chat {
  readonly #history: History;
  readonly #server: HttpServer;

  constructor(history: History, server: HttpServer) {
    this.#history = history;
    this.#server = server;
  }

  async #keep(message: ChatMessage): Promise<void> {
    await this.#history.add(message);
    await this.#server.broadcast("/", { Message: message });
  }

  /** From the page or the terminal of this node: rejects with a `SendError` when the other node did not take it. */
  async send(message: ChatMessage): Promise<void> {
    const { node, processId } = our();
    const room = message.room === "" ? node : message.room;
    const author = message.author === "" ? node : message.author;
    const sent = { ...message, room, author };
    if (room !== node) {
      // The receiver files it under our name, which only the kernel can tell it.
      await request(`${room}@${processId.toString()}`, { Deliver: sent }, { timeout: "10s" });
    }
    await this.#keep(sent);
  }

  /** A request of another process. */
  async handle(message: IncomingRequest): Promise<Answer | undefined> {
    const body = message.json() as { Send?: unknown; Deliver?: unknown } | "History";
    if (body === "History") return message.isLocal ? [...this.#history.messages] : undefined;
    if (message.isLocal) {
      const sent = parseMessage(body.Send);
      return await this.send(sent).then(() => ({ Ok: null }), failure);
    }
    const { node, processId } = message.source;
    if (!processId.equals(our().processId)) return undefined;
    await this.#keep({ ...parseMessage(body.Deliver), room: node });
    return { Ok: null };
  }

  async serve(): Promise<void> {
    const { messages } = this.#history;
    await this.#server.bind("/messages", {}, ({ method }) =>
      method === "GET" ? Response.json(messages) : new Response(null, { status: 405 }),
    );
    await this.#server.ws(
      "/",
      {},
      {
        message: async (channel, frame) => {
          if (frame.type !== "Text") return;
          try {
            await this.send(parseMessage(JSON.parse(frame.text())));
          } catch (thrown) {
            await channel.send(failure(thrown));
          }
        },
      },
    );
    await this.#server.ui("ui", ["/"]);
    await homepage.add({ label: "Chat", icon: ICON, path: "/" });
  }
}

function failure(thrown: unknown): { readonly Err: string } {
  if (thrown instanceof SendError) return { Err: "that node cannot be reached" };
  return { Err: thrown instanceof Error ? thrown.message : String(thrown) };
}

export default defineProcess(async () => {
  const chat = new Chat(await History.load(), createHttpServer());
  // Without its page it still takes messages: what the person refused is no reason to end.
  const served = chat.serve().catch((thrown: unknown) => {
    print(`has no page: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  });
  await Promise.all([serve((message) => chat.handle(message)), served]);
});
