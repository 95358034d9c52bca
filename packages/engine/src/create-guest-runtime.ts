/**
 * `kinode` for a script that runs in the node's own realm: the guest interface over a `ProcessHost`.
 * The engine component blocks as a whole while it waits; here the script keeps running, so this adapter makes the order
 * of events the same: no message is delivered while a call that would have blocked is outstanding, nor before the
 * script's own pending jobs have run.
 * @module
 */
import {
  formatAddress,
  type GuestBlob,
  type GuestCarrier,
  type GuestDelivery,
  type GuestInit,
  type GuestRuntime,
  type OutgoingRequest,
  ProcessFault,
  type ProcessHost,
  ProcessKilled,
} from "@kinode-ts/types";
import {
  argumentError,
  awaitedOf,
  bytesOf,
  capabilityOf,
  fieldsOf,
  guestBlob,
  guestCapability,
  guestDelivery,
  guestOnExit,
  listOf,
  onExitOf,
  outgoingOf,
  responseOf,
  spawnOf,
  textOf,
  verbosityOf,
} from "./guest-values.ts";
import { type CarrierPort, OwnCarrier, ticketOf } from "./web/own-carrier.ts";

/** How the adapter is embedded; all optional. */
export interface GuestRuntimeOptions {
  /** Calls `run` when the script has no more jobs to do. Default: after a few microtasks, enough for tests. */
  readonly afterJobs?: (run: () => void) => void;
  /** Told once when a call trapped the process; nothing is delivered after it. */
  readonly onFault?: (fault: ProcessFault) => void;
  /** Receives the entry point given to `main`. */
  readonly onMain?: (init: GuestInit) => void;
}

const DEFAULT_HOPS = 32;

function afterMicrotasks(run: () => void, hops = DEFAULT_HOPS): void {
  queueMicrotask(hops === 0 ? run : () => afterMicrotasks(run, hops - 1));
}

interface PendingAwait {
  readonly request: Omit<OutgoingRequest, "context">;
  readonly resolve: (delivery: GuestDelivery) => void;
  readonly reject: (error: unknown) => void;
}

/** The one fiber of a native script: what it waits for, and in which order. */
class NativeFiber implements CarrierPort {
  readonly #host: ProcessHost;
  readonly #afterJobs: (run: () => void) => void;
  readonly #onFault: ((fault: ProcessFault) => void) | undefined;
  readonly #receivers: ((delivery: GuestDelivery) => void)[] = [];
  readonly #awaits: PendingAwait[] = [];
  #awaiting: PendingAwait | undefined;
  /** Calls under way during which the engine would be blocked. */
  #blocking = 0;
  #parked = false;
  #scheduled = false;
  #faulted = false;
  /** Requests of timers and `fetch` under way, and messages kept for the script meanwhile. */
  #ownRequests = 0;
  #keptMessages = 0;
  #keptBlob: { readonly blob: GuestBlob | undefined } | undefined;
  #carrier: OwnCarrier | undefined;

  constructor(host: ProcessHost, options: GuestRuntimeOptions) {
    this.#host = host;
    this.#afterJobs = options.afterJobs ?? afterMicrotasks;
    this.#onFault = options.onFault;
  }

  /** Calls the host; a fault ends the process. */
  call<T>(work: (host: ProcessHost) => T): T {
    if (this.#faulted || this.#host.killed) throw new ProcessKilled();
    try {
      return work(this.#host);
    } catch (error) {
      if (error instanceof ProcessFault) this.#fail(error);
      throw error;
    }
  }

  /** Calls the host and keeps deliveries back until what it returned has settled. */
  block<T>(work: (host: ProcessHost) => T): T {
    const result = this.call(work);
    if (!(result instanceof Promise)) return result;
    this.#blocking++;
    const settled = result.then(
      (value: unknown) => this.#whileAlive(() => value),
      (error: unknown) => {
        if (error instanceof ProcessFault) this.#fail(error);
        return this.#whileAlive(() => {
          throw error;
        });
      },
    );
    return settled as T;
  }

