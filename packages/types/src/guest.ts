/**
 * The face of the WIT towards JavaScript guests: the one object, called `kinode`, that a TypeScript process runs on.
 * The shared engine provides it inside the sandbox, the native executor inside the node; `@kinode-ts/stdlib` is
 * written on it, so the same bundle runs in both (design.md §5).
 *
 * Shapes are chosen to be cheap to build inside a small engine: addresses and process ids are text.
 * Every function that may wait returns `Awaitable`; callers always `await` it.
 * @module
 */
import type { Awaitable } from "./awaitable.ts";
import type { SendErrorKind, SpawnError } from "./message.ts";
import type { U64 } from "./u64.ts";

export interface GuestCapability {
  /** `node@process:package:publisher` */
  readonly issuer: string;
  /** JSON text. */
  readonly params: string;
}

export interface GuestBlob {
  readonly mime?: string | undefined;
  readonly bytes: Uint8Array;
}

/** A request to send. A `string` body is sent as UTF-8. */
export interface GuestRequest {
  readonly target: string;
  readonly body: Uint8Array | string;
  readonly inherit?: boolean | undefined;
  /** Seconds. */
  readonly expectsResponse?: U64 | undefined;
  readonly metadata?: string | undefined;
  readonly capabilities?: readonly GuestCapability[] | undefined;
  readonly context?: Uint8Array | undefined;
  readonly blob?: GuestBlob | undefined;
}

export interface GuestResponse {
  readonly body: Uint8Array | string;
  readonly inherit?: boolean | undefined;
  readonly metadata?: string | undefined;
  readonly capabilities?: readonly GuestCapability[] | undefined;
  readonly blob?: GuestBlob | undefined;
}

export interface GuestIncomingRequest {
  readonly kind: "request";
  readonly source: string;
  readonly inherit: boolean;
  readonly expectsResponse: U64 | undefined;
  readonly body: Uint8Array;
  readonly metadata: string | undefined;
  readonly capabilities: readonly GuestCapability[];
}

export interface GuestIncomingResponse {
  readonly kind: "response";
  readonly source: string;
  readonly inherit: boolean;
  readonly body: Uint8Array;
  readonly metadata: string | undefined;
  readonly capabilities: readonly GuestCapability[];
  readonly context: Uint8Array | undefined;
}

export interface GuestSendError {
  readonly kind: "send-error";
  readonly error: SendErrorKind;
  readonly target: string;
  /** Body of the request that failed. */
  readonly body: Uint8Array;
  readonly blob: GuestBlob | undefined;
  readonly context: Uint8Array | undefined;
}

export type GuestDelivery = GuestIncomingRequest | GuestIncomingResponse | GuestSendError;

export type GuestOnExit =
  | { readonly kind: "none" }
  | { readonly kind: "restart" }
  | { readonly kind: "requests"; readonly requests: readonly GuestRequest[] };

export interface GuestSpawn {
  readonly name?: string | undefined;
  readonly wasmPath: string;
  readonly onExit: GuestOnExit;
  readonly requestCapabilities: readonly GuestCapability[];
  readonly grantCapabilities: readonly { readonly process: string; readonly params: string }[];
  readonly public: boolean;
}

export type GuestSpawnResult =
  | { readonly ok: true; readonly process: string }
  | { readonly ok: false; readonly error: SpawnError };

/** The 19 functions of `kinode:process/standard@1.0.0`. */
export interface GuestHost {
  our(): string;
  printToTerminal(verbosity: number, text: string): void;
  getOnExit(): GuestOnExit;
  setOnExit(onExit: GuestOnExit): void;
  getState(): Awaitable<Uint8Array | undefined>;
  setState(bytes: Uint8Array): Awaitable<void>;
  clearState(): Awaitable<void>;
  spawn(request: GuestSpawn): Awaitable<GuestSpawnResult>;
  saveCapabilities(capabilities: readonly GuestCapability[]): Awaitable<void>;
  dropCapabilities(capabilities: readonly GuestCapability[]): Awaitable<void>;
  ourCapabilities(): readonly GuestCapability[];
  /** The next message. In the engine all pending jobs run before it blocks. */
  receive(): Awaitable<GuestDelivery>;
  hasBlob(): boolean;
  getBlob(): GuestBlob | undefined;
  lastBlob(): GuestBlob | undefined;
  sendRequest(request: GuestRequest): Awaitable<void>;
  sendRequests(requests: readonly GuestRequest[]): Awaitable<void>;
  sendResponse(response: GuestResponse): Awaitable<void>;
  /** Blocks everything else in this process until the response is there; handlers use `sendRequest` with a context. */
  sendAndAwaitResponse(
    request: GuestRequest,
  ): Awaitable<GuestIncomingResponse | GuestIncomingRequest | GuestSendError>;
}

