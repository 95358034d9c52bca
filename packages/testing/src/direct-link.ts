/**
 * Process hosts linked to each other without a kernel: no checks, no queues but one array per process.
 * Two uses: the baseline of round-trip measurements, and executor tests that need a host to talk to.
 * Only what those need is here; everything else of `ProcessHost` answers with its simplest value.
 * @module
 */
import type {
  Address,
  Capability,
  Delivery,
  LazyLoadBlob,
  OnExit,
  OutgoingRequest,
  ProcessHost,
  ProcessId,
  Request,
  Response,
  Result,
  SpawnError,
  SpawnRequest,
} from "@kinode-ts/types";

/** Something on its way between two hosts. */
interface Parcel {
  readonly from: DirectHost;
  readonly id: number;
  readonly delivery: Delivery;
  readonly blob: LazyLoadBlob | undefined;
}

/** Calls a host received, in order, as name and arguments. */
export type HostCall = readonly [name: string, ...values: unknown[]];

/** Hosts by process id. `node` in a target is ignored: all are one node. */
export class DirectLink {
  readonly hosts = new Map<ProcessId, DirectHost>();
  #ids = 0;

  nextId(): number {
    return ++this.#ids;
  }

  /** A host for one process. @param record - whether `calls` is kept */
  createHost(our: Address, record = false): DirectHost {
    const host = new DirectHost(this, our, record);
    this.hosts.set(our.process, host);
    return host;
  }
}

export class DirectHost implements ProcessHost {
  readonly our: Address;
  killed = false;
  /** Printed lines. */
  readonly lines: string[] = [];
  readonly calls: HostCall[] = [];
  /** Answers of `sliceIsOver`. */
  sliceOver = false;
  /** How often the process gave way. */
  yieldCount = 0;
  /** How long giving way lasts. Default: until the microtasks before it have run. */
  turn: (resume: () => void) => void = queueMicrotask;
  state: Uint8Array | undefined;
  onExit: OnExit = { kind: "none" };
  held: readonly Capability[] = [];
  /** What `spawn` answers. */
  spawned: Result<ProcessId, SpawnError> = { ok: false, error: "no-file-at-path" };
  /** Called for requests to processes that have no host here. */
  onRequest:
    ((target: Address, request: Request, blob: LazyLoadBlob | undefined) => void) | undefined;
  /** Responses to requests that did not come from a host. */
  readonly responses: { readonly response: Response; readonly blob: LazyLoadBlob | undefined }[] =
    [];
  /** Called at each such response. */
  onResponse: ((response: Response, blob: LazyLoadBlob | undefined) => void) | undefined;
  readonly #link: DirectLink;
  readonly #record: boolean;
  readonly #queue: Parcel[] = [];
  #head = 0;
  #answers: Parcel | undefined;
  #prompting: Parcel | undefined;
  #awaitedId = 0;
  #blob: LazyLoadBlob | undefined;
  #lastBlob: LazyLoadBlob | undefined;
  #wake: (() => void) | undefined;
  #waitsForAnswer = false;

  constructor(link: DirectLink, our: Address, record: boolean) {
    this.#link = link;
    this.our = our;
    this.#record = record;
  }

  #note(...call: HostCall): void {
    if (this.#record) this.calls.push(call);
  }

  /** Gives this process something to receive; wakes it. */
  deliver(delivery: Delivery, blob?: LazyLoadBlob): void {
    this.#accept({ from: this, id: 0, delivery, blob });
  }

  /** Gives this process a plain request from `source`. */
  request(
    source: Address,
    body: Uint8Array,
    fields: Partial<Request> = {},
    blob?: LazyLoadBlob,
  ): void {
    const message: Request = {
      kind: "request",
      inherit: false,
      expectsResponse: 5,
      body,
      metadata: undefined,
      capabilities: [],
      ...fields,
    };
    this.deliver({ kind: "message", source, message, context: undefined }, blob);
  }

  /** How many things wait to be received. */
  get waitingCount(): number {
    return this.#queue.length - this.#head;
  }

  /** Whether the process waits for the scheduler. */
  get parked(): boolean {
    return this.#wake !== undefined;
  }

