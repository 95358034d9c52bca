/**
 * my-package: takes calls of other services at `/webhook:my-package:template.os/hook?secret=<secret>`.
 *
 * From the terminal of the node: `m our@webhook:my-package:template.os '{"Secret": "long and random"}' -a 5`, then `"Events"`
 */
import { type Answer, defineProcess, serve, state } from "@kinode-ts/stdlib";
import { createHttpServer, type Request, Response } from "@kinode-ts/stdlib/http";

interface Kept {
  readonly secret: string;
  /** The newest ones, oldest first. */
  readonly events: readonly unknown[];
}

const MAX_EVENTS = 100;
const MAX_BODY_CHARS = 10_000;

class Webhook {
  #kept: Kept;

  constructor(kept: Kept) {
    this.#kept = kept;
  }

  /** A call from outside: anybody can make one, so it proves that it knows the secret. */
  async called(request: Request): Promise<Response> {
    const { secret, events } = this.#kept;
    if (request.method !== "POST") return new Response("POST is expected", { status: 405 });
    if (secret === "" || request.kinode.query["secret"] !== secret) {
      return new Response("the secret is wrong", { status: 403 });
    }
    const text = await request.text();
    if (text.length > MAX_BODY_CHARS) return new Response("too long", { status: 413 });
    await this.#keep({ secret, events: [...events, text].slice(-MAX_EVENTS) });
    return Response.json({ ok: true });
  }

  async asked(question: unknown): Promise<Answer> {
    if (question === "Events") return { Events: this.#kept.events };
    const secret = (question as { Secret?: unknown } | null)?.Secret;
    if (typeof secret !== "string") throw new TypeError('ask "Events" or {"Secret": "<text>"}');
    await this.#keep({ ...this.#kept, secret });
    return { Ok: null };
  }

  async #keep(kept: Kept): Promise<void> {
    this.#kept = kept;
    await state.save(kept);
  }
}

export default defineProcess(async () => {
  const kept = (await state.load((value) => value as Kept)) ?? { secret: "", events: [] };
  const webhook = new Webhook(kept);
  await createHttpServer().bind("/hook", { authenticated: false }, (request) =>
    webhook.called(request),
  );
  await serve(async (request) => {
    try {
      return await webhook.asked(request.json());
    } catch (thrown) {
      return { Error: (thrown as Error).message };
    }
  });
});
