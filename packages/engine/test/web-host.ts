/**
 * A fake host whose timer and HTTP client answer when the test says so, in the words of spec/runtime-modules.md.
 */
import type { Address, LazyLoadBlob, Request } from "@kinode-ts/types";
import { FakeHost, responseDelivery, sendErrorDelivery } from "./fake-host.ts";

export interface WebRequest {
  readonly target: string;
  readonly body: unknown;
  readonly expectsResponse: unknown;
  readonly context: Uint8Array | undefined;
  readonly blob: string | undefined;
}

const decoder = new TextDecoder();

export class WebHost extends FakeHost {
  /** Requests nobody has answered yet, oldest first. */
  readonly open: WebRequest[] = [];
  readonly responses: string[] = [];
  #arrived: () => void = () => {};

  override sendRequest(
    target: Address,
    request: Request,
    context: Uint8Array | undefined,
    blob: LazyLoadBlob | undefined,
  ): void {
    this.open.push({
      target: `${target.node}@${target.process}`,
      body: JSON.parse(decoder.decode(request.body)) as unknown,
      expectsResponse: request.expectsResponse,
      context,
      blob: blob && decoder.decode(blob.bytes),
    });
    this.#arrived();
  }

  override sendResponse(response: { readonly body: Uint8Array }): void {
    this.responses.push(decoder.decode(response.body));
  }

  /** Number of the first open request with this text in its body or target; waits until there is one. */
  async find(text: string): Promise<number> {
    for (;;) {
      const index = this.open.findIndex((each) => JSON.stringify(each).includes(text));
      if (index >= 0) return index;
      await new Promise<void>((done) => (this.#arrived = done));
    }
  }

  /** Answers the first open request with this text. */
  async reply(text: string, body = "", blob?: Uint8Array): Promise<void> {
    const { context } = this.open.splice(await this.find(text), 1)[0]!;
    this.blob = blob && { mime: undefined, bytes: blob };
    this.deliver(responseDelivery(body, context));
    await this.taken();
  }

  async fail(text: string, kind: "offline" | "timeout"): Promise<void> {
    const { context } = this.open.splice(await this.find(text), 1)[0]!;
    this.deliver(sendErrorDelivery(kind, context));
  }

  /** Settles when the process has taken every message and has come to its next wait. */
  async taken(): Promise<void> {
    for (let turn = 0; turn < 6; turn++) await new Promise((done) => setImmediate(done));
  }
}
