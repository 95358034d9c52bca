/**
 * my-package: messages between nodes, kept by peer.
 *
 * From the terminal of the node: `send:my-package:template.os alice.os hello`
 */
import {
  type Answer,
  defineProcess,
  type IncomingRequest,
  json,
  our,
  print,
  request,
  serve,
  state,
} from "@kinode-ts/stdlib";

interface ChatMessage {
  readonly author: string;
  readonly content: string;
}

/** Peer → messages with it. */
type Archive = Record<string, ChatMessage[]>;
type Question =
  | { readonly Send: { readonly target: string; readonly message: string } }
  | { readonly History: string };

class Chat {
  readonly #archive: Archive;

  constructor(archive: Archive) {
    this.#archive = archive;
  }

  async answer(asked: IncomingRequest): Promise<Answer> {
    const question = readQuestion(asked.json());
    if ("History" in question) {
      // Other nodes may write to us, not read what others wrote.
      return { History: asked.isLocal ? (this.#archive[question.History] ?? []) : [] };
    }
    const { target, message } = question.Send;
    if (target === our().node) {
      const author = asked.source.node;
      print(`${author}: ${message}`);
      await this.#keep(author, { author, content: message });
    } else {
      if (!asked.isLocal) throw new TypeError("messages are not passed on for others");
      await request(`${target}@${our().processId.toString()}`, question);
      await this.#keep(target, { author: our().node, content: message });
    }
    return json("Send");
  }

  async #keep(peer: string, message: ChatMessage): Promise<void> {
    (this.#archive[peer] ??= []).push(message);
    await state.save(this.#archive);
  }
}

function readQuestion(value: unknown): Question {
  const { Send, History } = (value ?? {}) as { Send?: Record<string, unknown>; History?: unknown };
  if (typeof History === "string") return { History };
  const { target, message } = Send ?? {};
  if (typeof target === "string" && typeof message === "string")
    return { Send: { target, message } };
  throw new TypeError(
    'ask {"Send": {"target": "<node>", "message": "<text>"}} or {"History": "<node>"}',
  );
}

export default defineProcess(async () => {
  const archive = (await state.load((value) => value as Archive)) ?? {};
  const chat = new Chat(archive);
  await serve((asked) =>
    chat.answer(asked).catch((thrown: unknown) => ({ Error: (thrown as Error).message })),
  );
});
