/**
 * What one running process may ask of the kernel: the message rules as it sees them.
 * Source: spec/kernel.md §3.3–3.8, §3.13; packages/types/src/executor.ts is the contract.
 * @module
 */
import type {
  Address,
  Capability,
  Delivery,
  KernelMessage,
  LazyLoadBlob,
  NodeId,
  OnExit,
  OutgoingRequest,
  ProcessHost,
  ProcessId,
  Request,
  Response,
  Result,
  SendErrorKind,
  SignedCapability,
  SignedRequest,
  SignedResponse,
  SpawnError,
  SpawnRequest,
  StoreChange,
  U64,
} from "@kinode-ts/types";
import { errorText, ProcessFault, ProcessKilled, sameAddress } from "@kinode-ts/types";
import { type ContextOwner, ContextTable, type Prompting, RequestContext } from "./contexts.ts";
import type { KernelCore } from "./core.ts";
import { kept, withKeptBlob } from "./kept-blob.ts";
import { messageBytes } from "./mailbox.ts";
import type { ProcessEntry } from "./process-entry.ts";
import { ReceivedCapabilities, withoutSignatures } from "./received-capabilities.ts";
import { type Room, waitForRoom } from "./room.ts";
import { saveCapabilities } from "./save-capabilities.ts";
import { spawn } from "./spawn.ts";

/** Above this many seconds (285 years) a timeout is never; it also keeps milliseconds exact. */
const NEVER_SECONDS = 9_000_000_000;

export class KernelProcessHost implements ProcessHost, ContextOwner {
  readonly our: Address;
  readonly entry: ProcessEntry;
  readonly received = new ReceivedCapabilities();
  killed = false;
  /** A sender that waits for room in another mailbox; it is never waited for itself, so nobody waits in a circle. */
  slowed = false;
  readonly #core: KernelCore;
  #contexts = new ContextTable();
  #prompting: Prompting | undefined;
  #lastBlob: LazyLoadBlob | undefined;
  #blobbed = false;
  #awaiting: RequestContext | undefined;
  #wake: (() => void) | undefined;
  #resume: (() => void) | undefined;
  #releaseSlowed: (() => void) | undefined;
  #atRest: (() => void) | undefined;

  constructor(core: KernelCore, entry: ProcessEntry) {
    this.#core = core;
    this.entry = entry;
    this.our = entry.address;
  }

  // --- printing, on-exit, state -------------------------------------------------------------------------------------

  print(verbosity: number, text: string): void {
    this.#core.lines.process(this.entry, verbosity, text);
  }

  getOnExit(): OnExit {
    return this.entry.onExit;
  }

  setOnExit(onExit: OnExit): void {
    this.#core.supervisor.setOnExit(this.entry, onExit);
    this.#core.lines.about(this.entry, 2, () => `${this.entry.id} set on-exit to ${onExit.kind}`);
  }

  async getState(): Promise<Uint8Array | undefined> {
    const pending = this.#core.journal.pendingState(this.entry.id);
    if (pending !== undefined) return pending.value?.slice();
    try {
      return await this.#inTurn(this.#core.powers.store.state(this.entry.id));
    } catch (thrown) {
      this.#core.lines.kernel(0, `Cannot read the state of ${this.entry.id}: ${errorText(thrown)}`);
      throw new ProcessFault("The state could not be read from disk");
    }
  }

  async setState(bytes: Uint8Array): Promise<void> {
    const bound = this.#core.limits.maxMessageBytes;
    if (bytes.byteLength > bound) {
      throw new ProcessFault(
        `Cannot save a state of ${bytes.byteLength} bytes: the limit is ${bound}; keep large data in files`,
      );
    }
    await this.#write({ kind: "put-state", process: this.entry.id, bytes });
    this.#core.lines.about(this.entry, 2, () => `${this.entry.id} saved its state`);
  }

  async clearState(): Promise<void> {
    await this.#write({ kind: "delete-state", process: this.entry.id });
    this.#core.lines.about(this.entry, 2, () => `${this.entry.id} cleared its state`);
  }

