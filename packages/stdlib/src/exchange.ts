/**
 * Which message the kernel would answer now, and how every answer still goes to its own request.
 *
 * The kernel keeps one register per process, the prompting message (spec/kernel.md §3.3–3.6): a received request
 * that can be answered sets it, the end of a request of ours restores what it was when that was sent, and
 * `send-response` answers whatever is in it. This file follows that register from outside:
 *
 * - every outstanding request remembers the prompting message it was sent under (`Slot.saved`);
 * - an answer whose request is prompting is sent at once; any other waits until an end restores that request;
 * - before each `receive`, a request that still needs its turn and has nothing outstanding that would
 *   restore it gets a bookmark: a timer request sent while it is prompting. Invariant: a request that needs its
 *   turn is prompting or has a restorer.
 *
 * From the call of `receive` to the delivery nobody can say whether the register has moved yet: natively, code may run in
 * between. What is answered then waits for a restorer; what is sent then restores something unknown.
 *
 * Inherited requests without their own expectation (`maybe`) may or may not have set the register. They are taken for
 * prompting, and answered only when the one before them has been answered: a second answer to that is harmless.
 * @module
 */
import type {
  GuestBlob,
  GuestCapability,
  GuestDelivery,
  GuestFast,
  GuestIncomingRequest,
  GuestRequest,
  GuestResponse,
  GuestRuntime,
  U64,
} from "@kinode-ts/types";
import { errorText, TIMER_PROCESS } from "@kinode-ts/types";
import type { Answer } from "./answer.ts";
import { Reply } from "./answer.ts";
import { fromWebBlob, isWebBlob, toBlob, type WebBlob } from "./blob.ts";
import { encodeBody } from "./body.ts";
import { BlobGoneError, InheritError } from "./errors.ts";
import { stringifyJson } from "./json.ts";
import type {
  IncomingRequest,
  IncomingResponse,
  Message,
  MessageKeeper,
  MessagePrototypes,
} from "./message.ts";
import { messagePrototypes, toRequest, toResponse } from "./message.ts";
import type { Slot } from "./slots.ts";
import { SlotTable } from "./slots.ts";

/** A request ready to go, but for what depends on the moment of sending. */
export interface OutgoingRequest {
  readonly target: string;
  readonly body: Uint8Array | string;
  readonly blob: GuestBlob | undefined;
  /** `true`: from what the kernel would take, the last message received. */
  readonly inherit: boolean | Message;
  readonly metadata: string | undefined;
  readonly capabilities: readonly GuestCapability[] | undefined;
}

const TIMER = `our@${TIMER_PROCESS}`;
const BOOKMARK_MAX_MS = 100;
/** From this many open bookmarks on they are set further apart, so that together they stay cheap. */
const BOOKMARKS_AT_FULL_PACE = 16;
/** How long a `maybe` request is kept answerable; longer than what it may have to wait for. */
const MAYBE_EXPIRY_MS = 120_000;
/** How long somebody is taken to wait for an answer to a request that is not known. */
const UNKNOWN_EXPIRY_S = 60;
const NO_BYTES = new Uint8Array(0);

const UNKNOWN_REQUEST: GuestIncomingRequest = {
  kind: "request",
  source: "our@unknown:unknown:unknown",
  inherit: true,
  expectsResponse: UNKNOWN_EXPIRY_S,
  body: NO_BYTES,
  metadata: undefined,
  capabilities: [],
};

export class Exchange implements MessageKeeper {
  readonly host: GuestRuntime;
  readonly fast: GuestFast | undefined;
  readonly slots: SlotTable = new SlotTable();
  readonly prototypes: MessagePrototypes = messagePrototypes(this);
  /** The kernel's prompting message, as far as it can be known. */
  prompting: IncomingRequest | undefined = undefined;
  /** The request on whose behalf code is presumably running. */
  current: IncomingRequest | undefined = undefined;
  newest: Message | undefined = undefined;
  /** Counts requests sent and answers given: a sign that woken code has got to its next wait. */
  actions = 0;
  /** Requests whose end a promise or a callback waits for. */
  awaited = 0;
  /** Actions that wait for their request to be prompting. */
  deferredCount = 0;
  /** Called once, when nothing is deferred any more. */
  onDrained: (() => void) | undefined = undefined;
  /** Set while a send is being slowed down by the kernel. */
  slowed: Promise<void> | undefined = undefined;
  /** The message whose blob the host's newest one is, if known. */
  #lastBlobOf: Message | undefined = undefined;
  #bookmarks = 0;
  #ourNode: string | undefined = undefined;

