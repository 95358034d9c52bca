/**
 * Calls over HTTP, one exchange each.
 * @module
 */
import { RAW_TRANSACTION } from "../methods.ts";
import { RpcFailure } from "./failure.ts";
import { encodeCall, readMessage, type ReplyBounds, type RpcAnswer } from "./json-rpc.ts";
import type { HeaderList, RpcReply, RpcTransport } from "./transport.ts";

const TOO_MANY_REQUESTS = 429;

export class HttpConnection {
  readonly #transport: RpcTransport;
  readonly #url: URL;
  readonly #headers: HeaderList;
  readonly #bounds: ReplyBounds;
  #lastId = 0;

  constructor(transport: RpcTransport, url: URL, headers: HeaderList, bounds: ReplyBounds) {
    this.#transport = transport;
    this.#url = url;
    this.#headers = [["Content-Type", "application/json"], ...headers];
    this.#bounds = bounds;
  }

  /** @throws {RpcFailure} */
  async call(method: string, params: string, signal: AbortSignal): Promise<RpcAnswer> {
    const id = ++this.#lastId;
    const request = {
      method: "POST",
      url: this.#url,
      headers: this.#headers,
      body: encodeCall(id, method, params),
    };
    const exchange = (): Promise<RpcReply> =>
      this.#transport.exchange(request, this.#bounds.maxAnswerBytes, signal);
    const reply = await exchange()
      // A kept connection may have been closed by the server meanwhile.
      .catch((thrown: unknown) => {
        if (signal.aborted || method === RAW_TRANSACTION) throw thrown;
        return exchange();
      })
      .catch(() => {
        throw new RpcFailure(signal.aborted ? "timeout" : "unreachable");
      });
    if (reply.status === TOO_MANY_REQUESTS) throw new RpcFailure("rate-limited");
    const message = readMessage(reply.body, this.#bounds);
    if (message?.kind === "answer" && message.id === id) return message.answer;
    const isFine = reply.status >= 200 && reply.status < 300;
    throw new RpcFailure(isFine ? "malformed" : "unreachable");
  }
}
