/**
 * The face of the WIT towards JavaScript guests: the one object, called `kinode`, that a TypeScript process runs on.
 * The shared engine provides it inside the sandbox, the native executor inside the node; `@kinode-ts/stdlib` is
 * written on it, so the same bundle runs in both (design.md §5).
 *
 * Shapes are chosen to be cheap to build inside a small engine: addresses and process ids are text.
 * Every function that may wait returns `Awaitable`; callers always `await` it.
 * @module
 */
import type { SendErrorKind, SpawnError } from "./message.ts";
import type { U64 } from "./u64.ts";

export type Awaitable<T> = T | Promise<T>;

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

/** The entry point of a process; `our` is its address as text. The process ends when it settles. */
export type GuestInit = (our: string) => Awaitable<void>;

/**
 * The global (in the sandbox) or parameter (natively) named `kinode`.
 * Code refers to the bare identifier, never to `globalThis.kinode`: natively many processes share one realm.
 */
export interface GuestRuntime extends GuestHost {
  /** Registers the entry point; a bundle calls it exactly once, at top level. */
  main(init: GuestInit): void;
}
