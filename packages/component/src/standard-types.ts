/**
 * The types of `kinode:process/standard` as canonical ABI types over this project's own TypeScript types.
 * What they consist of comes from `wit/` (generated/standard-wit.ts); here is how they look in TypeScript.
 * Source: spec/kernel.md §1.2.
 * @module
 */
import { formatProcessId, processIdParts } from "@kinode-ts/types";
import type {
  Address,
  Capability,
  Delivery,
  LazyLoadBlob,
  Message,
  OnExit,
  OutgoingRequest,
  ProcessId,
  ProcessIdParts,
  Request,
  Response,
  Result,
  SendError,
  SpawnError,
} from "@kinode-ts/types";
import type { AbiType } from "./canonical-abi/abi-type.ts";
import { mapped } from "./canonical-abi/records.ts";
import type { CaseValue } from "./canonical-abi/variants.ts";
import { STANDARD_WIT } from "./generated/standard-wit.ts";
import type { StandardVersion } from "./select-interface.ts";
import { buildInterface } from "./wit-data.ts";
import type { BuiltInterface, Forms } from "./wit-data.ts";

/** A message with what WIT puts beside a response: the context the receiver had stored. */
interface MessageWithContext {
  readonly message: Message;
  readonly context: Uint8Array | undefined;
}

/** As WIT has it; `target` is not in 0.7.0 (K3). */
interface PlainSendError {
  readonly kind: SendError["kind"];
  readonly target?: Address;
  readonly message: MessageWithContext;
  readonly lazyLoadBlob: LazyLoadBlob | undefined;
}

type PlainOutgoing = readonly [Address, Request, Uint8Array | undefined, LazyLoadBlob | undefined];

const NOWHERE: Address = { node: "", process: "" as ProcessId };

const FORMS: Forms = {
  "process-id": (type: AbiType<ProcessIdParts>) => mapped(type, formatProcessId, processIdParts),
  request: (type: AbiType<Omit<Request, "kind">>) =>
    mapped(
      type,
      (fields): Request => ({ kind: "request", ...fields }),
      (value) => value,
    ),
  response: (type: AbiType<Omit<Response, "kind">>) =>
    mapped(
      type,
      (fields): Response => ({ kind: "response", ...fields }),
      (value) => value,
    ),
  message: (type: AbiType<CaseValue>) => mapped(type, toMessage, fromMessage),
  "on-exit": (type: AbiType<CaseValue>) => mapped(type, toOnExit, fromOnExit),
  "send-error": (type: AbiType<PlainSendError>) =>
    mapped(
      type,
      ({ kind, target = NOWHERE, message, lazyLoadBlob }): SendError => ({
        kind,
        target,
        message: message.message,
        blob: lazyLoadBlob,
      }),
      ({ kind, target, message, blob }) => ({
        kind,
        target,
        message: { message, context: undefined },
        lazyLoadBlob: blob,
      }),
    ),
};

function toMessage({ index, payload }: CaseValue): MessageWithContext {
  if (index === 0) return { message: payload as Request, context: undefined };
  const [message, context] = payload as readonly [Response, Uint8Array | undefined];
  return { message, context };
}

function fromMessage({ message, context }: MessageWithContext): CaseValue {
  return message.kind === "request"
    ? { index: 0, payload: message }
    : { index: 1, payload: [message, context] };
}

type OnExitTarget = readonly [Address, Request, LazyLoadBlob | undefined];

function toOnExit({ index, payload }: CaseValue): OnExit {
  if (index < 2) return { kind: index === 0 ? "none" : "restart" };
  const targets = payload as readonly OnExitTarget[];
  return {
    kind: "requests",
    requests: targets.map(([target, request, blob]) => ({ target, request, blob })),
  };
}

function fromOnExit(value: OnExit): CaseValue {
  if (value.kind !== "requests")
    return { index: value.kind === "none" ? 0 : 1, payload: undefined };
  return {
    index: 2,
    payload: value.requests.map(({ target, request, blob }) => [target, request, blob]),
  };
}

const built = new Map<StandardVersion, BuiltInterface>();

/** Types and functions of one version. Built once. */
export function standardTypes(version: StandardVersion): BuiltInterface {
  let made = built.get(version);
  if (made === undefined) {
    made = buildInterface(STANDARD_WIT[`kinode:process/standard@${version}`]!, FORMS);
    built.set(version, made);
  }
  return made;
}

const NEWEST = standardTypes("1.0.0");
const newest = <T>(name: string): AbiType<T> => NEWEST.types.get(name) as AbiType<T>;
const param = (name: string, index: number): AbiType<unknown> =>
  NEWEST.functions.get(name)!.params[index]!;

// these are the same in all versions
export const processId = newest<ProcessId>("process-id");
export const address = newest<Address>("address");
export const lazyLoadBlob = newest<LazyLoadBlob>("lazy-load-blob");
export const request = newest<Request>("request");
export const response = newest<Response>("response");
export const message = newest<MessageWithContext>("message");
export const onExit = newest<OnExit>("on-exit");
export const spawnError = newest<SpawnError>("spawn-error");
export const capabilities = param("save-capabilities", 0) as AbiType<readonly Capability[]>;

export const outgoingRequests: AbiType<readonly OutgoingRequest[]> = mapped(
  param("send-requests", 0) as AbiType<readonly PlainOutgoing[]>,
  (items) => items.map(toOutgoing),
  (items) => items.map((item) => [item.target, item.request, item.context, item.blob] as const),
);

function toOutgoing([target, request, context, blob]: PlainOutgoing): OutgoingRequest {
  return { target, request, context, blob };
}

/** What `receive` and `send-and-await-response` answer; only ever lowered. */
export interface DeliveryTypes {
  readonly received: AbiType<Delivery>;
  readonly awaited: AbiType<Delivery>;
}

type Delivered = readonly [Address, MessageWithContext];
type Received = Result<Delivered, readonly [SendError, Uint8Array | undefined]>;
type Awaited = Result<Delivered, SendError>;

export function deliveryTypes(version: StandardVersion): DeliveryTypes {
  const { functions } = standardTypes(version);
  const unused = (): never => {
    throw new TypeError("A delivery is never lifted");
  };
  return {
    received: mapped(
      functions.get("receive")!.result as AbiType<Received>,
      unused,
      (delivery: Delivery): Received =>
        delivery.kind === "message"
          ? { ok: true, value: [delivery.source, delivery] }
          : { ok: false, error: [delivery.error, delivery.context] },
    ),
    awaited: mapped(
      functions.get("send-and-await-response")!.result as AbiType<Awaited>,
      unused,
      (delivery: Delivery): Awaited =>
        delivery.kind === "message"
          ? { ok: true, value: [delivery.source, delivery] }
          : { ok: false, error: delivery.error },
    ),
  };
}
