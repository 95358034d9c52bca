/**
 * The types of `kinode:process/standard` as canonical ABI types over this project's own TypeScript types.
 * Source: spec/kernel.md §1.2; field order is WIT declaration order.
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
  Request,
  Response,
  Result,
  SendError,
} from "@kinode-ts/types";
import type { AbiType, ValueOf } from "./canonical-abi/abi-type.ts";
import { bytes, list, string } from "./canonical-abi/lists.ts";
import { mapped, record, tuple } from "./canonical-abi/records.ts";
import { enumOf } from "./canonical-abi/enums.ts";
import { bool, u64 } from "./canonical-abi/scalars.ts";
import type { CaseValue } from "./canonical-abi/variants.ts";
import { option, result, variant } from "./canonical-abi/variants.ts";
import type { StandardVersion } from "./select-interface.ts";

export const processId: AbiType<ProcessId> = mapped(
  record({ processName: string, packageName: string, publisherNode: string }),
  formatProcessId,
  processIdParts,
);

export const address: AbiType<Address> = record({ node: string, process: processId });

export const lazyLoadBlob: AbiType<LazyLoadBlob> = record({ mime: option(string), bytes });

export const capability: AbiType<Capability> = record({ issuer: address, params: string });

export const capabilities = list(capability);

export const request: AbiType<Request> = mapped(
  record({
    inherit: bool,
    expectsResponse: option(u64),
    body: bytes,
    metadata: option(string),
    capabilities,
  }),
  (fields): Request => ({ kind: "request", ...fields }),
  (value) => value,
);

export const response: AbiType<Response> = mapped(
  record({ inherit: bool, body: bytes, metadata: option(string), capabilities }),
  (fields): Response => ({ kind: "response", ...fields }),
  (value) => value,
);

/** A message with what WIT puts beside a response: the context the receiver had stored. */
interface MessageWithContext {
  readonly message: Message;
  readonly context: Uint8Array | undefined;
}

export const message: AbiType<MessageWithContext> = mapped<CaseValue, MessageWithContext>(
  variant([request, tuple(response, option(bytes))], ["request", "response"]),
  ({ index, payload }) => {
    if (index === 0) return { message: payload as Request, context: undefined };
    const [inner, context] = payload as readonly [Response, Uint8Array | undefined];
    return { message: inner, context };
  },
  (value) =>
    value.message.kind === "request"
      ? { index: 0, payload: value.message }
      : { index: 1, payload: [value.message, value.context] },
);

const onExitTarget = tuple(address, request, option(lazyLoadBlob));

export const onExit: AbiType<OnExit> = mapped<CaseValue, OnExit>(
  variant([undefined, undefined, list(onExitTarget)], ["none", "restart", "requests"]),
  ({ index, payload }) => {
    if (index < 2) return { kind: index === 0 ? "none" : "restart" };
    const requests = payload as readonly (readonly [Address, Request, LazyLoadBlob | undefined])[];
    return {
      kind: "requests",
      requests: requests.map(([target, request, blob]) => ({ target, request, blob })),
    };
  },
  (value) =>
    value.kind === "requests"
      ? { index: 2, payload: value.requests.map((item) => [item.target, item.request, item.blob]) }
      : { index: value.kind === "none" ? 0 : 1, payload: undefined },
);

export const outgoingRequests: AbiType<readonly OutgoingRequest[]> = mapped(
  list(tuple(address, request, option(bytes), option(lazyLoadBlob))),
  (items) => items.map(([target, request, context, blob]) => ({ target, request, context, blob })),
  (items) => items.map((item) => [item.target, item.request, item.context, item.blob] as const),
);

export const spawnError = enumOf(["name-taken", "no-file-at-path"]);

const sendErrorKind = enumOf(["offline", "timeout"]);
const plainMessage: AbiType<Message> = mapped(
  message,
  (value) => value.message,
  (value) => ({ message: value, context: undefined }),
);

/** Without `target` in 0.7.0 (K3). */
function sendErrorType(version: StandardVersion): AbiType<SendError> {
  const fields = { kind: sendErrorKind, message: plainMessage, blob: option(lazyLoadBlob) };
  if (version !== "0.7.0") {
    const { kind, ...rest } = fields;
    const names = ["kind", "target", "message", "lazy-load-blob"];
    return record({ kind, target: address, ...rest }, names);
  }
  const nowhere: Address = { node: "", process: "" as ProcessId };
  return mapped(
    record(fields, ["kind", "message", "lazy-load-blob"]),
    (value): SendError => ({ ...value, target: nowhere }),
    (value) => value,
  );
}

/** What `receive` and `send-and-await-response` answer; only ever lowered. */
export interface DeliveryTypes {
  readonly received: AbiType<Delivery>;
  readonly awaited: AbiType<Delivery>;
}

export function deliveryTypes(version: StandardVersion): DeliveryTypes {
  const sendError = sendErrorType(version);
  type Ok = readonly [Address, MessageWithContext];
  const ok = tuple(address, message);
  const unused = (): never => {
    throw new TypeError("A delivery is never lifted");
  };
  const contextual = tuple(sendError, option(bytes));
  return {
    received: mapped(
      result(ok, contextual),
      unused,
      (delivery: Delivery): Result<Ok, ValueOf<typeof contextual>> =>
        delivery.kind === "message"
          ? { ok: true, value: [delivery.source, delivery] }
          : { ok: false, error: [delivery.error, delivery.context] },
    ),
    awaited: mapped(result(ok, sendError), unused, (delivery: Delivery): Result<Ok, SendError> =>
      delivery.kind === "message"
        ? { ok: true, value: [delivery.source, delivery] }
        : { ok: false, error: delivery.error },
    ),
  };
}