  /** Wakes the process whatever it waits for, as the kernel does after a kill. */
  wakeNow(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #accept(parcel: Parcel): void {
    if (parcel.id !== 0 && parcel.id === this.#awaitedId) {
      this.#awaitedId = 0;
      this.#answers = parcel;
      if (this.#waitsForAnswer) this.wakeNow();
      return;
    }
    this.#queue.push(parcel);
    if (!this.#waitsForAnswer) this.wakeNow();
  }

  #take(parcel: Parcel): Delivery {
    this.#blob = parcel.blob;
    if (parcel.blob !== undefined) this.#lastBlob = parcel.blob;
    const { delivery } = parcel;
    if (delivery.kind === "message" && delivery.message.kind === "request")
      this.#prompting = parcel;
    return delivery;
  }

  poll(): Delivery | undefined {
    this.#waitsForAnswer = false;
    if (this.#head === this.#queue.length) return undefined;
    const parcel = this.#queue[this.#head++]!;
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    }
    return this.#take(parcel);
  }

  pollAwaited(): Delivery | undefined {
    const parcel = this.#answers;
    if (parcel === undefined) {
      this.#waitsForAnswer = true;
      return undefined;
    }
    this.#answers = undefined;
    return this.#take(parcel);
  }

  park(wake: () => void): void {
    this.#wake = wake;
  }

  sliceIsOver(): boolean {
    return this.sliceOver;
  }

  yieldSlice(resume: () => void): void {
    this.yieldCount++;
    this.#wake = resume;
    this.turn(() => this.wakeNow());
  }

  sendRequest(target: Address, request: Request, context?: Uint8Array, blob?: LazyLoadBlob): void {
    this.#note("sendRequest", target, request, context, blob);
    this.#send(target, request, this.#link.nextId(), blob);
  }

  #send(target: Address, request: Request, id: number, blob: LazyLoadBlob | undefined): void {
    const host = this.#link.hosts.get(target.process);
    if (host === undefined) {
      this.onRequest?.(target, request, blob);
      return;
    }
    const delivery: Delivery = {
      kind: "message",
      source: this.our,
      message: request,
      context: undefined,
    };
    host.#accept({ from: this, id, delivery, blob });
  }

  sendRequests(requests: readonly OutgoingRequest[]): void {
    for (const item of requests)
      this.sendRequest(item.target, item.request, item.context, item.blob);
  }

  sendResponse(response: Response, blob?: LazyLoadBlob): void {
    this.#note("sendResponse", response, blob);
    const prompting = this.#prompting;
    if (prompting === undefined || prompting.id === 0) {
      if (this.onResponse === undefined) this.responses.push({ response, blob });
      else this.onResponse(response, blob);
      return;
    }
    const delivery: Delivery = {
      kind: "message",
      source: this.our,
      message: response,
      context: undefined,
    };
    prompting.from.#accept({ from: this, id: prompting.id, delivery, blob });
  }

  beginAwait(target: Address, request: Request, blob?: LazyLoadBlob): void {
    this.#note("beginAwait", target, request, blob);
    const id = this.#link.nextId();
    this.#awaitedId = id;
    this.#send(target, request, id, blob);
  }

  /** Answers the awaited request by hand. */
  answerAwaited(delivery: Delivery, blob?: LazyLoadBlob): void {
    this.#accept({ from: this, id: this.#awaitedId, delivery, blob });
  }

  print(verbosity: number, text: string): void {
    this.#note("print", verbosity, text);
    this.lines.push(text);
  }

  getOnExit(): OnExit {
    return this.onExit;
  }

  setOnExit(onExit: OnExit): void {
    this.#note("setOnExit", onExit);
    this.onExit = onExit;
  }

  async getState(): Promise<Uint8Array | undefined> {
    return this.state;
  }

  async setState(bytes: Uint8Array): Promise<void> {
    this.#note("setState", bytes);
    this.state = bytes;
  }

  async clearState(): Promise<void> {
    this.#note("clearState");
    this.state = undefined;
  }

  async spawn(request: SpawnRequest): Promise<Result<ProcessId, SpawnError>> {
    this.#note("spawn", request);
    return this.spawned;
  }

  saveCapabilities(capabilities: readonly Capability[]): void {
    this.#note("saveCapabilities", capabilities);
    this.held = [...this.held, ...capabilities];
  }

  dropCapabilities(capabilities: readonly Capability[]): void {
    this.#note("dropCapabilities", capabilities);
    const same = (a: Capability) => (b: Capability) =>
      a.params === b.params &&
      a.issuer.process === b.issuer.process &&
      a.issuer.node === b.issuer.node;
    this.held = this.held.filter((item) => !capabilities.some(same(item)));
  }

  ourCapabilities(): readonly Capability[] {
    return this.held;
  }

  hasBlob(): boolean {
    return this.#blob !== undefined;
  }

  getBlob(): LazyLoadBlob | undefined {
    return this.#blob;
  }

  lastBlob(): LazyLoadBlob | undefined {
    return this.#lastBlob;
  }
}
