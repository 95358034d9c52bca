/**
 * Messages as the kernel writes them in JSON, and as a process sends them: converters both ways.
 * Source: spec/packages-and-tools.md §25.10, spec/kernel.md §4.2.
 * @module
 */
import type {
  GuestBlob,
  GuestCapability,
  GuestRequest,
  GuestResponse,
  SendErrorKind,
  U64,
} from "@kinode-ts/types";
import { encodeBody } from "./body.ts";
import type { ExitRequest, OnExit } from "./on-exit.ts";
import { toBlob } from "./blob.ts";
import { targetText } from "./address.ts";
import { encodeUtf8 } from "./utf8.ts";

/** A blob in JSON; the bytes as numbers. */
export interface KernelBlob {
  readonly mime: string | null;
  readonly bytes: readonly number[];
}

/** Alone, or with its signature. */
export type KernelCapability =
  GuestCapability | readonly [capability: GuestCapability, signature: readonly number[]];

/** A request in JSON, without its target. */
export interface KernelRequest {
  readonly inherit: boolean;
  /** Seconds. */
  readonly expects_response: U64 | null;
  readonly body: readonly number[];
  readonly metadata: string | null;
  readonly capabilities: readonly KernelCapability[];
}

/** A response in JSON. */
export interface KernelResponseForm {
  readonly inherit: boolean;
  readonly body: readonly number[];
  readonly metadata: string | null;
  readonly capabilities: readonly KernelCapability[];
}

/** A message: a request, or a response with the context of its request. */
export type KernelMessageForm =
  | { readonly Request: KernelRequest }
  | { readonly Response: readonly [KernelResponseForm, context: readonly number[] | null] };

/** A failed request in JSON. */
export interface KernelSendError {
  readonly kind: "Offline" | "Timeout";
  /** Address of who did not get it. */
  readonly target: string;
  readonly message: KernelMessageForm;
  readonly lazy_load_blob: KernelBlob | null;
}

/** What happens at the end of a process, in JSON: requests as target, request and blob. */
export type KernelOnExit =
  | "None"
  | "Restart"
  | { readonly Requests: readonly (readonly [string, KernelRequest, KernelBlob | null])[] };

/** A failed request, as `SendError` has it. */
export interface FailedRequest {
  readonly kind: SendErrorKind;
  readonly target: string;
  readonly body: Uint8Array;
  readonly blob: GuestBlob | undefined;
}

const bytesOf = (body: Uint8Array | string): number[] => [
  ...(typeof body === "string" ? encodeUtf8(body) : body),
];

/** A blob as the kernel writes it in JSON. */
export function toKernelBlob(blob: GuestBlob): KernelBlob {
  return { mime: blob.mime ?? null, bytes: [...blob.bytes] };
}

/** A blob from the JSON of the kernel. */
export function fromKernelBlob({ mime, bytes }: KernelBlob): GuestBlob {
  return { mime: mime ?? undefined, bytes: Uint8Array.from(bytes) };
}

/** Without the signature: whether it is a real one, only the kernel can tell. */
export function fromKernelCapability(capability: KernelCapability): GuestCapability {
  const { issuer, params } = "issuer" in capability ? capability : capability[0];
  return { issuer, params };
}

/** Target, context and blob stand beside it in the kernel's forms. */
export function toKernelRequest(request: Omit<GuestRequest, "target">): KernelRequest {
  const { inherit = false, expectsResponse, body, metadata, capabilities = [] } = request;
  return {
    inherit,
    expects_response: expectsResponse ?? null,
    body: bytesOf(body),
    metadata: metadata ?? null,
    capabilities: capabilities.map(({ issuer, params }) => ({ issuer, params })),
  };
}

/** A request from the JSON of the kernel; the target stands beside it there. */
export function fromKernelRequest(request: KernelRequest): Omit<GuestRequest, "target"> {
  return {
    inherit: request.inherit,
    expectsResponse: request.expects_response ?? undefined,
    body: Uint8Array.from(request.body),
    metadata: request.metadata ?? undefined,
    capabilities: request.capabilities.map(fromKernelCapability),
  };
}

/** A response as the kernel writes it in JSON. */
export function toKernelResponse(response: GuestResponse): KernelResponseForm {
  const { inherit = false, body, metadata, capabilities = [] } = response;
  return {
    inherit,
    body: bytesOf(body),
    metadata: metadata ?? null,
    capabilities: capabilities.map(({ issuer, params }) => ({ issuer, params })),
  };
}

/** A response from the JSON of the kernel. */
export function fromKernelResponse(response: KernelResponseForm): GuestResponse {
  return {
    inherit: response.inherit,
    body: Uint8Array.from(response.body),
    metadata: response.metadata ?? undefined,
    capabilities: response.capabilities.map(fromKernelCapability),
  };
}

type MessageParts =
  | { readonly kind: "request"; readonly request: Omit<GuestRequest, "target"> }
  | {
      readonly kind: "response";
      readonly response: GuestResponse;
      readonly context: Uint8Array | undefined;
    };

/** A message as the kernel writes it in JSON; a response with the context of its request. */
export function toKernelMessage(message: MessageParts): KernelMessageForm {
  if (message.kind === "request") return { Request: toKernelRequest(message.request) };
  const { response, context } = message;
  return { Response: [toKernelResponse(response), context === undefined ? null : [...context]] };
}

/** A message from the JSON of the kernel. */
export function fromKernelMessage(message: KernelMessageForm): MessageParts {
  if ("Request" in message) return { kind: "request", request: fromKernelRequest(message.Request) };
  const [response, context] = message.Response;
  return {
    kind: "response",
    response: fromKernelResponse(response),
    context: context === null ? undefined : Uint8Array.from(context),
  };
}

/** The request that failed is told by its body alone: more is not known of it here. */
export function toKernelSendError({ kind, target, body, blob }: FailedRequest): KernelSendError {
  return {
    kind: kind === "offline" ? "Offline" : "Timeout",
    target,
    message: { Request: toKernelRequest({ body }) },
    lazy_load_blob: blob === undefined ? null : toKernelBlob(blob),
  };
}

/** A failed request from the JSON of the kernel. */
export function fromKernelSendError(error: KernelSendError): FailedRequest {
  const { kind, target, message, lazy_load_blob: blob } = error;
  const { body } = "Request" in message ? message.Request : message.Response[0];
  return {
    kind: kind === "Offline" ? "offline" : "timeout",
    target,
    body: Uint8Array.from(body),
    blob: blob === null ? undefined : fromKernelBlob(blob),
  };
}

/** For `InitializeProcess` and `SetOnExit`. @throws {AddressParseError} a target of an `ExitRequest` */
export function toKernelOnExit(onExit: OnExit): KernelOnExit {
  if (onExit === "none") return "None";
  if (onExit === "restart") return "Restart";
  return {
    Requests: onExit.map(({ target, body, metadata, blob }) => [
      targetText(target),
      toKernelRequest({ body: encodeBody(body), metadata }),
      blob === undefined ? null : toKernelBlob(toBlob(blob)),
    ]),
  };
}

/** What happens at the end, from the JSON of the kernel. */
export function fromKernelOnExit(onExit: KernelOnExit): OnExit {
  if (onExit === "None") return "none";
  if (onExit === "Restart") return "restart";
  return onExit.Requests.map(([target, { body, metadata }, blob]): ExitRequest => ({
    target,
    body: Uint8Array.from(body),
    metadata: metadata ?? undefined,
    blob: blob === null ? undefined : fromKernelBlob(blob),
  }));
}
