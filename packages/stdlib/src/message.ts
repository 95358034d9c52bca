/**
 * Messages as a process meets them: requests and responses with what they carry.
 * Made for cheap creation: everything that costs is read when asked for.
 * Source: spec/packages-and-tools.md §25.2, spec/kernel.md §3.6, §3.8.
 * @module
 */
import type {
  GuestBlob,
  GuestCapability,
  GuestHeardRequest,
  GuestHeardResponse,
  GuestIncomingRequest,
  GuestIncomingResponse,
  U64,
} from "@kinode-ts/types";
import type { ProcessId } from "./address.ts";
import { Address } from "./address.ts";
import type { LazyLoadBlob } from "./blob.ts";
import type { Answer } from "./answer.ts";
import { Capability } from "./capability.ts";
import { parseJsonBytes } from "./json.ts";
import type { Schema } from "./schema.ts";
import { applySchema } from "./schema.ts";
import { decodeUtf8 } from "./utf8.ts";

/** What a message needs from the library around it. Internal. */
export interface MessageKeeper {
  readonly ourNode: string;
  /** The blob of `message`, which must be the newest one received. */
  takeBlob(message: Message): GuestBlob | undefined;
  hasBlob(message: Message): boolean;
  answer(request: IncomingRequest, answer: Answer): void;
}

const knownAddresses = new Map<string, Address>();
const KNOWN_ADDRESSES_MAX = 256;

function internAddress(text: string): Address {
  let address = knownAddresses.get(text);
  if (address === undefined) {
    if (knownAddresses.size >= KNOWN_ADDRESSES_MAX) knownAddresses.clear();
    address = Address.parse(text);
    knownAddresses.set(text, address);
  }
  return address;
}

/** Where the blob of a message is. */
export type BlobPlace = "host" | "here" | "passed-on";

// Messages have no constructor: a host that can makes them in one step, with these prototypes (`GuestListener`).
abstract class ReceivedMessage {
  /** @internal On the prototypes of one exchange. */
  declare readonly keeper: MessageKeeper;
  /** @internal Address of the source, as text. */
  declare readonly sender: string;
  declare readonly body: Uint8Array;
  declare readonly metadata: string | undefined;
  /** Whether the sender made it inherit from another message. */
  declare readonly inherit: boolean;
  /** @internal */
  declare readonly attached: readonly GuestCapability[];
  /** @internal Whether a blob came with it; `undefined`: ask the host. */
  declare readonly carriesBlob: boolean | undefined;
  /** @internal */
  declare blobPlace: BlobPlace;
  /** @internal */
  declare blobHere: GuestBlob | undefined;
  /** @internal It was sent on with `inherit`: no need to keep a copy here. */
  declare forwarded: boolean;

  /** Who sent it, written by the kernel. */
  get source(): Address {
    return internAddress(this.sender);
  }

  /** Capabilities attached to it; `capabilities.save(message)` keeps them. */
  get capabilities(): Capability[] {
    return this.attached.map(Capability.from);
  }

  /** Whether it comes from this node. */
  get isLocal(): boolean {
    return this.source.node === this.keeper.ourNode;
  }

  /** Whether it comes from a process of this id, on whatever node. */
  isFrom(process: ProcessId | string): boolean {
    return this.sender.endsWith(`@${process.toString()}`);
  }

  bytes(): Uint8Array {
    return this.body;
  }

  text(): string {
    return decodeUtf8(this.body);
  }

  /**
   * The body as JSON; large integers come as `bigint`.
   * @throws {JsonError | SchemaError}
   */
  json(): unknown;
  json<T>(schema: Schema<T>): T;
  json<T>(schema?: Schema<T>): unknown {
    const value = parseJsonBytes(this.body);
    return schema === undefined ? value : applySchema(schema, value);
  }

  get hasBlob(): boolean {
    if (this.carriesBlob !== undefined) return this.carriesBlob;
    if (this.blobPlace === "passed-on") return true;
    if (this.blobPlace === "host") return this.keeper.hasBlob(this as unknown as Message);
    return this.blobHere !== undefined;
  }

  /**
   * The blob that came with it; reading it copies it into this process, once.
   * @throws {BlobGoneError} it was passed on with `inherit` before, and newer blobs have come
   */
  blob(): LazyLoadBlob | undefined {
    if (this.carriesBlob === false) return undefined;
    if (this.blobPlace !== "here") {
      this.blobHere = this.keeper.takeBlob(this as unknown as Message);
      this.blobPlace = "here";
    }
    return this.blobHere;
  }

  /** The blob as JSON, or `undefined` when there is none or it does not decode. */
  blobAs<T>(schema: Schema<T>): T | undefined {
    const blob = this.blob();
    if (blob === undefined) return undefined;
    try {
      return applySchema(schema, parseJsonBytes(blob.bytes));
    } catch {
      return undefined;
    }
  }
}