  /** Stands for a prompting message that cannot be known. */
  readonly #unknown: IncomingRequest;
  #receiving = false;

  constructor(host: GuestRuntime) {
    this.host = host;
    this.fast = host.fast;
    this.#unknown = toRequest(this.prototypes.request, UNKNOWN_REQUEST);
    this.#unknown.state = "closed";
  }

  get ourNode(): string {
    if (this.#ourNode === undefined) {
      const our = this.host.our();
      this.#ourNode = our.slice(0, our.indexOf("@"));
    }
    return this.#ourNode;
  }

  // --- receiving -----------------------------------------------------------------------------

  /** Makes the message of a request and follows the register over it. */
  requestReceived(delivery: GuestIncomingRequest): IncomingRequest {
    this.#receiving = false;
    const request = toRequest(this.prototypes.request, delivery);
    this.requestHeard(request);
    return request;
  }

  /** Follows the register over a received request. */
  requestHeard(request: IncomingRequest): void {
    this.newest = request;
    if (request.expectsResponse === undefined) {
      request.prompts = request.inherit ? "maybe" : "no";
      if (!request.inherit) return;
      request.under = this.prompting;
    }
    this.prompting = request;
  }

  /** Follows the register over the end of a request of ours; the slot is still to be released. */
  endReceived(slot: Slot | undefined, isResponse: boolean): Slot | undefined {
    this.#receiving = false;
    if (slot === undefined) {
      // A response nobody waits for: kernels of the reference kind make it the prompting message.
      if (isResponse) {
        this.prompting = this.#unknown;
        this.#lastBlobOf = undefined;
      }
      this.newest = undefined;
      return undefined;
    }
    const saved = slot.saved;
    this.prompting = saved;
    this.newest = undefined;
    if (saved !== undefined) {
      saved.restorers--;
      if (slot.inherited) saved.inheritors--;
      if (saved.deferred !== undefined) this.flush(saved);
    }
    if (slot.use === "bookmark") this.#bookmarkEnded(slot, isResponse);
    else this.current = slot.owner;
    return slot;
  }

  /** Makes the message of a response. */
  toResponse(delivery: Extract<GuestDelivery, { kind: "response" }>): IncomingResponse {
    return toResponse(this.prototypes.response, delivery);
  }

  /** To be called before every `receive`: after it the register and the newest blob will be others. */
  beforeReceive(): void {
    this.beforeBlocking();
    this.#receiving = true;
  }

  /** The same where nothing of this process can run until the message is there. */
  beforeBlocking(): void {
    const { prompting, newest } = this;
    if (prompting !== undefined && prompting.restorers === 0) {
      const needsItsTurn = prompting.state === "open" || prompting.deferred !== undefined;
      if (needsItsTurn) this.#bookmark(prompting);
    }
    if (newest !== undefined && newest.carriesBlob !== false) this.#settleBlob(newest);
  }

