/**
 * One process of a test node: the host functions with the kernel's message rules.
 * Source: spec/kernel.md §3.3–3.8; the field names are those of §3.3.
 * @module
 */
import type {
  Awaitable,
  GuestBlob,
  GuestCapability,
  GuestDelivery,
  GuestFast,
  GuestIncomingRequest,
  GuestIncomingResponse,
  GuestInit,
  GuestOnExit,
  GuestRequest,
  GuestResponse,
  GuestRuntime,
  GuestSendError,
  GuestSpawn,
  GuestSpawnResult,
} from "@kinode-ts/types";
import { TestListening } from "./test-listening.ts";
import type { TestMessage, TestNode } from "./test-node.ts";

interface ContextEntry {
  readonly prompting: TestMessage | undefined;
  readonly context: Uint8Array | undefined;
  readonly cancelTimer: () => void;
  answered: boolean;
}

/** Something in the mailbox of a process. */
export type MailItem =
  | { readonly kind: "message"; readonly message: TestMessage }
  | { readonly kind: "error"; readonly id: number; readonly error: GuestSendError };

const encoder = new TextEncoder();

function bytesOf(body: Uint8Array | string): Uint8Array {
  return typeof body === "string" ? encoder.encode(body) : body.slice();
}

/** Ends the calls of a process that was killed. */
export class TestProcessKilled extends Error {
  override name = "TestProcessKilled";
}

export class TestProcess implements GuestRuntime {
  readonly #node: TestNode;
  readonly #id: string;
  readonly address: string;
  readonly #contexts = new Map<number, ContextEntry>();
  #channel: MailItem[] = [];
  #queue: MailItem[] = [];
  #prompting: TestMessage | undefined;
  #lastBlob: GuestBlob | undefined;
  #blobbed = false;
  #parked: { ready: () => boolean; wake: () => void } | undefined;
  #init: GuestInit | undefined;
  #onExit: GuestOnExit;
  #capabilities: GuestCapability[] = [];
  killed = false;
  readonly fast: GuestFast | undefined;

  constructor(node: TestNode, id: string, onExit: GuestOnExit) {
    this.#node = node;
    this.#id = id;
    this.#onExit = onExit;
    this.address = `${node.name}@${id}`;
    this.fast = node.isFast ? this.#createFast() : undefined;
  }

