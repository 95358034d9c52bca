/**
 * Sending and receiving, in the recommended forms.
 * Source: spec/packages-and-tools.md §25.1, §25.3.
 * @module
 */
import type { GuestCapability } from "@kinode-ts/types";
import { Address, targetText } from "./address.ts";
import type { Target } from "./address.ts";
import type { Answer } from "./answer.ts";
import type { BlobLike, LazyLoadBlob, WebBlob } from "./blob.ts";
import { fromWebBlob, isWebBlob, toBlob } from "./blob.ts";
import type { Body } from "./body.ts";
import { encodeBody } from "./body.ts";
import { attached } from "./capabilities.ts";
import { dispatcher, host, running } from "./current.ts";
import type { Handler, ServeOptions } from "./dispatcher.ts";
import type { Duration } from "./duration.ts";
import { toSeconds } from "./duration.ts";
import { BuildError } from "./errors.ts";
import type { OutgoingRequest } from "./exchange.ts";
import type { IncomingRequest, IncomingResponse, Message } from "./message.ts";
import { encodeUtf8 } from "./utf8.ts";

/** The part of a web `AbortSignal` that is used. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void): void;
}

/** What a request carries besides target and body. Source: spec/packages-and-tools.md §25.3. */
export interface SendOptions {
  readonly blob?: BlobLike | undefined;
  /**
   * The message to inherit from. Its blob is forwarded unread, unless `blob` is given. When no response is expected and
   * it is a request, the answer goes to whoever waits for that one. `true` stands for the last message received, which is
   * what is meant before the first `await` of a handler and right after an awaited response.
   */
  readonly inherit?: boolean | Message | undefined;
  /** Free text, JSON by convention. */
  readonly metadata?: string | undefined;
  /** `"messaging"`: the right to message us; `"all"`: everything we hold that the target issued; or a list. */
  readonly attach?: "messaging" | "all" | readonly GuestCapability[] | undefined;
  /** Returned with the response or the failure; never leaves the node. */
  readonly context?: Uint8Array | string | undefined;
}

/** The same, and how long to wait. */
export interface RequestOptions extends SendOptions {
  /** How long to wait for the response; the wire counts whole seconds, rounded up. Default 5 s. */
  readonly timeout?: Duration | undefined;
  /** Stops waiting; the request itself cannot be taken back. */
  readonly signal?: AbortSignalLike | undefined;
}

/** The same for requests that are not awaited. */
export interface OneWayOptions extends SendOptions {
  /** Ask for a response, to be delivered to `receive` or `serve`, within this time. */
  readonly expectsResponse?: Duration | undefined;
}

const DEFAULT_TIMEOUT_S = 5;
const SENT: Promise<void> = Promise.resolve();

let lastTarget: Target | undefined;
let lastTargetText = "";

function textOf(target: Target): string {
  if (target !== lastTarget) {
    if (target === undefined || target === null) throw new BuildError({ code: "NoTarget" });
    lastTargetText = targetText(target);
    lastTarget = target;
  }
  return lastTargetText;
}

function outgoing(
  target: Target | Whole,
  body: Body | undefined,
  options: SendOptions,
): OutgoingRequest {
  if (body === undefined || body === null) throw new BuildError({ code: "NoBody" });
  const { blob, attach } = options;
  const text = textOf(target as Target);
  return {
    target: text,
    body: encodeBody(body),
    blob: blob === undefined ? undefined : toBlob(blob),
    inherit: options.inherit ?? false,
    metadata: options.metadata,
    capabilities: attach === undefined ? undefined : attached(attach, text),
  };
}

function contextBytes(context: Uint8Array | string | undefined): Uint8Array | undefined {
  return typeof context === "string" ? encodeUtf8(context) : context;
}

/**
 * Sends a request and waits for its response; other messages are handled meanwhile.
 * Rejects with a `SendError` when it cannot be delivered or is not answered in time, with a `BuildError` or
 * `AddressParseError` when it cannot be sent, and with the signal's reason when that aborts.
 */
export function request(
  target: Target,
  body: Body,
  options?: RequestOptions,
): Promise<IncomingResponse>;
/** The same with everything in one object, such as `Request.to(…).body(…).build()` makes. */
export function request(
  whole: RequestOptions & { readonly target: Target; readonly body: Body },
): Promise<IncomingResponse>;
export function request(
  target: Target | Whole,
  body?: Body,
  options?: RequestOptions,
): Promise<IncomingResponse> {
  if (body === undefined && isWhole(target)) return request(target.target, target.body, target);
  if (options === undefined) {
    if (target !== lastTarget || typeof body !== "string") return plainRequest(target, body);
    try {
      return (running ?? dispatcher()).requestPlain(lastTargetText, body, DEFAULT_TIMEOUT_S);
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  }
  const { timeout, signal, blob } = options;
  if (signal?.aborted === true) return Promise.reject(abortReason(signal));
  if (blob !== undefined && isWebBlob(blob)) {
    return reading(options, blob).then((read) => request(target as Target, body!, read));
  }
  try {
    const seconds = timeout === undefined ? DEFAULT_TIMEOUT_S : toSeconds(timeout);
    const response = dispatcher().request(
      outgoing(target, body, options),
      seconds,
      contextBytes(options.context),
    );
    return signal === undefined ? response : untilAborted(response, signal);
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}

type Whole = SendOptions & { readonly target: Target; readonly body: Body };

function isWhole(target: Target | Whole): target is Whole {
  return typeof target === "object" && target !== null && "target" in target;
}

function plainRequest(target: Target | Whole, body: Body | undefined): Promise<IncomingResponse> {
  try {
    if (body === undefined || body === null) throw new BuildError({ code: "NoBody" });
    return dispatcher().requestPlain(textOf(target as Target), encodeBody(body), DEFAULT_TIMEOUT_S);
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignalLike): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(abortReason(signal)));
    promise.then(resolve, reject);
  });
}

