/**
 * A `ProcessHost` for tests: records what a script asks for and delivers what the test puts in.
 * It knows nothing of the kernel's rules; the answers of its functions are fixed.
 */
import {
  type Address,
  type Capability,
  type Delivery,
  type LazyLoadBlob,
  type OnExit,
  type OutgoingRequest,
  parseAddress,
  type ProcessHost,
  ProcessKilled,
  type ProcessId,
  type Request,
  type Response,
  type Result,
  type SpawnError,
  type SpawnRequest,
} from "@kinode-ts/types";

export const OTHER: Address = parseAddress("bob.os@other:pkg:sys");

export class FakeHost implements ProcessHost {
  readonly our: Address = parseAddress("alice.os@script:pkg:sys");
  killed = false;
  readonly calls: unknown[][] = [];
  readonly prints: string[] = [];
  state: Uint8Array | undefined;
  onExit: OnExit = { kind: "none" };
  blob: LazyLoadBlob | undefined;
  /** Answers an awaited request; `undefined` lets it wait. */
  answer: (request: Request) => Delivery | undefined = () => undefined;
  spawned: Result<ProcessId, SpawnError> = { ok: true, value: "child:pkg:sys" as ProcessId };
  readonly #queue: Delivery[] = [];
  #awaited: Delivery | undefined;
  #awaiting = false;
  #wake: (() => void) | undefined;

  deliver(delivery: Delivery): void {
    this.#queue.push(delivery);
    if (!this.#awaiting) this.#wakeUp();
  }

  request(body: string, more: Partial<Request> = {}): void {
    this.deliver(requestDelivery(body, more));
  }

  kill(): void {
    this.killed = true;
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake !== undefined) queueMicrotask(wake);
  }

  #record(...call: unknown[]): void {
    if (this.killed) throw new ProcessKilled();
    this.calls.push(call);
  }

  print(verbosity: number, text: string): void {
    this.prints.push(`${verbosity} ${text}`);
  }
  getOnExit(): OnExit {
    return this.onExit;
  }
  setOnExit(onExit: OnExit): void {
    this.onExit = onExit;
  }
  async getState(): Promise<Uint8Array | undefined> {
    return this.state;
  }
  async setState(bytes: Uint8Array): Promise<void> {
    this.state = bytes;
  }
  async clearState(): Promise<void> {
    this.state = undefined;
  }
  async spawn(request: SpawnRequest): Promise<Result<ProcessId, SpawnError>> {
    this.#record("spawn", request);
    return this.spawned;
  }
  saveCapabilities(list: readonly Capability[]): void {
    this.#record("save", list);
  }
  dropCapabilities(list: readonly Capability[]): void {
    this.#record("drop", list);
  }
  ourCapabilities(): readonly Capability[] {
    return [{ issuer: OTHER, params: '"messaging"' }];
  }
  hasBlob(): boolean {
    return this.blob !== undefined;
  }
  getBlob(): LazyLoadBlob | undefined {
    return this.blob;
  }
  lastBlob(): LazyLoadBlob | undefined {
    return this.blob;
  }
  sendRequest(
    target: Address,
    request: Request,
    context: Uint8Array | undefined,
    blob: LazyLoadBlob | undefined,
  ): void {
    this.#record("request", target, request, context, blob);
  }
  sendRequests(requests: readonly OutgoingRequest[]): void {
    this.#record("requests", requests);
  }
  sendResponse(response: Response, blob: LazyLoadBlob | undefined): void {
    this.#record("response", response, blob);
  }
  beginAwait(target: Address, request: Request, blob: LazyLoadBlob | undefined): void {
    this.#record("await", target, request, blob);
    this.#awaiting = true;
    this.#awaited = this.answer(request);
  }
  pollAwaited(): Delivery | undefined {
    const delivery = this.#awaited;
    if (delivery === undefined) return undefined;
    this.#awaited = undefined;
    this.#awaiting = false;
    return delivery;
  }
  poll(): Delivery | undefined {
    return this.#queue.shift();
  }
  park(wake: () => void): void {
    this.#wake = wake;
    const ready = this.#awaiting ? this.#awaited !== undefined : this.#queue.length > 0;
    if (ready || this.killed) this.#wakeUp();
  }
  sliceIsOver(): boolean {
    return this.killed;
  }
  yieldSlice(resume: () => void): void {
    setImmediate(resume);
  }
}

const encoder = new TextEncoder();

export function requestDelivery(body: string, more: Partial<Request> = {}): Delivery {
  const message: Request = {
    kind: "request",
    body: encoder.encode(body),
    inherit: false,
    expectsResponse: 5,
    metadata: undefined,
    capabilities: [],
    ...more,
  };
  return { kind: "message", source: OTHER, message, context: undefined };
}

export function responseDelivery(body: string, context?: Uint8Array): Delivery {
  const message: Response = {
    kind: "response",
    body: encoder.encode(body),
    inherit: false,
    metadata: undefined,
    capabilities: [],
  };
  return { kind: "message", source: OTHER, message, context };
}

export function sendErrorDelivery(kind: "offline" | "timeout", context?: Uint8Array): Delivery {
  const { message } = requestDelivery("lost") as Extract<Delivery, { kind: "message" }>;
  const blob = { mime: "text/plain", bytes: encoder.encode("blob") };
  return { kind: "send-error", error: { kind, target: OTHER, message, blob }, context };
}
