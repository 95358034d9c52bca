/**
 * The event loop of a process on one blocking `receive`: incoming requests go to the handler or the inbox, ends of
 * requests to whoever awaits them. Many requests may be in flight.
 *
 * It receives only while somebody waits for something, one message at a time, and gives the code that a message woke up
 * the chance to act before it takes the next one.
 * @module
 */
import type {
  GuestCarriedEnd,
  GuestCarriedRequest,
  GuestDelivery,
  GuestFast,
  GuestHeardResponse,
  GuestListener,
  GuestRuntime,
  GuestSendError,
  U64,
} from "@kinode-ts/types";
import { errorText } from "@kinode-ts/types";
import type { Answer } from "./answer.ts";
import { SendError } from "./errors.ts";
import type { OutgoingRequest } from "./exchange.ts";
import { Exchange } from "./exchange.ts";
import type { IncomingRequest, IncomingResponse, Message } from "./message.ts";
import type { Slot } from "./slots.ts";

/** Handles one request; what it returns (or resolves to) is the answer, `undefined` means none. */
export type Handler = (
  request: IncomingRequest,
) => Answer | undefined | void | Promise<Answer | undefined | void>;

/** Looks at requests before the handler does; `false`: not for me. */
export type Interceptor = (request: IncomingRequest) => ReturnType<Handler> | false;

/** What `serve` does with ends of requests that nobody awaits. Source: spec/packages-and-tools.md §25.1. */
export interface ServeOptions {
  /** Responses to requests sent with `send` and an expectation. */
  readonly onResponse?: ((response: IncomingResponse) => void) | undefined;
  /** Failures of such requests. Default: a line at verbosity 1. */
  readonly onSendError?: ((error: SendError) => void) | undefined;
}

interface Waiter {
  readonly resolve: (message: Message) => void;
  readonly reject: (error: unknown) => void;
}

/** Microtask turns code gets after a message that woke it up; an awaited call costs one to three. */
const TURNS_AFTER_WAKING = 12;
const TURN = Promise.resolve();
/** The highest ticket that a host takes. */
const LAST_TICKET = 65_535;

export class Dispatcher {
  readonly exchange: Exchange;
  readonly #interceptors: Interceptor[] = [];
  readonly #firsts: Interceptor[] = [];
  #tookFirst = false;
  readonly #inbox: (Message | SendError)[] = [];
  readonly #waiters: Waiter[] = [];
  #handler: Handler | undefined = undefined;
  /** The handler, while no interceptor looks at requests before it. */
  #plainHandler: Handler | undefined = undefined;
  #serveOptions: ServeOptions = {};
  #stopped: Waiter | undefined = undefined;
  #receiving = false;
  #listener: GuestListener | undefined = undefined;
  #lost: { readonly error: unknown } | undefined = undefined;

  constructor(host: GuestRuntime) {
    this.exchange = new Exchange(host);
    host.carryBy?.(this.carry);
  }

  // --- what the rest of the library asks for ---------------------------------------------------

  /** Sends and settles with the response, or rejects with a `SendError`. */
  request(
    out: OutgoingRequest,
    seconds: U64,
    userContext: Uint8Array | undefined,
  ): Promise<IncomingResponse> {
    return new Promise((resolve, reject) => {
      this.expect(out, seconds, userContext, resolve, reject);
    });
  }