function abortReason(signal: AbortSignalLike): unknown {
  return signal.reason ?? new Error("The wait for a response was aborted");
}

/** Reads a web `Blob`. What `inherit: true` stands for is looked up now: later it may be another message. */
async function reading<T extends SendOptions>(options: T, blob: WebBlob): Promise<T> {
  const { inherit } = options;
  const from = inherit === true ? (dispatcher().exchange.newest ?? true) : inherit;
  return { ...options, inherit: from, blob: await fromWebBlob(blob) };
}

/**
 * Sends a request without waiting for a response. Settles at once, or later while the kernel slows this sender down.
 * @throws {BuildError | AddressParseError} it cannot be sent
 */
export function send(target: Target, body: Body, options?: OneWayOptions): Promise<void>;
/** The same with everything in one object, such as `Request.to(…).body(…).build()` makes. */
export function send(whole: Sending): Promise<void>;
export function send(
  target: Target | Sending,
  body?: Body,
  options: OneWayOptions = {},
): Promise<void> {
  if (body === undefined && isWhole(target)) return send(target.target, target.body, target);
  const { blob } = options;
  if (blob !== undefined && isWebBlob(blob)) {
    return reading(options, blob).then((read) => send(target as Target, body!, read));
  }
  const out = outgoing(target, body, options);
  const { expectsResponse, context } = options;
  const sent =
    expectsResponse === undefined
      ? dispatcher().exchange.sendOneWay(out)
      : dispatcher().sendExpecting(out, toSeconds(expectsResponse), contextBytes(context));
  return sent ?? SENT;
}

/** One element of `sendAll`. */
export type Sending = OneWayOptions & { readonly target: Target; readonly body: Body };

/** Sends in order; not atomic. */
export async function sendAll(requests: readonly Sending[]): Promise<void> {
  for (const one of requests) await send(one);
}

/** The next message. Rejects with a `SendError` where a request sent with `expectsResponse` has failed. */
export function receive(): Promise<Message> {
  return dispatcher().receive();
}

/** Body of the next message. */
export async function receiveBody(): Promise<Uint8Array> {
  return (await receive()).body;
}

/** All messages from now on. A `SendError` ends a `for await` with that error; a new one goes on after it. */
export const inbox: AsyncIterable<Message> = {
  [Symbol.asyncIterator](): AsyncIterator<Message> {
    return {
      next: async () => ({ done: false, value: await receive() }),
      return: () => Promise.resolve({ done: true, value: undefined }),
    };
  },
};

/**
 * Answers the request being handled: the last one received, or the one an awaited response belongs to. Nothing
 * happens when nobody waits. In code that awaits events of others, use `message.respond` or a return value.
 */
export function respond(answer: Answer): void {
  dispatcher().exchange.current?.respond(answer);
}

/**
 * Gives each incoming request to the handler and answers with what it returns; many may be in progress at once.
 * Settles when `stopServing` is called. HTTP servers and other clients of this library see their messages first.
 */
export function serve(handler: Handler = ignore, options: ServeOptions = {}): Promise<void> {
  return dispatcher().serve(handler, options);
}

function ignore(message: IncomingRequest): void {
  host().printToTerminal(2, `Ignored a request of "${message.sender}"`);
}

/** Ends `serve`: it settles, and requests wait for the next `serve` or `receive`. */
export function stopServing(): void {
  dispatcher().stop();
}

/** The newest blob ever received, even if the current message has none. */
export function lastBlob(): LazyLoadBlob | undefined {
  return host().lastBlob();
}

let ourAddress: Address | undefined;
let ourText = "";

function readOur(): Address {
  const text = host().our();
  if (text !== ourText) {
    ourAddress = Address.parse(text);
    ourText = text;
  }
  return ourAddress!;
}

/** Our own address: `our()` is it as a value; its parts and its text are here too, as `our.node` and `${our}`. */
export interface Our extends Pick<
  Address,
  | "node"
  | "process"
  | "package"
  | "publisher"
  | "processId"
  | "packageId"
  | "equals"
  | "toString"
  | "toJSON"
> {
  (): Address;
}

const OUR_PARTS = ["node", "process", "package", "publisher", "processId"] as const;
const OUR_METHODS: Pick<Address, "packageId" | "equals" | "toString" | "toJSON"> = {
  packageId: () => readOur().packageId(),
  equals: (other) => readOur().equals(other),
  toString: () => readOur().toString(),
  toJSON: () => readOur().toJSON(),
};

/** Our own address. @throws {NoHostError} outside a process, when it is asked for */
export const our: Our = Object.assign(
  Object.defineProperties(
    readOur,
    Object.fromEntries(OUR_PARTS.map((part) => [part, { get: () => readOur()[part] }])),
  ),
  OUR_METHODS,
) as Our;
