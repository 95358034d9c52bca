/**
 * Messages as processes and the kernel see them.
 * Source: spec/kernel.md §1.2 (types) and §3.1 (KernelMessage).
 * Ownership: a `Uint8Array` in a message belongs to the message; nobody changes its bytes after sending.
 * @module
 */
import type { Address, ProcessId } from "./address.ts";
import type { Capability, SignedCapability } from "./capability.ts";
import type { U64 } from "./u64.ts";

/** Bytes that travel beside a message and enter a process only when it asks for them. */
export interface LazyLoadBlob {
  readonly mime: string | undefined;
  readonly bytes: Uint8Array;
  /** Absent: these bytes are never written again. Only the kernel and who made the blob use it. */
  readonly lease?: BlobLease | undefined;
}

/**
 * When the bytes of a blob may be used again for another one (docs/decisions/0003-recycled-blob-buffers.md).
 * They may only after one process has received the blob and let go of it, and after its sender, if it waited for a
 * response, has got one. Whoever does not say so has the bytes for as long as it likes; each call out of turn means `keep`.
 */
export interface BlobLease {
  /** The sender keeps the blob with its request until it is answered. Comes before everything else. */
  awaited(): void;
  /** The request was answered and is not kept any more. */
  answered(): void;
  /** A process has the blob as its newest one. */
  received(): void;
  /** It has a newer one, and nothing of this process can see the blob any more. */
  replaced(): void;
  /** Somebody else may see the blob from now on: its bytes are never used again. */
  keep(): void;
}

/** WIT `request`, with the capabilities form of the layer it is used in. */
export interface RequestOf<C> {
  readonly kind: "request";
  readonly inherit: boolean;
  /** Seconds until a timeout error; `undefined`: no response is expected. */
  readonly expectsResponse: U64 | undefined;
  readonly body: Uint8Array;
  /** Free text, JSON by convention. */
  readonly metadata: string | undefined;
  readonly capabilities: readonly C[];
}

/** WIT `response`. */
export interface ResponseOf<C> {
  readonly kind: "response";
  readonly inherit: boolean;
  readonly body: Uint8Array;
  readonly metadata: string | undefined;
  readonly capabilities: readonly C[];
}

/** What a process sends and sees: capabilities without signatures. */
export type Request = RequestOf<Capability>;
export type Response = ResponseOf<Capability>;
export type Message = Request | Response;

/** What the kernel carries: capabilities with signatures. */
export type SignedRequest = RequestOf<SignedCapability>;
export type SignedResponse = ResponseOf<SignedCapability>;
export type SignedMessage = SignedRequest | SignedResponse;

/** One message on its way. The context slot of a wire response is dropped at the border (§3.6). */
export interface KernelMessage {
  /** Correlates a response with its request; inherited along chains. */
  readonly id: U64;
  /** Written by the kernel, never by the process. */
  readonly source: Address;
  readonly target: Address;
  /** Where a response must go; `undefined`: to `source`. */
  readonly rsvp: Address | undefined;
  readonly message: SignedMessage;
  readonly blob: LazyLoadBlob | undefined;
}

export type SendErrorKind = "offline" | "timeout";

/** WIT `send-error`: a request that could not be delivered or was not answered in time. */
export interface SendError {
  readonly kind: SendErrorKind;
  /** The original target. */
  readonly target: Address;
  /** The original request. */
  readonly message: Message;
  readonly blob: LazyLoadBlob | undefined;
}

/** What `receive` hands to a process. */
export type Delivery =
  | {
      readonly kind: "message";
      readonly source: Address;
      readonly message: Message;
      /** Only with a response: what the process stored when it sent the request. */
      readonly context: Uint8Array | undefined;
    }
  | {
      readonly kind: "send-error";
      readonly error: SendError;
      readonly context: Uint8Array | undefined;
    };

/** One request to send, as `send-requests` takes them. */
export interface OutgoingRequest {
  readonly target: Address;
  readonly request: Request;
  readonly context: Uint8Array | undefined;
  readonly blob: LazyLoadBlob | undefined;
}

/** WIT `on-exit`. */
export type OnExit =
  | { readonly kind: "none" }
  | { readonly kind: "restart" }
  | { readonly kind: "requests"; readonly requests: readonly OnExitRequest[] };

export interface OnExitRequest {
  readonly target: Address;
  readonly request: Request;
  readonly blob: LazyLoadBlob | undefined;
}

export type SpawnError = "name-taken" | "no-file-at-path";

/** Arguments of `spawn` in the 1.0.0 shape; older interfaces are widened by the executor (K4). */
export interface SpawnRequest {
  readonly name: string | undefined;
  readonly wasmPath: string;
  readonly onExit: OnExit;
  readonly requestCapabilities: readonly Capability[];
  /** Who gets which capability issued by the child; `params` is JSON text. */
  readonly grantCapabilities: readonly { readonly process: ProcessId; readonly params: string }[];
  readonly public: boolean;
}