  #createFast(): GuestFast {
    const listening = new TestListening((take) => {
      let found: GuestDelivery | undefined;
      this.#parked = {
        ready: () => (found ??= this.#next()) !== undefined,
        wake: () => void (this.killed || take(found!, this.#blobbed)),
      };
    });
    return {
      listen: (listener) => listening.listen(listener),
      ask: (target, body, expectsResponse, ticket) => {
        this.#alive();
        const answer = listening.ask(ticket);
        const context = Uint8Array.of(ticket, ticket >>> 8, 0, 0);
        this.#send({ target, body, expectsResponse }, context);
        return answer;
      },
      answer: (body) => void this.sendResponse({ body }),
      answerWith: (value) => {
        const isBody = typeof value === "string" || value instanceof Uint8Array;
        if (isBody) void this.sendResponse({ body: value });
        return isBody;
      },
    };
  }

  // --- run by the node ---------------------------------------------------------------------------

  /** Runs the registered entry point; settles when the process has ended. */
  async run(): Promise<void> {
    if (this.#init === undefined) throw new Error(`The program of ${this.#id} called no main()`);
    await this.#init(this.address);
  }

  deliver(item: MailItem): void {
    if (!this.killed) this.#channel.push(item);
  }

  /** Whether `resume` would let it go on. */
  get canResume(): boolean {
    return this.#parked !== undefined && (this.killed || this.#parked.ready());
  }

  resume(): void {
    const parked = this.#parked;
    this.#parked = undefined;
    parked?.wake();
  }

  get pendingRequests(): number {
    return this.#contexts.size;
  }

  // --- kinode:process/standard -------------------------------------------------------------------

  main(init: GuestInit): void {
    if (this.#init !== undefined) throw new TypeError("main was called twice");
    this.#init = init;
  }

  our(): string {
    return this.address;
  }

  printToTerminal(verbosity: number, text: string): void {
    this.#node.lines.push({ process: this.#id, verbosity, text });
  }

  getOnExit(): GuestOnExit {
    return this.#onExit;
  }

  setOnExit(onExit: GuestOnExit): void {
    this.#onExit = onExit;
  }

  getState(): Awaitable<Uint8Array | undefined> {
    return this.#node.states.get(this.#id)?.slice();
  }

  setState(bytes: Uint8Array): Awaitable<void> {
    this.#node.states.set(this.#id, bytes.slice());
  }

  clearState(): Awaitable<void> {
    this.#node.states.delete(this.#id);
  }

  spawn(request: GuestSpawn): Awaitable<GuestSpawnResult> {
    return this.#node.spawnFor(this.#id, request);
  }

  saveCapabilities(capabilities: readonly GuestCapability[]): Awaitable<void> {
    this.#capabilities.push(...capabilities);
  }

  dropCapabilities(capabilities: readonly GuestCapability[]): Awaitable<void> {
    this.#capabilities = this.#capabilities.filter(
      (held) => !capabilities.some((c) => c.issuer === held.issuer && c.params === held.params),
    );
  }

  ourCapabilities(): readonly GuestCapability[] {
    return this.#capabilities.map(({ issuer, params }) => ({ issuer, params }));
  }

  hasBlob(): boolean {
    return this.#blobbed;
  }

  getBlob(): GuestBlob | undefined {
    return this.#blobbed ? this.#lastBlob : undefined;
  }

  lastBlob(): GuestBlob | undefined {
    return this.#lastBlob;
  }

  sendRequest(request: GuestRequest): Awaitable<void> {
    this.#alive();
    this.#send(request, request.context);
  }

  sendRequests(requests: readonly GuestRequest[]): Awaitable<void> {
    for (const request of requests) this.#send(request, request.context);
  }

  // §3.4, steps 1–6
  #send(request: GuestRequest, context: Uint8Array | undefined): number {
    const inherit = request.inherit === true;
    const prompting = this.#prompting;
    const id = inherit && prompting !== undefined ? prompting.id : this.#freshId();
    const expects = request.expectsResponse;
    const message: TestMessage = {
      id,
      source: this.address,
      target: request.target.replace(/^our@/, `${this.#node.name}@`),
      rsvp: expects !== undefined ? this.address : inherit ? prompting?.rsvp : undefined,
      kind: "request",
      inherit,
      expectsResponse: expects === undefined ? undefined : Number(expects),
      body: bytesOf(request.body),
      metadata: request.metadata,
      capabilities: request.capabilities ?? [],
      blob: request.blob ?? (inherit ? this.#lastBlob : undefined),
    };
    if (expects !== undefined) {
      this.#contexts.get(id)?.cancelTimer();
      const cancelTimer = this.#node.after(Number(expects) * 1_000, () =>
        this.deliver({ kind: "error", id, error: timeoutOf(message) }),
      );
      this.#contexts.set(id, { prompting, context, cancelTimer, answered: false });
    }
    this.#node.route(message);
    return id;
  }

  #freshId(): number {
    let id = this.#node.freshId();
    while (this.#contexts.has(id)) id = this.#node.freshId();
    return id;
  }

  // §3.5
  sendResponse(response: GuestResponse): Awaitable<void> {
    this.#alive();
    const prompting = this.#prompting;
    if (prompting === undefined) {
      this.printToTerminal(0, "send-response without a prompting message");
      return;
    }
    this.#node.route({
      id: prompting.id,
      source: this.address,
      target: prompting.rsvp ?? prompting.source,
      rsvp: undefined,
      kind: "response",
      inherit: response.inherit === true,
      expectsResponse: undefined,
      body: bytesOf(response.body),
      metadata: response.metadata,
      capabilities: response.capabilities ?? [],
      blob: response.inherit === true ? this.#lastBlob : response.blob,
    });
  }

  // §3.6
  receive(): Awaitable<GuestDelivery> {
    this.#alive();
    if (this.#parked !== undefined) throw new TypeError("One process waits only once at a time");
    const ready = (): GuestDelivery | undefined => this.#next();
    const at = this.#node.receivesDirectly ? ready() : undefined;
    return at ?? this.#park(ready);
  }

  #park<T>(poll: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      let found: T | undefined;
      this.#parked = {
        ready: () => (found ??= poll()) !== undefined,
        wake: () => (this.killed ? reject(new TestProcessKilled()) : resolve(found!)),
      };
    });
  }

  #next(): GuestDelivery | undefined {
    const queued = this.#queue.shift();
    if (queued !== undefined) return this.#hand(queued);
    for (;;) {
      const item = this.#channel.shift();
      if (item === undefined) return undefined;
      if (this.#ingest(item)) return this.#hand(item);
    }
  }

  #ingest(item: MailItem): boolean {
    if (item.kind === "message" && item.message.kind === "request") return true;
    const entry = this.#contexts.get(item.kind === "message" ? item.message.id : item.id);
    if (entry === undefined || entry.answered) return false;
    entry.answered = true;
    entry.cancelTimer();
    return true;
  }

  #hand(item: MailItem): GuestDelivery {
    if (item.kind === "error") return this.#handError(item.id, item.error);
    const { message } = item;
    this.#blobbed = message.blob !== undefined;
    if (message.blob !== undefined) this.#lastBlob = message.blob;
    if (message.kind === "request") {
      if (message.expectsResponse !== undefined || message.rsvp !== undefined) {
        this.#prompting = message;
      }
      return requestDelivery(message);
    }
    const entry = this.#contexts.get(message.id);
    this.#contexts.delete(message.id);
    this.#prompting = entry === undefined ? message : entry.prompting;
    return responseDelivery(message, entry?.context);
  }

  #handError(id: number, error: GuestSendError): GuestDelivery {
    const entry = this.#contexts.get(id);
    this.#contexts.delete(id);
    this.#blobbed = false;
    if (entry !== undefined) this.#prompting = entry.prompting;
    return { ...error, context: entry?.context };
  }

  // §3.7
  sendAndAwaitResponse(
    request: GuestRequest,
  ): Awaitable<GuestIncomingResponse | GuestIncomingRequest | GuestSendError> {
    this.#alive();
    if (request.expectsResponse === undefined) throw new TypeError("expectsResponse is missing");
    if (request.target === this.address) throw new TypeError("A process cannot await itself");
    const id = this.#send(request, undefined);
    return this.#park(() => {
      for (;;) {
        const item = this.#channel.shift();
        if (item === undefined) return undefined;
        if (!this.#ingest(item)) continue;
        const isAwaited =
          item.kind === "error"
            ? item.id === id
            : item.message.id === id && item.message.kind === "response";
        if (isAwaited) return this.#hand(item);
        this.#queue.push(item);
      }
    });
  }

  #alive(): void {
    if (this.killed) throw new TestProcessKilled();
  }
}

function timeoutOf(message: TestMessage): GuestSendError {
  return sendErrorOf(message, "timeout");
}

/** The failure the sender of `message` is told. */
export function sendErrorOf(message: TestMessage, error: "offline" | "timeout"): GuestSendError {
  const { target, body, blob } = message;
  return { kind: "send-error", error, target, body, blob, context: undefined };
}

function requestDelivery(message: TestMessage): GuestIncomingRequest {
  const { source, inherit, expectsResponse, body, metadata, capabilities } = message;
  return { kind: "request", source, inherit, expectsResponse, body, metadata, capabilities };
}

function responseDelivery(
  message: TestMessage,
  context: Uint8Array | undefined,
): GuestIncomingResponse {
  const { source, inherit, body, metadata, capabilities } = message;
  return { kind: "response", source, inherit, body, metadata, capabilities, context };
}
