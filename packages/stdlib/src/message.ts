/**
 * Messages as a process meets them: requests and responses with what they carry.
 * Made for cheap creation: everything that costs is read when asked for.
 * Source: spec/packages-and-tools.md §25.2, spec/kernel.md §3.6, §3.8.
 * @module
 */
import type { GuestBlob, GuestIncomingRequest, GuestIncomingResponse, U64 } from "@kinode-ts/types";
import type { ProcessId } from "./address.ts";
import { Address } from "./address.ts";
import type { LazyLoadBlob } from "./blob.ts";
import type { Answer } from "./answer.ts";
import { Capability } from "./capability.ts";
import { parseJson } from "./json.ts";
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

abstract class ReceivedMessage<D extends GuestIncomingRequest | GuestIncomingResponse> {
  /** The message as the host gave it. */
  readonly delivery: D;
  /** @internal */
  readonly keeper: MessageKeeper;
  /** @internal */
  declare blobPlace: BlobPlace;
  /** @internal */
  declare blobHere: GuestBlob | undefined;
  /** @internal It was sent on with `inherit`: no need to keep a copy here. */
  declare forwarded: boolean;

  // First values live on the prototypes: most messages are done with before any of them changes, and in a small engine
  // each field of a new object costs time.
  static {
    const first = { blobPlace: "host", blobHere: undefined, forwarded: false } as const;
    Object.assign(this.prototype, first);
  }

  constructor(delivery: D, keeper: MessageKeeper) {
    this.delivery = delivery;
    this.keeper = keeper;
  }

  /** Who sent it, written by the kernel. */
  get source(): Address {
    return internAddress(this.delivery.source);
  }

  get body(): Uint8Array {
    return this.delivery.body;
  }

  get metadata(): string | undefined {
    return this.delivery.metadata;
  }

  /** Capabilities attached to it; `capabilities.save(message)` keeps them. */
  get capabilities(): Capability[] {
    return this.delivery.capabilities.map(Capability.from);
  }

  /** Whether it comes from this node. */
  get isLocal(): boolean {
    return this.source.node === this.keeper.ourNode;
  }

  /** Whether it comes from a process of this id, on whatever node. */
  isFrom(process: ProcessId | string): boolean {
    return this.delivery.source.endsWith(`@${process.toString()}`);
  }

  bytes(): Uint8Array {
    return this.delivery.body;
  }

  text(): string {
    return decodeUtf8(this.delivery.body);
  }

  /**
   * The body as JSON; large integers come as `bigint`.
   * @throws {JsonError | SchemaError}
   */
  json(): unknown;
  json<T>(schema: Schema<T>): T;
  json<T>(schema?: Schema<T>): unknown {
    const value = parseJson(decodeUtf8(this.delivery.body));
    return schema === undefined ? value : applySchema(schema, value);
  }

  get hasBlob(): boolean {
    if (this.blobPlace === "passed-on") return true;
    if (this.blobPlace === "host") return this.keeper.hasBlob(this as unknown as Message);
    return this.blobHere !== undefined;
  }

  /**
   * The blob that came with it; reading it copies it into this process, once.
   * @throws {BlobGoneError} it was passed on with `inherit` before, and newer blobs have come
   */
  blob(): LazyLoadBlob | undefined {
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
      return applySchema(schema, parseJson(decodeUtf8(blob.bytes)));
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
export class IncomingRequest extends ReceivedMessage<GuestIncomingRequest> {
  readonly kind = "request";
  /** @internal */
  declare readonly prompts: Prompts;
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
  declare readonly under: IncomingRequest | undefined;

  static {
    Object.assign(this.prototype, {
      prompts: "yes",
      state: "open",
      running: false,
      kept: false,
      live: true,
      restorers: 0,
      inheritors: 0,
      waitedMs: 0,
      deferred: undefined,
      under: undefined,
    } satisfies Partial<IncomingRequest>);
  }

  constructor(
    delivery: GuestIncomingRequest,
    keeper: MessageKeeper,
    under: IncomingRequest | undefined,
  ) {
    super(delivery, keeper);
    if (delivery.expectsResponse === undefined) this.prompts = delivery.inherit ? "maybe" : "no";
    if (under !== undefined) this.under = under;
  }

  /** Seconds the sender waits, or `undefined` when it expects no response. */
  get expectsResponse(): U64 | undefined {
    return this.delivery.expectsResponse;
  }

  get inherit(): boolean {
    return this.delivery.inherit;
  }

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
export class IncomingResponse extends ReceivedMessage<GuestIncomingResponse> {
  readonly kind = "response";
  /** @internal */
  declare readonly live: true;
  /** What was given as `context` with the request; it never left this node. */
  declare readonly context: Uint8Array | undefined;

  static {
    Object.assign(this.prototype, { live: true, context: undefined });
  }

  constructor(
    delivery: GuestIncomingResponse,
    keeper: MessageKeeper,
    context: Uint8Array | undefined,
  ) {
    super(delivery, keeper);
    if (context !== undefined) this.context = context;
  }
}

export type Message = IncomingRequest | IncomingResponse;