/** A request as `GuestListener` gets it: an object of its `requestPrototype` with these fields. */
export interface GuestHeardRequest {
  /** As `source` of `GuestIncomingRequest`. */
  readonly sender: string;
  readonly inherit: boolean;
  readonly expectsResponse: U64 | undefined;
  readonly body: Uint8Array;
  readonly metadata: string | undefined;
  /** As `capabilities` of `GuestIncomingRequest`. */
  readonly attached: readonly GuestCapability[];
  /** For the library, which changes it when the request is answered: a field that is there from the start is cheaper. */
  state: string;
}

/** A response as `GuestListener` gets it: an object of its `responsePrototype` with these fields. */
export interface GuestHeardResponse {
  readonly sender: string;
  readonly inherit: boolean;
  readonly body: Uint8Array;
  readonly metadata: string | undefined;
  readonly attached: readonly GuestCapability[];
  /** What `hasBlob()` answers for this message. */
  readonly carriesBlob: boolean;
}

/** Takes every message of a process. Its fields are read once. */
export interface GuestListener {
  readonly requestPrototype: object;
  readonly responsePrototype: object;
  /**
   * Called before the process waits for a message, when all its jobs have run; `false` ends the listening. Left out after
   * `request` has said so, and where the last message was a response without a blob and an `ask` has come after it.
   */
  next(this: void): boolean;
  /** `true`: nothing has changed that `next` would look at. */
  request(this: void, request: GuestHeardRequest): unknown;
  /**
   * The end of a request. What it returns (nothing with a `then`) or throws settles the promise of the `ask` with this
   * ticket. The ticket is the context, if that has the form of one, else −1.
   */
  end(this: void, end: GuestHeardResponse | GuestSendError, ticket: number): unknown;
}

/**
 * Receiving and sending with less in between, under the same rules: for a library that takes every message of its process.
 * Only hosts have it whose process stands still while it waits; without it, use the functions of `GuestHost`.
 */
export interface GuestFast {
  /** Messages go to the listener until its `next` says `false`; promises of `receive` are served before it. */
  listen(listener: GuestListener): void;
  /**
   * Like `sendRequest` with these fields. The context is the ticket, four bytes, little-endian: an integer from 0 to
   * 65535 that is in no other `ask` under way. The promise is settled by the listener's `end`.
   */
  ask(
    target: string,
    body: Uint8Array | string,
    expectsResponse: U64,
    ticket: number,
  ): Promise<unknown>;
  /** Like `sendResponse` with a body alone. */
  answer(body: Uint8Array | string): void;
  /** Sends a value as `answer` does if it is a body; whether it was. */
  answerWith(value: unknown): boolean;
  /**
   * `JSON.parse` of UTF-8, or `undefined` for texts that others must read: with integers that a double may not hold.
   * @throws SyntaxError not JSON, or not UTF-8
   */
  parseJson?(bytes: Uint8Array): unknown;
}

/** A request that the web's functions (timers, `fetch`) send for the process. */
export interface GuestCarriedRequest {
  readonly target: string;
  readonly body: string;
  /** Seconds. */
  readonly expectsResponse: U64;
  readonly blob: GuestBlob | undefined;
}

/** How a carried request ended. */
export type GuestCarriedEnd =
  | { readonly kind: "response"; readonly body: Uint8Array; readonly blob: GuestBlob | undefined }
  | { readonly kind: "send-error"; readonly error: SendErrorKind };

/** Sends a request and calls `done` once with its end, while the response is the newest message. */
export type GuestCarrier = (
  this: void,
  request: GuestCarriedRequest,
  done: (end: GuestCarriedEnd) => void,
) => void;

/** The entry point of a process; `our` is its address as text. The process ends when it settles. */
export type GuestInit = (our: string) => Awaitable<void>;

/**
 * The global (in the sandbox) or parameter (natively) named `kinode`.
 * Code refers to the bare identifier, never to `globalThis.kinode`: natively many processes share one realm.
 */
export interface GuestRuntime extends GuestHost {
  /** Registers the entry point; a bundle calls it exactly once, at top level. */
  main(init: GuestInit): void;
  /** There on some hosts; nothing but time depends on it. */
  readonly fast?: GuestFast | undefined;
  /**
   * From now on timers and `fetch` send their requests through this: for a library that follows every message. Without it
   * the host sends them, and keeps other messages that arrive meanwhile for the next `receive`.
   */
  carryBy?(carrier: GuestCarrier): void;
  /**
   * Implements an interface that this bundle exports to components it is composed with; there in the engine only. Names
   * of functions are in camel case.
   * @param name - whole name, e.g. `notes:alice/api@1.0.0`
   */
  exportInterface?(name: string, functions: object): void;
}