  /** The same for a target and a body alone. */
  requestPlain(target: string, body: Uint8Array | string, seconds: U64): Promise<IncomingResponse> {
    const exchange = this.exchange;
    const fast = exchange.fast;
    const slots = exchange.slots;
    // One function without calls of its own: in a small engine each would show in the time of a round trip.
    let slot = slots.free;
    if (slot === undefined) {
      slot = slots.take("asked");
    } else {
      slots.free = slot.nextFree;
      slot.use = "asked";
    }
    if (fast === undefined || slot.index > LAST_TICKET) {
      return this.#requestBySlot(target, body, seconds, slot);
    }
    const saved = exchange.prompting;
    let response: Promise<unknown>;
    try {
      response = fast.ask(target, body, seconds, slot.index);
    } catch (thrown) {
      slots.release(slot);
      throw thrown;
    }
    slot.saved = saved;
    slot.owner = exchange.current;
    if (saved !== undefined) saved.restorers++;
    exchange.awaited++;
    if (!this.#receiving) this.#wake();
    return response as Promise<IncomingResponse>;
  }

  #requestBySlot(
    target: string,
    body: Uint8Array | string,
    seconds: U64,
    slot: Slot,
  ): Promise<IncomingResponse> {
    slot.use = "promise";
    return new Promise((resolve, reject) => {
      slot.done = resolve;
      slot.failed = reject;
      this.exchange.sendPlain(target, body, seconds, slot);
      this.exchange.awaited++;
      if (!this.#receiving) this.#wake();
    });
  }

  /** The same with callbacks. @throws what the host throws for arguments it cannot take */
  expect(
    out: OutgoingRequest,
    seconds: U64,
    userContext: Uint8Array | undefined,
    done: (response: IncomingResponse) => void,
    failed: (error: SendError) => void,
  ): void {
    const slot = this.exchange.slots.take("promise");
    slot.userContext = userContext;
    slot.done = done;
    slot.failed = failed;
    void this.exchange.sendExpecting(out, seconds, slot);
    this.exchange.awaited++;
    this.#wake();
  }

  /** A request of the engine's timers or of `fetch`. */
  readonly carry = (carried: GuestCarriedRequest, done: (end: GuestCarriedEnd) => void): void => {
    const { target, body, expectsResponse, blob } = carried;
    const plain = { inherit: false, metadata: undefined, capabilities: undefined };
    this.expect(
      { target, body, blob, ...plain },
      expectsResponse,
      undefined,
      (response) => done({ kind: "response", body: response.body, blob: response.blob() }),
      (error) => done({ kind: "send-error", error: error.kind }),
    );
  };

  /** Sends; the response, or the failure, arrives in the inbox. */
  sendExpecting(
    out: OutgoingRequest,
    seconds: U64,
    userContext: Uint8Array | undefined,
  ): void | Promise<void> {
    const slot = this.exchange.slots.take("inbox");
    slot.userContext = userContext;
    return this.exchange.sendExpecting(out, seconds, slot);
  }

  /** The next message in order of arrival. Rejects with a `SendError` where that is next. */
  receive(): Promise<Message> {
    return new Promise((resolve, reject) => {
      const next = this.#inbox.shift();
      if (next !== undefined) {
        this.#hand({ resolve, reject }, next);
      } else if (this.#lost !== undefined) {
        reject(this.#lost.error);
      } else {
        this.#waiters.push({ resolve, reject });
        this.#wake();
      }
    });
  }

  /** Gives every request to the handler until `stop`. */
  serve(handler: Handler, options: ServeOptions): Promise<void> {
    if (this.#handler !== undefined) {
      return Promise.reject(new TypeError("serve is already running; stop() it first"));
    }
    if (this.#lost !== undefined) return Promise.reject(this.#lost.error);
    this.#handler = handler;
    if (this.#interceptors.length + this.#firsts.length === 0) this.#plainHandler = handler;
    this.#serveOptions = options;
    return new Promise((resolve, reject) => {
      this.#stopped = { resolve: () => resolve(), reject };
      for (const item of this.#inbox.splice(0)) this.#take(item);
      this.#wake();
    });
  }

  stop(): void {
    this.#handler = this.#plainHandler = undefined;
    this.#stopped?.resolve(undefined as never);
    this.#stopped = undefined;
  }

  intercept(interceptor: Interceptor): void {
    this.#interceptors.push(interceptor);
    this.#plainHandler = undefined;
  }

  /** The same, also while nobody serves: what it takes never comes to `receive`. */
  interceptFirst(interceptor: Interceptor): void {
    this.#firsts.push(interceptor);
    this.#plainHandler = undefined;
  }

  /** Receives messages until something has happened that they bring about. */
  async waiting<T>(event: Promise<T>): Promise<T> {
    this.exchange.awaited++;
    this.#wake();
    try {
      return await event;
    } finally {
      this.exchange.awaited--;
    }
  }

  /** Settles when every answer that was given has been sent, or nobody waits for it any more. */
  async drained(): Promise<void> {
    if (this.exchange.deferredCount > 0 && this.#lost === undefined) {
      const sent = new Promise<void>((resolve) => (this.exchange.onDrained = resolve));
      this.#wake();
      await sent;
    }
    await this.exchange.slowed;
  }

  // --- the loop --------------------------------------------------------------------------------

  #isNeeded(): boolean {
    return (
      this.#handler !== undefined ||
      this.exchange.awaited > 0 ||
      this.#waiters.length > 0 ||
      this.exchange.deferredCount > 0
    );
  }

  #wake(): void {
    if (this.#receiving || this.#lost !== undefined) return;
    this.#receiving = true;
    const { fast } = this.exchange;
    if (fast === undefined) void this.#run();
    else fast.listen((this.#listener ??= this.#createListener(fast)));
  }

  // On a host with the short way messages come here. All jobs have run before `next`: woken code has reached its wait.
  #createListener(fast: GuestFast): GuestListener {
    const { exchange } = this;
    const waiters = this.#waiters;
    const { slots } = exchange;
    const { all } = slots;
    return {
      requestPrototype: exchange.prototypes.request,
      responsePrototype: exchange.prototypes.response,
      next: () => {
        if (!this.#isNeeded()) return (this.#receiving = false);
        exchange.beforeBlocking();
        return true;
      },
      // Plain requests and ends of an `ask` take no detours; everything else goes the way of all hosts.
      request: (heard) => {
        const request = heard as IncomingRequest;
        const handler = this.#plainHandler;
        if (handler === undefined || request.expectsResponse === undefined || waiters.length > 0) {
          exchange.requestHeard(request);
          this.#requestDelivered(request);
          return false;
        }
        exchange.newest = exchange.prompting = exchange.current = request;
        try {
          const outcome = handler(request);
          // The host looks at the kind of the outcome: `instanceof` costs more than all the rest here.
          if (request.state !== "open" || request.kept || !fast.answerWith(outcome)) {
            this.#handled(request, outcome);
            return false;
          }
          request.state = "answered";
          exchange.answeredAtOnce();
        } catch (thrown) {
          this.#failed(request, thrown);
          return false;
        }
        return this.#handler !== undefined;
      },
      end: (end, ticket) => {
        const slot = all[ticket];
        if (slot === undefined || slot.use !== "asked") {
          this.#endDelivered(slots.at(ticket), end as IncomingResponse | GuestSendError);
          return undefined;
        }
        const saved = slot.saved;
        exchange.prompting = saved;
        exchange.current = slot.owner;
        exchange.awaited--;
        slot.saved = slot.owner = undefined;
        slot.use = "free";
        slot.nextFree = slots.free;
        slots.free = slot;
        if (saved !== undefined) {
          saved.restorers--;
          if (saved.deferred !== undefined) {
            exchange.newest = undefined;
            exchange.flush(saved);
          }
        }
        if ((end as GuestHeardResponse).carriesBlob !== undefined) {
          return (exchange.newest = end as IncomingResponse);
        }
        exchange.newest = undefined;
        throw new SendError(end as GuestSendError, undefined);
      },
    };
  }

  // Awaiting promises that exist already is the cheapest way to wait in a small engine.
  async #run(): Promise<void> {
    const { exchange } = this;
    try {
      while (this.#isNeeded()) {
        if (exchange.slowed !== undefined) {
          await exchange.slowed.catch(() => {});
          continue;
        }
        exchange.beforeReceive();
        const delivery = await exchange.host.receive();
        const woken =
          delivery.kind === "request"
            ? this.#requestDelivered(exchange.requestReceived(delivery))
            : this.#endDelivered(exchange.slots.find(delivery.context), endOf(exchange, delivery));
        if (woken === undefined) {
          if (this.#tookFirst) await this.#letAct();
          continue;
        }
        // Lets woken code reach its next wait, so that it acts while its own message is prompting: until it has sent or
        // answered something, or nothing of it seems to come. Acting later is slower, never wrong.
        const before = exchange.actions;
        for (let turn = 0; turn < TURNS_AFTER_WAKING; turn++) {
          await TURN;
          const isOver = !woken.running && woken.state !== "open";
          if (isOver || exchange.actions !== before) break;
        }
      }
      this.#receiving = false;
    } catch (thrown) {
      this.#hostLost(thrown); // handlers are guarded: only the host itself throws here
    }
  }

  /** Somebody was woken up by an event that is no request to answer. */
  async #letAct(): Promise<void> {
    this.#tookFirst = false;
    for (let turn = 0; turn < TURNS_AFTER_WAKING; turn++) await TURN;
  }

  /** The host takes no more calls: the process was killed. Everybody who waits is told. */
  #hostLost(error: unknown): void {
    this.#lost = { error };
    this.exchange.onDrained?.();
    this.#receiving = false;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    this.#stopped?.reject(error);
    this.#stopped = undefined;
  }

  // --- routing ---------------------------------------------------------------------------------

  /** The request, if code is at work on it now. */
  #requestDelivered(request: IncomingRequest): IncomingRequest | undefined {
    if (this.#firsts.length > 0 && this.#takenFirst(request)) return undefined;
    if (this.#waiters.length > 0) {
      this.#hand(this.#waiters.shift()!, request);
      return request;
    }
    if (this.#handler === undefined) {
      this.#inbox.push(request);
      return undefined;
    }
    this.handle(request, this.#handler);
    return request.running ? request : undefined;
  }

  #takenFirst(request: IncomingRequest): boolean {
    try {
      for (const first of this.#firsts) {
        const outcome = first(request);
        if (outcome === false) continue;
        this.exchange.current = request;
        this.#handled(request, outcome);
        this.#tookFirst = true;
        return true;
      }
    } catch (thrown) {
      this.#failed(request, thrown);
      return true;
    }
    return false;
  }

  /** The request on whose behalf code was woken up, if any. */
  #endDelivered(
    named: Slot | undefined,
    ended: IncomingResponse | GuestSendError,
  ): IncomingRequest | undefined {
    const { exchange } = this;
    const slot = exchange.endReceived(named, ended.kind === "response");
    if (slot === undefined) return undefined;
    const { use, owner, userContext, done, failed } = slot;
    exchange.slots.release(slot);
    if (use === "bookmark") return undefined;
    let end: IncomingResponse | SendError;
    if (ended.kind === "response") {
      end = exchange.newest = ended;
      if (userContext !== undefined) ended.context = userContext;
    } else {
      end = new SendError(ended, userContext);
    }
    if (use === "promise") this.#settle(end, done!, failed!);
    else if (this.#waiters.length > 0) this.#hand(this.#waiters.shift()!, end);
    else this.#take(end);
    return owner;
  }

  #settle(
    end: IncomingResponse | SendError,
    done: NonNullable<Slot["done"]>,
    failed: NonNullable<Slot["failed"]>,
  ): void {
    this.exchange.awaited--;
    try {
      if (end instanceof SendError) failed(end);
      else done(end);
    } catch (thrown) {
      this.#report(thrown);
    }
  }

  #hand(waiter: Waiter, item: Message | SendError): void {
    if (item instanceof SendError) {
      waiter.reject(item);
      return;
    }
    if (item.kind === "request") this.exchange.current = item;
    waiter.resolve(item);
  }

  /** Serves one item, or keeps it for `receive`. */
  #take(item: Message | SendError): void {
    if (this.#handler === undefined) {
      this.#inbox.push(item);
    } else if (item instanceof SendError) {
      const { onSendError } = this.#serveOptions;
      if (onSendError === undefined) this.exchange.host.printToTerminal(1, item.message);
      else this.#guarded(() => onSendError(item));
    } else if (item.kind === "response") {
      this.#guarded(() => this.#serveOptions.onResponse?.(item));
    } else {
      this.handle(item, this.#handler);
    }
  }

  /** Runs a handler for one request and answers it with the outcome. */
  handle(request: IncomingRequest, handler: Handler): void {
    this.exchange.current = request;
    let outcome: ReturnType<Handler>;
    try {
      outcome = this.#interceptors.length === 0 ? handler(request) : this.#route(request, handler);
    } catch (thrown) {
      this.#failed(request, thrown);
      return;
    }
    if (typeof outcome === "string" || outcome instanceof Uint8Array) {
      if (this.exchange.answerAtOnce(request, outcome)) return;
    }
    this.#handled(request, outcome);
  }

  #handled(request: IncomingRequest, outcome: ReturnType<Handler>): void {
    if (isPromise(outcome)) {
      request.running = true;
      void outcome.then(
        (answer) => this.#finished(request, answer),
        (thrown: unknown) => this.#failed(request, thrown),
      );
    } else {
      this.#finished(request, outcome);
    }
  }

  #route(request: IncomingRequest, handler: Handler): ReturnType<Handler> {
    for (const interceptor of this.#interceptors) {
      const outcome = interceptor(request);
      if (outcome !== false) return outcome;
    }
    return handler(request);
  }

  #finished(request: IncomingRequest, answer: Answer | undefined | void): void {
    request.running = false;
    if (answer !== undefined) {
      try {
        this.exchange.answer(request, answer);
      } catch (thrown) {
        this.#failed(request, thrown);
        return;
      }
    }
    if (request.kept) return;
    request.live = false;
    if (request.state === "open") request.state = "closed";
  }

  #failed(request: IncomingRequest, thrown: unknown): void {
    request.running = request.live = false;
    if (request.state === "open") request.state = "closed";
    this.#report(thrown, ` for a request of "${request.sender}"`);
  }

  #guarded(action: () => void): void {
    try {
      action();
    } catch (thrown) {
      this.#report(thrown);
    }
  }

  #report(thrown: unknown, where = ""): void {
    this.exchange.host.printToTerminal(0, `A handler failed${where}: ${errorText(thrown)}`);
  }
}

function endOf(
  exchange: Exchange,
  delivery: Exclude<GuestDelivery, { kind: "request" }>,
): IncomingResponse | GuestSendError {
  return delivery.kind === "response" ? exchange.toResponse(delivery) : delivery;
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && "then" in value;
}