  receive(): Promise<GuestDelivery> {
    this.call(() => undefined);
    return new Promise((resolve) => {
      this.#receivers.push(resolve);
      this.#schedule();
    });
  }

  awaitResponse(request: Omit<OutgoingRequest, "context">): Promise<GuestDelivery> {
    this.call(() => undefined);
    return new Promise((resolve, reject) => {
      this.#awaits.push({ request, resolve, reject });
      if (this.#awaiting === undefined) this.#beginAwait();
    });
  }

  // --- for timers and `fetch` (web/own-carrier.ts) ---

  get carrier(): OwnCarrier {
    return (this.#carrier ??= new OwnCarrier(this));
  }

  /** The runtime made on this fiber. */
  declare host: CarrierPort["host"];

  pending(requests: number, kept: number): void {
    this.#ownRequests = requests;
    this.#keptMessages = kept;
    this.#schedule();
  }

  deliver(delivery: GuestDelivery, blob: GuestBlob | undefined): boolean {
    const receiver = this.#receivers.shift();
    if (receiver === undefined) return false;
    this.#keptBlob = { blob };
    receiver(delivery);
    return true;
  }

  hasBlob(): boolean {
    if (this.#keptBlob !== undefined) return this.#keptBlob.blob !== undefined;
    return this.call((from) => from.hasBlob());
  }

  getBlob(): GuestBlob | undefined {
    if (this.#keptBlob !== undefined) return this.#keptBlob.blob;
    return this.call((from) => guestBlob(from.getBlob()));
  }

  #receives(): boolean {
    return this.#receivers.length > 0 || this.#ownRequests > 0 || this.#keptMessages > 0;
  }

  #fail(fault: ProcessFault): void {
    if (this.#faulted) return;
    this.#faulted = true;
    this.#onFault?.(fault);
  }

  /** Settles for a live process, never for a dead one: nothing of it may run any more. */
  #whileAlive<T>(settle: () => T): T | Promise<T> {
    this.#blocking--;
    if (this.#faulted || this.#host.killed) return new Promise<T>(() => {});
    this.#schedule();
    return settle();
  }

  #beginAwait(): void {
    const next = this.#awaits.shift();
    if (next === undefined) return;
    this.#awaiting = next;
    try {
      const { target, request, blob } = next.request;
      this.call((host) => host.beginAwait(target, request, blob));
      this.#pump();
    } catch (error) {
      this.#awaiting = undefined;
      next.reject(error);
    }
  }

  #schedule(): void {
    if (this.#scheduled || !this.#receives()) return;
    this.#scheduled = true;
    this.#afterJobs(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #park(): void {
    if (this.#parked) return;
    this.#parked = true;
    this.#host.park(() => {
      this.#parked = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#faulted || this.#host.killed) return;
    if (this.#awaiting !== undefined) this.#pollAwaited(this.#awaiting);
    else if (this.#blocking === 0 && this.#receives()) this.#pollNext();
  }

  #pollAwaited(waiting: PendingAwait): void {
    const delivery = this.#host.pollAwaited();
    if (delivery === undefined) return this.#park();
    this.#awaiting = undefined;
    waiting.resolve(guestDelivery(delivery));
    this.#beginAwait();
    this.#schedule();
  }

  #hand(delivery: GuestDelivery): void {
    const isOwn = delivery.kind !== "request" && ticketOf(delivery.context) !== undefined;
    if (this.#ownRequests > 0 && isOwn) this.carrier.end(delivery);
    else if (this.#keptMessages > 0 || this.#receivers.length === 0) this.carrier.keep(delivery);
    else this.#receivers.shift()!(delivery);
  }

  #pollNext(): void {
    if (this.#host.sliceIsOver()) {
      this.#scheduled = true;
      this.#host.yieldSlice(() => {
        this.#scheduled = false;
        this.#pump();
      });
      return;
    }
    const delivery = this.#host.poll();
    if (delivery === undefined) return this.#park();
    this.#keptBlob = undefined;
    this.#hand(guestDelivery(delivery));
    this.#schedule();
  }
}

/** A script's runtime, and what the web's functions in it send with. */
export interface NativeGuest {
  readonly kinode: GuestRuntime;
  readonly carry: GuestCarrier;
  /** To be called when the entry point has been called. */
  start(): void;
}

/**
 * Wraps a host as the object a script calls `kinode`. Frozen; safe to hand to the script.
 * After the process was killed every call throws `ProcessKilled` and no pending call ever settles.
 */
export function createGuestRuntime(
  host: ProcessHost,
  options: GuestRuntimeOptions = {},
): GuestRuntime {
  return createNativeGuest(host, options).kinode;
}

/** The same with what timers and `fetch` need. */
export function createNativeGuest(
  host: ProcessHost,
  options: GuestRuntimeOptions = {},
): NativeGuest {
  const fiber = new NativeFiber(host, options);
  const kinode = createRuntime(fiber, options);
  fiber.host = kinode;
  return {
    kinode,
    carry: (request, done) => fiber.carrier.carry(request, done),
    start: () => fiber.carrier.start(),
  };
}

function createRuntime(fiber: NativeFiber, options: GuestRuntimeOptions): GuestRuntime {
  let hasMain = false;
  return Object.freeze<GuestRuntime>({
    main(init) {
      if (typeof init !== "function") throw argumentError("main", "called with a function");
      if (hasMain) throw argumentError("main", "called only once");
      hasMain = true;
      options.onMain?.(init);
    },
    our: () => fiber.call(({ our }) => formatAddress(our)),
    printToTerminal(verbosity, text) {
      const level = verbosityOf(verbosity);
      const line = textOf(text, "text");
      fiber.call((to) => to.print(level, line));
    },
    getOnExit: () => fiber.call((from) => guestOnExit(from.getOnExit())),
    setOnExit(onExit) {
      const setting = onExitOf(onExit);
      fiber.call((to) => to.setOnExit(setting));
    },
    getState: () => fiber.block((from) => from.getState().then((bytes) => bytes?.slice())),
    setState(bytes) {
      const copy = bytesOf(bytes, "state");
      return fiber.block((to) => to.setState(copy));
    },
    clearState: () => fiber.block((to) => to.clearState()),
    spawn(spawn) {
      const request = spawnOf(spawn);
      return fiber.block((to) =>
        to.spawn(request).then((result) => {
          return result.ok
            ? { ok: true, process: result.value }
            : { ok: false, error: result.error };
        }),
      );
    },
    saveCapabilities(capabilities) {
      const list = listOf(capabilities, "capabilities", capabilityOf);
      return fiber.block((to) => to.saveCapabilities(list));
    },
    dropCapabilities(capabilities) {
      const list = listOf(capabilities, "capabilities", capabilityOf);
      return fiber.block((to) => to.dropCapabilities(list));
    },
    ourCapabilities: () => fiber.call((from) => from.ourCapabilities().map(guestCapability)),
    receive: () => fiber.receive(),
    hasBlob: () => fiber.hasBlob(),
    getBlob: () => fiber.getBlob(),
    lastBlob: () => fiber.call((from) => guestBlob(from.lastBlob())),
    sendRequest(request) {
      const { target, request: content, context, blob } = outgoingOf(fieldsOf(request, "request"));
      return fiber.block((to) => to.sendRequest(target, content, context, blob));
    },
    sendRequests(requests) {
      const list = listOf(requests, "requests", outgoingOf);
      return fiber.block((to) => to.sendRequests(list));
    },
    sendResponse(response) {
      const { response: content, blob } = responseOf(response);
      return fiber.block((to) => to.sendResponse(content, blob));
    },
    sendAndAwaitResponse: (request) => fiber.awaitResponse(awaitedOf(fieldsOf(request, "request"))),
    carryBy(carrier) {
      if (typeof carrier !== "function") throw argumentError("carryBy", "called with a function");
      fiber.carrier.carryBy(carrier);
    },
  });
}