/**
 * Whether a `send-response` would be meant for this request: it expects one, it does not, or nobody outside the
 * kernel can tell (an inherited request may carry the address of somebody who waits).
 */
export type Prompts = "yes" | "no" | "maybe";

/** `open`: may still be answered. `closed`: the handler is done and did not answer. `expired`: nobody waits any more. */
export type AnswerState = "open" | "answered" | "closed" | "expired";

/** A request to this process. */
export class IncomingRequest extends ReceivedMessage {
  declare readonly kind: "request";
  /** Seconds the sender waits, or `undefined` when it expects no response. */
  declare readonly expectsResponse: U64 | undefined;
  /** @internal */
  declare prompts: Prompts;
  /** @internal */
  declare state: AnswerState;
  /** @internal A handler is at work on it. */
  declare running: boolean;
  /** @internal `answerLater` was called: the end of the handler does not close it. */
  declare kept: boolean;
  /** @internal Code may still want its blob. */
  declare live: boolean;
  /** @internal Outstanding requests whose end makes this the prompting message again. */
  declare restorers: number;
  /** @internal Outstanding requests that reuse its id. */
  declare inheritors: number;
  /** @internal Milliseconds its answer has been waited for, as far as bookmarks measured. */
  declare waitedMs: number;
  /** @internal What must happen while this is the prompting message. */
  declare deferred: (() => void)[] | undefined;
  /** @internal For `maybe`: what was prompting before. */
  declare under: IncomingRequest | undefined;

  /**
   * Answers this very request, whatever else has come in the meantime; only the first answer counts, and
   * nothing happens when nobody waits. When other messages are being answered, it is sent as soon as the kernel can
   * take it.
   */
  respond(answer: Answer): void {
    this.keeper.answer(this, answer);
  }

  /** Keeps the request answerable after its handler has returned nothing; `respond` answers it. */
  answerLater(): void {
    this.kept = true;
  }
}

/** The response to a request of this process. */
export class IncomingResponse extends ReceivedMessage {
  declare readonly kind: "response";
  /** @internal */
  declare readonly live: true;
  /** What was given as `context` with the request; it never left this node. */
  declare context: Uint8Array | undefined;
}

/** What `receive` gives: `kind` tells requests and responses apart. Source: spec/packages-and-tools.md §25.2. */
export type Message = IncomingRequest | IncomingResponse;

/** The prototypes of the messages of one exchange. */
export interface MessagePrototypes {
  readonly request: object;
  readonly response: object;
}

// First values live on the prototypes: most messages are done with before any of them changes, and in a small engine
// each field of a new object costs time.
const FIRST_VALUES = {
  carriesBlob: undefined,
  blobPlace: "host",
  blobHere: undefined,
  forwarded: false,
  live: true,
} as const;

const FIRST_VALUES_OF_REQUESTS = {
  ...FIRST_VALUES,
  kind: "request",
  prompts: "yes",
  running: false,
  kept: false,
  restorers: 0,
  inheritors: 0,
  waitedMs: 0,
  deferred: undefined,
  under: undefined,
} satisfies Partial<IncomingRequest>;

const FIRST_VALUES_OF_RESPONSES = {
  ...FIRST_VALUES,
  kind: "response",
  context: undefined,
} satisfies Partial<IncomingResponse>;

export function messagePrototypes(keeper: MessageKeeper): MessagePrototypes {
  const request = Object.create(IncomingRequest.prototype) as object;
  const response = Object.create(IncomingResponse.prototype) as object;
  return {
    request: Object.assign(request, FIRST_VALUES_OF_REQUESTS, { keeper }),
    response: Object.assign(response, FIRST_VALUES_OF_RESPONSES, { keeper }),
  };
}

/** The message of a delivery, for hosts that do not make it themselves. */
export function toRequest(prototype: object, delivery: GuestIncomingRequest): IncomingRequest {
  const { source, inherit, expectsResponse, body, metadata, capabilities } = delivery;
  const fields: GuestHeardRequest = {
    sender: source,
    inherit,
    expectsResponse,
    body,
    metadata,
    attached: capabilities,
    state: "open",
  };
  return Object.assign(Object.create(prototype) as IncomingRequest, fields);
}

/** The same for a response; whether it carries a blob has to be asked for. */
export function toResponse(prototype: object, delivery: GuestIncomingResponse): IncomingResponse {
  const { source, inherit, body, metadata, capabilities } = delivery;
  const fields: Omit<GuestHeardResponse, "carriesBlob"> = {
    sender: source,
    inherit,
    body,
    metadata,
    attached: capabilities,
  };
  return Object.assign(Object.create(prototype) as IncomingResponse, fields);
}