  // A message that code may still look at keeps its blob here, unless it has been passed on unread. After a message
  // that was done with at once nobody knows whose blob the host's newest one is.
  #settleBlob(newest: Message): void {
    if (newest.blobPlace === "host") {
      if (newest.forwarded) newest.blobPlace = "passed-on";
      else if (newest.live) {
        newest.blobHere = this.host.hasBlob() ? this.host.getBlob() : undefined;
        newest.blobPlace = "here";
      }
    }
    if (newest.blobPlace === "host") this.#lastBlobOf = undefined;
    else if (newest.blobPlace === "passed-on" || newest.blobHere !== undefined) {
      this.#lastBlobOf = newest;
    }
  }

  // --- blobs ---------------------------------------------------------------------------------

  takeBlob(message: Message): GuestBlob | undefined {
    if (this.#receiving) throw new BlobGoneError();
    if (this.newest === message) return this.host.hasBlob() ? this.host.getBlob() : undefined;
    if (this.#lastBlobOf === message && !this.#newestHasBlob()) return this.host.lastBlob();
    throw new BlobGoneError();
  }

  #newestHasBlob(): boolean {
    return this.newest !== undefined && this.host.hasBlob();
  }

  hasBlob(message: Message): boolean {
    return !this.#receiving && this.newest === message && this.host.hasBlob();
  }

  /** Whether the kernel's own `inherit` would forward the blob of `message` now. */
  #hostHasBlobOf(message: Message): boolean {
    if (this.#receiving) return false;
    if (this.newest === message) return this.host.hasBlob();
    return this.#lastBlobOf === message && !this.#newestHasBlob();
  }

  // --- answering -----------------------------------------------------------------------------

  answer(request: IncomingRequest, answer: Answer): void {
    this.actions++;
    if (request.state !== "open" || request.prompts === "no") {
      request.state = "answered";
      return;
    }
    if (answer instanceof Reply && isWebBlob(answer.options.blob)) {
      this.#answerWhenRead(request, answer, answer.options.blob);
      return;
    }
    if (this.#canAnswer(request)) {
      const response = this.#toResponse(request, answer, true);
      request.state = "answered";
      this.#respond(response);
      return;
    }
    const response = this.#toResponse(request, answer, false);
    request.state = "answered";
    this.#defer(request, () => this.#respond(response));
  }

  /** It counts as an action that waits, so that a process that ends waits for it. */
  #answerWhenRead(request: IncomingRequest, { body, options }: Reply, blob: WebBlob): void {
    request.kept = true;
    this.deferredCount++;
    const over = (): void => {
      if (--this.deferredCount === 0) this.onDrained?.();
    };
    void fromWebBlob(blob)
      .then((read) => this.answer(request, new Reply(body, { ...options, blob: read })))
      .catch((thrown: unknown) => {
        this.host.printToTerminal(0, `A Blob could not be read: ${errorText(thrown)}`);
      })
      .then(over, over);
  }

  /**
   * The common case of `answer` without detours: a body for the request that has just come. False: not that case.
   * Nobody is interested in the request after it.
   */
  answerAtOnce(request: IncomingRequest, body: Uint8Array | string): boolean {
    if (this.#receiving || this.prompting !== request || request.under !== undefined) return false;
    if (request.state !== "open" || request.kept) return false;
    const sent = this.host.sendResponse({ body });
    request.state = "answered";
    this.answeredAtOnce();
    if (sent !== undefined) void this.#track(sent);
    return true;
  }

  /** Nobody is interested in the blob of the newest message. */
  answeredAtOnce(): void {
    this.newest = this.#lastBlobOf = undefined;
  }

  #canAnswer(request: IncomingRequest): boolean {
    return !this.#receiving && this.prompting === request && blockerOf(request) === undefined;
  }

  #respond(response: GuestResponse): void {
    void this.#track(this.host.sendResponse(response));
  }

  #toResponse(request: IncomingRequest, answer: Answer, now: boolean): GuestResponse {
    if (typeof answer === "string" || answer instanceof Uint8Array) return { body: answer };
    if (!(answer instanceof Reply)) return { body: stringifyJson(answer) };
    const { metadata, capabilities, inherit, blob } = answer.options;
    const body = encodeBody(answer.body);
    if (inherit !== true) {
      return { body, metadata, capabilities, blob: blob === undefined ? undefined : toBlob(blob) };
    }
    if (!now || !this.#hostHasBlobOf(request)) {
      return { body, metadata, capabilities, blob: request.blob() };
    }
    request.forwarded = true;
    return { body, metadata, capabilities, inherit: true };
  }

  #defer(request: IncomingRequest, action: () => void): void {
    (request.deferred ??= []).push(action);
    this.deferredCount++;
  }

  /** Does what has waited for `request` to be prompting; it is now. */
  flush(request: IncomingRequest): void {
    const blocker = blockerOf(request);
    if (blocker !== undefined) {
      // Left unanswered for good, or passed on to somebody else: it blocks until nobody can wait for it.
      const over = blocker.state === "closed" && request.waitedMs >= patienceMs(blocker);
      if (!over) return;
      blocker.state = "expired";
    }
    for (const action of this.#takeDeferred(request)) action();
  }

  // --- sending -------------------------------------------------------------------------------

  /** The common case of `sendExpecting`: a target and a body. */
  sendPlain(target: string, body: Uint8Array | string, seconds: U64, slot: Slot): void {
    const saved = this.#receiving ? this.#unknown : this.prompting;
    slot.saved = saved;
    slot.owner = this.current;
    this.actions++;
    let sent: void | Promise<void>;
    try {
      const { context } = slot;
      sent = this.host.sendRequest({ target, body, expectsResponse: seconds, context });
    } catch (thrown) {
      this.slots.release(slot);
      throw thrown;
    }
    if (saved !== undefined) saved.restorers++;
    if (sent !== undefined) void this.#track(sent);
  }

  /** Sends a request whose end comes back through `slot`. */
  sendExpecting(out: OutgoingRequest, seconds: U64, slot: Slot): void | Promise<void> {
    const saved = this.#receiving ? this.#unknown : this.prompting;
    slot.saved = saved;
    slot.owner = this.current;
    this.actions++;
    const request = this.#expecting(out, seconds, slot);
    let sent: void | Promise<void>;
    try {
      sent = this.host.sendRequest(request);
    } catch (thrown) {
      this.slots.release(slot);
      throw thrown;
    }
    if (saved !== undefined) {
      saved.restorers++;
      if (slot.inherited) saved.inheritors++;
    }
    return this.#track(sent);
  }

  // A request that expects its response needs only the blob of what it inherits from; the rsvp is its own.
  #expecting(out: OutgoingRequest, expectsResponse: U64, slot: Slot): GuestRequest {
    const { target, body, metadata, capabilities, blob } = out;
    const { context } = slot;
    const common = { target, body, metadata, capabilities, expectsResponse, context, blob };
    if (out.inherit === false || blob !== undefined) return common;
    const from = this.#blobSource(out.inherit);
    const saved = slot.saved;
    if (from === undefined) return common;
    if ((saved !== undefined && !this.#mayReuseId(saved)) || !this.#hostHasBlobOf(from)) {
      return { ...common, blob: from.blob() };
    }
    slot.inherited = true;
    from.forwarded = true;
    return { ...common, inherit: true };
  }

  /** The message whose blob is inherited. `true` means what the kernel would take. */
  #blobSource(inherit: true | Message): Message | undefined {
    if (inherit !== true) return inherit;
    if (this.#receiving) throw new InheritError();
    return this.newest;
  }

  /** The request whose answer is passed on to somebody else, if any. */
  #chainedTo(inherit: true | Message): IncomingRequest | undefined {
    const from = inherit === true ? (this.newest ?? this.prompting) : inherit;
    if (from?.kind === "request") return from.prompts === "no" ? undefined : from;
    return inherit === true ? this.prompting : undefined;
  }

  // Contexts are kept by id: with an id that is outstanding here already, one of the two ends would be lost. That is so
  // for a second request inheriting from the same one, and where the id may have come from here.
  #mayReuseId(from: IncomingRequest): boolean {
    return from.inheritors === 0 && !from.inherit && from.sender !== this.host.our();
  }

  /** Sends a request that expects no response. */
  sendOneWay(out: OutgoingRequest): void | Promise<void> {
    if (out.inherit === false) return this.#track(this.host.sendRequest(plain(out, out.blob)));
    const from = this.#blobSource(out.inherit);
    const owner = this.#chainedTo(out.inherit);
    if (owner === undefined) return this.#passOnBlob(out, from);
    if (this.#canAnswer(owner))
      return this.#track(this.host.sendRequest(this.#passedOn(out, from)));
    if (owner.restorers === 0 && (this.#receiving || this.prompting !== owner)) {
      throw new InheritError();
    }
    const request = { ...plain(out, out.blob ?? from?.blob()), inherit: true };
    this.#defer(owner, () => void this.#track(this.host.sendRequest(this.#withBlob(request))));
    return undefined;
  }

  #passedOn(out: OutgoingRequest, from: Message | undefined): GuestRequest {
    if (out.blob === undefined && from !== undefined && this.#hostHasBlobOf(from)) {
      from.forwarded = true;
      return { ...plain(out, undefined), inherit: true };
    }
    return this.#withBlob({ ...plain(out, out.blob ?? from?.blob()), inherit: true });
  }

  // Without a blob of its own an inheriting request would carry the newest blob ever received: somebody else's.
  #withBlob(request: GuestRequest): GuestRequest {
    if (request.blob !== undefined || this.host.lastBlob() === undefined) return request;
    return { ...request, blob: { bytes: NO_BYTES } };
  }

  // Nobody waits for an answer along this chain, so only the blob is passed on; the register may hold an older
  // request, to which an inherited id and rsvp would send a foreign answer.
  #passOnBlob(out: OutgoingRequest, from: Message | undefined): void | Promise<void> {
    const older = this.#receiving ? this.#unknown : this.prompting;
    const harmless = older === undefined || isDone(older);
    if (harmless && out.blob === undefined && from !== undefined && this.#hostHasBlobOf(from)) {
      from.forwarded = true;
      return this.#track(this.host.sendRequest({ ...plain(out, undefined), inherit: true }));
    }
    return this.#track(this.host.sendRequest(plain(out, out.blob ?? from?.blob())));
  }

  #track(sent: void | Promise<void>): void | Promise<void> {
    if (sent === undefined) return undefined;
    this.slowed = sent;
    const over = (): void => {
      if (this.slowed === sent) this.slowed = undefined;
    };
    void sent.then(over, over);
    return sent;
  }

  // --- bookmarks -----------------------------------------------------------------------------

  #bookmark(request: IncomingRequest): void {
    if (request.waitedMs >= patienceMs(request)) {
      this.#expire(request);
      return;
    }
    const step = Math.min(BOOKMARK_MAX_MS, Math.max(1, request.waitedMs >> 2));
    const spread = Math.max(1, this.#bookmarks / BOOKMARKS_AT_FULL_PACE);
    const slot = this.slots.take("bookmark");
    slot.delayMs = Math.ceil(step * spread);
    slot.saved = request;
    request.restorers++;
    this.#bookmarks++;
    void this.#track(
      this.host.sendRequest({
        target: TIMER,
        body: `{"SetTimer":${slot.delayMs}}`,
        expectsResponse: Math.floor(slot.delayMs / 1_000) + 1,
        context: slot.context,
      }),
    );
  }

  // Where the timer may not answer this process, the bookmark ends with a timeout: slower, equally good.
  #bookmarkEnded(slot: Slot, inTime: boolean): void {
    this.#bookmarks--;
    const waited = inTime ? slot.delayMs : (Math.floor(slot.delayMs / 1_000) + 1) * 1_000;
    slot.saved!.waitedMs += waited;
  }

  #expire(request: IncomingRequest): void {
    request.state = "expired";
    this.#takeDeferred(request);
  }

  #takeDeferred(request: IncomingRequest): readonly (() => void)[] {
    const actions = request.deferred ?? [];
    request.deferred = undefined;
    this.deferredCount -= actions.length;
    if (this.deferredCount === 0) this.onDrained?.();
    return actions;
  }
}

function plain(out: OutgoingRequest, blob: GuestBlob | undefined): GuestRequest {
  const { target, body, metadata, capabilities } = out;
  return { target, body, metadata, capabilities, blob };
}

/** Whether a further answer to it would reach nobody. */
function isDone(request: IncomingRequest): boolean {
  return (
    request.state === "expired" || (request.state === "answered" && request.deferred === undefined)
  );
}

/** The request below a `maybe` that an answer might reach instead; `undefined` when answering is safe. */
function blockerOf(request: IncomingRequest): IncomingRequest | undefined {
  let below = request.under;
  while (below !== undefined && isDone(below)) below = below.under;
  return below;
}

function patienceMs(request: IncomingRequest): number {
  const seconds = request.expectsResponse;
  return seconds === undefined ? MAYBE_EXPIRY_MS : Number(seconds) * 1_000;
}