  /** Goes on with what the process waited for in its turn: a loop of quick answers must not hold sockets and timers. */
  async #inTurn<T>(work: Promise<T>): Promise<T> {
    const value = await work;
    const { scheduler } = this.#core;
    if (scheduler.sliceIsOver())
      await new Promise<void>((resume) => scheduler.yield(resume, this.entry.cpu));
    return value;
  }

  #write(change: StoreChange): Promise<void> {
    this.#assertAlive();
    return this.#onDisk(this.#core.journal.commit([change]), "state");
  }

  async #onDisk(written: Promise<void>, what: string): Promise<void> {
    try {
      await written;
    } catch {
      // The reason is a level-0 line of the journal; it may name files of the host, so the guest does not get it.
      throw new ProcessFault(`The ${what} could not be written to disk`);
    }
  }

  // --- processes and capabilities -----------------------------------------------------------------------------------

  spawn(request: SpawnRequest): Promise<Result<ProcessId, SpawnError>> {
    this.#assertAlive();
    return this.#inTurn(spawn(this.#core, this, request));
  }

  saveCapabilities(capabilities: readonly Capability[]): void | Promise<void> {
    this.#assertAlive();
    return this.#keep(saveCapabilities(this.#core, this, capabilities));
  }

  dropCapabilities(capabilities: readonly Capability[]): void | Promise<void> {
    this.#assertAlive();
    return this.#keep(this.#core.capabilities.drop(this.entry.id, capabilities));
  }

  #keep(changes: readonly StoreChange[]): void | Promise<void> {
    if (changes.length === 0) return;
    this.#core.capabilitiesChanged(changes);
    return this.#onDisk(this.#core.journal.settled(), "capabilities");
  }

  ourCapabilities(): readonly Capability[] {
    return withoutSignatures(this.entry.holder.list());
  }

  // --- blobs --------------------------------------------------------------------------------------------------------

  hasBlob(): boolean {
    return this.#blobbed;
  }

  getBlob(): LazyLoadBlob | undefined {
    return this.#blobbed ? this.lastBlob() : undefined;
  }

  lastBlob(): LazyLoadBlob | undefined {
    return (this.#lastBlob = kept(this.#lastBlob));
  }

  peekBlob(): LazyLoadBlob | undefined {
    return this.#lastBlob;
  }

  // --- sending ------------------------------------------------------------------------------------------------------

  sendRequest(
    target: Address,
    request: Request,
    context: Uint8Array | undefined,
    blob: LazyLoadBlob | undefined,
  ): void | Promise<void> {
    this.#assertAlive();
    const message = this.#compose(target, request, blob);
    if (request.expectsResponse !== undefined) {
      const opened = this.#open(message, this.#prompting, context);
      this.#arm(opened, request.expectsResponse);
    }
    return this.#post(message, true);
  }

  sendRequests(requests: readonly OutgoingRequest[]): void | Promise<void> {
    for (let index = 0; index < requests.length; index++) {
      const { target, request, context, blob } = requests[index]!;
      const slowed = this.sendRequest(target, request, context, blob);
      if (slowed !== undefined) {
        return slowed.then(() => this.sendRequests(requests.slice(index + 1)));
      }
    }
  }

  sendResponse(response: Response, blob: LazyLoadBlob | undefined): void | Promise<void> {
    this.#assertAlive();
    const prompting = this.#prompting;
    if (prompting === undefined) {
      this.#core.lines.about(
        this.entry,
        0,
        () => `${this.entry.id} sent a response, but has no request to respond to`,
      );
      return;
    }
    const message: KernelMessage = {
      id: prompting.id,
      source: this.our,
      target: prompting.rsvp ?? prompting.source,
      rsvp: undefined,
      message:
        response.capabilities.length === 0
          ? (response as SignedResponse)
          : { ...response, capabilities: this.#filter(response.capabilities) },
      blob: response.inherit ? this.lastBlob() : blob,
    };
    this.#assertSize(message);
    return this.#post(message, true);
  }

  beginAwait(target: Address, request: Request, blob: LazyLoadBlob | undefined): void {
    this.#assertAlive();
    if (request.expectsResponse === undefined) {
      throw new ProcessFault("send-and-await-response needs a request that expects a response");
    }
    const message = this.#compose(target, request, blob);
    if (sameAddress(message.target, this.our)) {
      throw new ProcessFault("send-and-await-response to oneself would wait for ever");
    }
    const context = this.#open(message, this.#prompting, undefined);
    this.#awaiting = context;
    this.#arm(context, request.expectsResponse);
    void this.#post(message, false);
  }

  /** Sends a request whose answer the kernel itself waits for, in the name of this process (spawn). */
  exchange(target: Address, request: Request): Promise<RequestContext> {
    const message: KernelMessage = {
      id: this.#freshId(),
      source: this.our,
      target,
      rsvp: this.our,
      message: request as SignedRequest,
      blob: undefined,
    };
    return new Promise((resolve) => {
      const context = this.#open(message, undefined, undefined);
      context.settle = resolve;
      this.#arm(context, request.expectsResponse!);
      void this.#post(message, false);
    });
  }

  #compose(target: Address, request: Request, blob: LazyLoadBlob | undefined): KernelMessage {
    const prompting = request.inherit ? this.#prompting : undefined;
    let carried = blob;
    if (carried === undefined && request.inherit) carried = this.lastBlob();
    const message: KernelMessage = {
      id: prompting === undefined ? this.#freshId() : prompting.id,
      source: this.our,
      target: target.node === "our" ? { node: this.our.node, process: target.process } : target,
      rsvp: request.expectsResponse !== undefined ? this.our : prompting?.rsvp,
      message:
        request.capabilities.length === 0
          ? (request as SignedRequest)
          : { ...request, capabilities: this.#filter(request.capabilities) },
      blob: carried,
    };
    this.#assertSize(message);
    return message;
  }

  #open(
    message: KernelMessage,
    prompting: Prompting | undefined,
    bytes: Uint8Array | undefined,
  ): RequestContext {
    const { limits, timers } = this.#core;
    const contexts = this.#contexts;
    if (contexts.openCount >= limits.maxOutstandingCount) {
      throw new ProcessFault(
        `More than ${limits.maxOutstandingCount} requests without an answer; receive answers before sending more`,
      );
    }
    const size = messageBytes(message) + (bytes?.byteLength ?? 0);
    if (contexts.openBytes + size > limits.maxOutstandingBytes && contexts.openBytes > 0) {
      throw new ProcessFault(
        `More than ${limits.maxOutstandingBytes} bytes in requests without an answer; receive answers before sending more`,
      );
    }
    const context = new RequestContext(this, message, prompting, bytes, size);
    contexts.add(context, timers);
    message.blob?.lease?.awaited();
    return context;
  }

  /** Starts the timeout of a request, before it is sent (§3.10). */
  #arm(context: RequestContext, seconds: U64): void {
    if (seconds > NEVER_SECONDS) return;
    if (seconds === 0) this.fail(context, "timeout");
    else {
      const { timers, scheduler } = this.#core;
      timers.set(context, scheduler.nowMs() + Number(seconds) * 1_000);
    }
  }

  #post(message: KernelMessage, maySlow: boolean): void | Promise<void> {
    const room = this.#core.router.fromProcess(this.entry, message, maySlow && !this.slowed);
    if (room === undefined) return;
    return this.#slowDown(room, message);
  }

  /** Waits until the receiver has taken enough, has ended, or has taken nothing for too long. */
  #slowDown(room: Room, message: KernelMessage): Promise<void> {
    const { limits } = this.#core;
    this.slowed = true;
    const waiting = new Promise<void>((resolve, reject) => {
      const release = (): void => {
        this.slowed = false;
        this.#releaseSlowed = undefined;
        if (this.killed) reject(new ProcessKilled());
        else resolve();
      };
      this.#releaseSlowed = waitForRoom(this.#core, room, message, limits.maxSlowedMs, release);
    });
    // A program that does not wait must not end the node with an unhandled rejection when it is killed.
    waiting.catch(() => {});
    return waiting;
  }

  #filter(capabilities: readonly Capability[]): readonly SignedCapability[] {
    return this.#core.capabilities.filter(this.entry.id, capabilities);
  }

  #freshId(): number {
    let id = this.#core.freshId();
    while (this.#contexts.find(id) !== undefined) id = this.#core.freshId();
    return id;
  }

  #assertAlive(): void {
    if (this.killed) throw new ProcessKilled();
  }

  #assertSize(message: KernelMessage): void {
    const bytes = messageBytes(message);
    const bound = this.#core.limits.maxMessageBytes;
    if (bytes > bound) {
      throw new ProcessFault(
        `Cannot send a message of ${bytes} bytes: the limit is ${bound}; send large data in parts`,
      );
    }
  }

  // --- arriving -----------------------------------------------------------------------------------------------------

  /** Takes in a response addressed to this process; one that nothing waits for is dropped (§3.6). */
  takeResponse(message: KernelMessage): void {
    const context = this.#contexts.find(message.id);
    if (context === undefined || context.answered) return;
    const waitedFor = context === this.#awaiting || context.settle !== undefined;
    if (!waitedFor && !this.entry.mailbox!.fitsAnswer(message)) {
      this.#core.lines.refused(this.entry);
      return;
    }
    context.answer = message;
    this.#answered(context);
  }

  /** Requests of this process to a node that nobody has answered. */
  awaited(node: NodeId): Iterable<KernelMessage> {
    return this.#contexts.awaited(node);
  }

  /** Takes in a failure reported by the network or the router, by message id. */
  takeFailure(message: KernelMessage, kind: SendErrorKind): void {
    const context = this.#contexts.find(message.id);
    if (context !== undefined) this.fail(context, kind);
  }

  fail(context: RequestContext, kind: SendErrorKind): void {
    if (context.answered) return;
    context.failure = kind;
    this.#answered(context);
  }

  #answered(context: RequestContext): void {
    context.answered = true;
    this.#core.timers.cancel(context);
    if (context.settle !== undefined) {
      this.#contexts.remove(context);
      if (context.answer !== undefined) context.answer = withKeptBlob(context.answer);
      context.settle(context);
    } else if (context === this.#awaiting) {
      this.#wakeUp();
    } else {
      this.entry.mailbox!.pushAnswer(context);
      this.notify();
    }
  }

  /** Something was put into the mailbox. */
  notify(): void {
    if (this.#wake !== undefined && this.#awaiting === undefined) this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    if (wake === undefined) return;
    this.#wake = undefined;
    this.#core.scheduler.ready(wake, this.entry.cpu);
  }

  // --- receiving ----------------------------------------------------------------------------------------------------

  poll(): Delivery | undefined {
    if (this.#atRest !== undefined) this.#tellAtRest();
    this.#assertAlive();
    const item = this.entry.mailbox!.take();
    if (item === undefined) return undefined;
    return item instanceof RequestContext ? this.#deliverAnswer(item) : this.#deliverRequest(item);
  }

  pollAwaited(): Delivery | undefined {
    this.#assertAlive();
    const context = this.#awaiting;
    // NOTE: compared, not defaulted: an executor that polls without a wait must not get the mailbox instead.
    if (context === undefined || !context.answered) return undefined;
    this.#awaiting = undefined;
    return this.#deliverAnswer(context);
  }

  park(wake: () => void): void {
    this.#wake = wake;
    const awaiting = this.#awaiting;
    const ready = awaiting === undefined ? this.entry.mailbox!.count > 0 : awaiting.answered;
    if (ready || this.killed) this.#wakeUp();
  }

  /** Calls back when the process next asks for a message or ends, at once if it waits for one: it has none in hand. */
  whenAtRest(callback: (() => void) | undefined): void {
    this.#atRest = callback;
    if (callback !== undefined && this.#wake !== undefined && this.#awaiting === undefined)
      this.#tellAtRest();
  }

  #tellAtRest(): void {
    const callback = this.#atRest;
    this.#atRest = undefined;
    callback?.();
  }

  sliceIsOver(): boolean {
    return this.killed || this.#core.scheduler.sliceIsOver();
  }

  yieldSlice(resume: () => void): void {
    this.#resume = resume;
    this.#core.scheduler.yield(() => {
      if (this.#resume !== resume) return;
      this.#resume = undefined;
      resume();
    }, this.entry.cpu);
  }

  #deliverRequest(message: KernelMessage): Delivery {
    this.#noteBlob(message);
    const content = message.message as SignedRequest;
    if (content.expectsResponse !== undefined || message.rsvp !== undefined) {
      this.#prompting = { id: message.id, source: message.source, rsvp: message.rsvp };
    }
    const visible = content.capabilities.length === 0 ? content : this.#prune(message);
    return { kind: "message", source: message.source, message: visible, context: undefined };
  }

  #deliverAnswer(context: RequestContext): Delivery {
    this.#contexts.remove(context);
    this.#prompting = context.prompting;
    const answer = context.answer;
    if (answer === undefined) return this.#deliverError(context);
    // Nothing leads to the request any more: its context is out of the table, its timer was cancelled.
    context.request.blob?.lease?.answered();
    this.#noteBlob(answer);
    const visible = answer.message.capabilities.length === 0 ? answer.message : this.#prune(answer);
    return {
      kind: "message",
      source: answer.source,
      message: visible,
      context: context.context,
    };
  }

  #deliverError(context: RequestContext): Delivery {
    this.#blobbed = false;
    const { target, message, blob } = context.request;
    const visible =
      message.capabilities.length === 0
        ? message
        : { ...message, capabilities: withoutSignatures(message.capabilities) };
    return {
      kind: "send-error",
      error: { kind: context.failure!, target, message: visible, blob: kept(blob) },
      context: context.context,
    };
  }

  #noteBlob(message: KernelMessage): void {
    this.#blobbed = message.blob !== undefined;
    if (message.blob === undefined) return;
    const older = this.#lastBlob;
    this.#lastBlob = message.blob;
    message.blob.lease?.received();
    older?.lease?.replaced();
  }

  /** Forged capabilities are dropped; the rest is remembered for `save-capabilities` (§5.5, §5.6). */
  #prune(message: KernelMessage): Request | Response {
    const kept = this.#core.capabilities.prune(message.message.capabilities, message.source.node);
    this.received.remember(kept, this.#core.limits.maxReceivedCount);
    return { ...message.message, capabilities: withoutSignatures(kept) };
  }

  // --- the end ------------------------------------------------------------------------------------------------------

  /** Lets go of everything and wakes the fiber so that it can see that it was killed. */
  close(): void {
    if (this.killed) return;
    this.#contexts.clear(this.#core.timers);
    this.entry.mailbox!.close();
    this.#end();
  }

  /** Ends like `close`, but leaves the mailbox and the outstanding requests to the host of the program that follows. */
  handOver(next: KernelProcessHost): void {
    const contexts = this.#contexts;
    if (this.#awaiting !== undefined) {
      this.#core.timers.cancel(this.#awaiting);
      contexts.remove(this.#awaiting);
    }
    contexts.dropWaited(this.#core.timers);
    contexts.handOver(next);
    next.#contexts = contexts;
    this.#contexts = new ContextTable();
    this.#end();
  }

  #end(): void {
    this.killed = true;
    this.#tellAtRest();
    this.#lastBlob = undefined;
    this.#prompting = undefined;
    this.#awaiting = undefined;
    this.received.clear();
    this.#releaseSlowed?.();
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
    this.#wakeUp();
  }
}
