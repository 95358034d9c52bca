/**
 * `Event`, `CustomEvent`, `EventTarget`, `AbortController`, `AbortSignal`; there is no tree, so events do not bubble.
 * Source: DOM Standard §2, §3 (WHATWG).
 * @module
 */

interface EventInit {
  readonly bubbles?: boolean;
  readonly cancelable?: boolean;
  readonly composed?: boolean;
}

interface EventState {
  target: EventTarget | null;
  isStopped: boolean;
  isCanceled: boolean;
  isDispatched: boolean;
}

let stateOf: (event: Event) => EventState;

export class Event {
  readonly type: string;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly composed: boolean;
  readonly timeStamp: number = performance.now();
  readonly #state: EventState = {
    target: null,
    isStopped: false,
    isCanceled: false,
    isDispatched: false,
  };

  static {
    stateOf = (event) => event.#state;
  }

  constructor(type: string, init: EventInit = {}) {
    this.type = `${type}`;
    this.bubbles = Boolean(init?.bubbles);
    this.cancelable = Boolean(init?.cancelable);
    this.composed = Boolean(init?.composed);
  }

  get target(): EventTarget | null {
    return this.#state.target;
  }
  get currentTarget(): EventTarget | null {
    return this.#state.isDispatched ? this.#state.target : null;
  }
  get eventPhase(): number {
    return this.#state.isDispatched ? 2 : 0;
  }
  get defaultPrevented(): boolean {
    return this.#state.isCanceled;
  }
  get isTrusted(): boolean {
    return false;
  }
  preventDefault(): void {
    if (this.cancelable) this.#state.isCanceled = true;
  }
  stopImmediatePropagation(): void {
    this.#state.isStopped = true;
  }
  stopPropagation(): void {}
  composedPath(): EventTarget[] {
    return this.#state.isDispatched ? [this.#state.target!] : [];
  }
}

export class CustomEvent extends Event {
  readonly detail: unknown;
  constructor(type: string, init: EventInit & { readonly detail?: unknown } = {}) {
    super(type, init);
    this.detail = init?.detail ?? null;
  }
}

type Listener = ((event: Event) => void) | { handleEvent(event: Event): void };

interface Registration {
  readonly listener: Listener;
  readonly isCapture: boolean;
  readonly isOnce: boolean;
  isRemoved: boolean;
}

interface ListenerOptions {
  readonly capture?: boolean;
  readonly once?: boolean;
  readonly signal?: AbortSignal;
}

function optionsOf(options: ListenerOptions | boolean | undefined): ListenerOptions {
  return typeof options === "boolean" ? { capture: options } : (options ?? {});
}

export class EventTarget {
  readonly #listeners = new Map<string, Registration[]>();

  addEventListener(
    type: string,
    listener: Listener | null,
    options?: ListenerOptions | boolean,
  ): void {
    const { capture, once, signal } = optionsOf(options);
    if (listener === null || listener === undefined || signal?.aborted === true) return;
    const all = this.#listeners.get(type) ?? [];
    const isCapture = Boolean(capture);
    if (all.some((each) => each.listener === listener && each.isCapture === isCapture)) return;
    all.push({ listener, isCapture, isOnce: Boolean(once), isRemoved: false });
    this.#listeners.set(type, all);
    signal?.addEventListener("abort", () => this.removeEventListener(type, listener, isCapture));
  }

  removeEventListener(
    type: string,
    listener: Listener | null,
    options?: ListenerOptions | boolean,
  ): void {
    const isCapture = Boolean(optionsOf(options).capture);
    const all = this.#listeners.get(type) ?? [];
    const found = all.find((each) => each.listener === listener && each.isCapture === isCapture);
    if (found === undefined) return;
    found.isRemoved = true;
    this.#listeners.set(
      type,
      all.filter((each) => each !== found),
    );
  }

  /** Whether nobody called `preventDefault`. What a listener throws is printed. */
  dispatchEvent(event: Event): boolean {
    const state = stateOf(event);
    if (state.isDispatched) {
      throw new DOMException("The event is being dispatched already", "InvalidStateError");
    }
    state.target = this;
    state.isDispatched = true;
    for (const each of [...(this.#listeners.get(event.type) ?? [])]) {
      if (each.isRemoved || state.isStopped) continue;
      if (each.isOnce) this.removeEventListener(event.type, each.listener, each.isCapture);
      this.#call(each.listener, event);
    }
    const handler: unknown = Reflect.get(this, `on${event.type}`);
    if (typeof handler === "function" && !state.isStopped) this.#call(handler as Listener, event);
    state.isDispatched = state.isStopped = false;
    return !state.isCanceled;
  }

  #call(listener: Listener, event: Event): void {
    try {
      if (typeof listener === "function") listener.call(this, event);
      else listener.handleEvent(event);
    } catch (thrown) {
      console.error(thrown);
    }
  }
}

// --- abort -----------------------------------------------------------------------------------------

let abort: (signal: AbortSignal, reason: unknown) => void;
let createSignal: () => AbortSignal;
let mayConstruct = false;

/** Asks for a time; the timers' part of the engine. */
type AfterMs = (run: () => void, ms: number) => unknown;

export class AbortSignal extends EventTarget {
  onabort: ((event: Event) => void) | null = null;
  #isAborted = false;
  #reason: unknown = undefined;

  static {
    createSignal = () => {
      mayConstruct = true;
      return new AbortSignal();
    };
    abort = (signal, reason) => {
      if (signal.#isAborted) return;
      signal.#isAborted = true;
      signal.#reason = reason ?? new DOMException("The operation was aborted", "AbortError");
      signal.dispatchEvent(new Event("abort"));
    };
  }

  constructor() {
    if (!mayConstruct) throw new TypeError("AbortSignal: make one with an AbortController");
    mayConstruct = false;
    super();
  }

  get aborted(): boolean {
    return this.#isAborted;
  }
  get reason(): unknown {
    return this.#reason;
  }
  throwIfAborted(): void {
    if (this.#isAborted) throw this.#reason;
  }

  static abort(reason?: unknown): AbortSignal {
    const signal = createSignal();
    abort(signal, reason);
    return signal;
  }

  /** Aborts after a time, with a `TimeoutError`. */
  static timeout(ms: number): AbortSignal {
    const signal = createSignal();
    const after = (globalThis as unknown as { setTimeout: AfterMs }).setTimeout;
    after(() => abort(signal, new DOMException("The time is over", "TimeoutError")), ms);
    return signal;
  }

  /** Aborts with the first of them. */
  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const result = createSignal();
    for (const signal of signals) {
      if (signal.aborted) {
        abort(result, signal.reason);
        break;
      }
      signal.addEventListener("abort", () => abort(result, signal.reason), { once: true });
    }
    return result;
  }

  get [Symbol.toStringTag](): string {
    return "AbortSignal";
  }
}

export class AbortController {
  readonly signal: AbortSignal = createSignal();
  abort(reason?: unknown): void {
    abort(this.signal, reason);
  }
}
