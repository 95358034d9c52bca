/**
 * Hand-made lowerings of the functions every message passes through.
 * They do what the descriptors of standard-types.ts say, without building what is not needed; a property test holds the
 * two against each other. Offsets are those of the canonical layout, written out in `AT`.
 * @module
 */
import { u64FromHalves } from "@kinode-ts/types";
import type {
  Capability,
  Delivery,
  LazyLoadBlob,
  ProcessHost,
  Request,
  Response,
} from "@kinode-ts/types";
import type { HostFunctionType } from "./api.ts";
import type { GuestMemory } from "./canonical-abi/guest-memory.ts";
import { GuestTrap } from "./canonical-abi/guest-memory.ts";
import type { CoreFunction, ImportBinding } from "./canonical-abi/lower-function.ts";
import { coreType } from "./canonical-abi/lower-function.ts";
import { storeU64 } from "./canonical-abi/scalars.ts";
import { STATUS } from "./core-module/metering.ts";
import type { FiberPort } from "./fiber-port.ts";
import { WAITING } from "./fiber-port.ts";
import { ensureStack } from "./stack-guard.ts";
import type { DeliveryTypes } from "./standard-types.ts";
import { capabilities } from "./standard-types.ts";

/** Offsets in bytes. */
const AT = {
  /** `result<tuple<address, message>, …>` */
  delivery: { address: 8, messageCase: 40, message: 48 },
  request: { inherit: 0, expects: 8, expectsValue: 16, body: 24, metadata: 32, capabilities: 44 },
  response: { inherit: 0, body: 4, metadata: 12, capabilities: 24, context: 32 },
  /** Parameters that travel in memory. */
  sendRequest: { address: 0, request: 32, context: 88, blob: 100, size: 128 },
  sendAndAwait: { address: 0, request: 32, blob: 88, size: 112 },
  blob: { mime: 4, bytes: 16, size: 24 },
  /** Four strings. */
  address: { size: 32 },
};

const NO_CAPABILITIES: readonly Capability[] = [];
/** Bytes copied between guest and node that count as much as one host call. */
const COPY_SHIFT = 12;

export function hotBindings(
  types: ReadonlyMap<string, HostFunctionType>,
  deliveries: DeliveryTypes,
): ReadonlyMap<string, ImportBinding> {
  const sizeOfReceived = deliveries.received.sizeBytes;
  const sizeOfAwaited = deliveries.awaited.sizeBytes;
  const binders: Readonly<Record<string, (fiber: FiberPort) => CoreFunction>> = {
    receive: (fiber) => {
      fiber.deliveries = deliveries;
      return (at: number) => receive(fiber, at >>> 0, sizeOfReceived);
    },
    "send-and-await-response": (fiber) => {
      fiber.deliveries = deliveries;
      return (params: number, at: number) =>
        sendAndAwait(fiber, params >>> 0, at >>> 0, sizeOfAwaited);
    },
    "send-request": (fiber) => (params: number) => sendRequest(fiber, params >>> 0),
    "send-response": bindSendResponse,
    "get-blob": (fiber) => (at: number) => getBlob(fiber, at >>> 0),
    "has-blob": (fiber) => () => hasBlob(fiber),
    our: (fiber) => (at: number) => our(fiber, at >>> 0),
  };
  const bindings = new Map<string, ImportBinding>();
  for (const [name, bind] of Object.entries(binders)) {
    const signature = types.get(name);
    // not every version has all of them
    if (signature === undefined) continue;
    const protocol = name === "has-blob" ? "errno" : "status";
    bindings.set(name, { type: coreType(signature), protocol, signature, bind });
  }
  return bindings;
}

function receive(fiber: FiberPort, at: number, size: number): number {
  if (fiber.over) return STATUS.end;
  try {
    ensureStack(0);
    fiber.memory.checkAligned(at, size, 8);
    const delivery = fiber.host.poll();
    if (delivery === undefined) return fiber.waitForDelivery(WAITING.received, at);
    fiber.spend();
    storeDelivery(fiber, delivery, at, WAITING.received);
    return STATUS.done;
  } catch (thrown) {
    return fiber.fault(thrown);
  }
}

/** Asked by libraries after every response. */
function hasBlob(fiber: FiberPort): number {
  if (fiber.over) return -STATUS.end;
  try {
    ensureStack(0);
    fiber.spend();
    return fiber.host.hasBlob() ? 1 : 0;
  } catch (thrown) {
    fiber.fault(thrown);
    return -STATUS.end;
  }
}

/** Asked by libraries for every message, to see whether it is from this node. */
function our(fiber: FiberPort, at: number): number {
  if (fiber.over) return STATUS.end;
  try {
    ensureStack(0);
    const { memory } = fiber;
    memory.checkAligned(at, AT.address.size, 4);
    fiber.spend();
    const { parts } = fiber.addresses.encode(fiber.host.our);
    for (let i = 0; i < 4; i++) memory.storeBytes(parts[i]!, at + 8 * i);
    return STATUS.done;
  } catch (thrown) {
    return fiber.fault(thrown);
  }
}

function sendAndAwait(fiber: FiberPort, params: number, at: number, size: number): number {
  if (fiber.over) return STATUS.end;
  try {
    ensureStack(0);
    const { memory, host } = fiber;
    memory.checkAligned(params, AT.sendAndAwait.size, 8);
    memory.checkAligned(at, size, 8);
    memory.beginCall();
    const request = liftRequest(fiber, params + AT.sendAndAwait.request);
    const blob = loadBlob(fiber, params + AT.sendAndAwait.blob);
    fiber.spend();
    host.beginAwait(liftTarget(fiber, params), request, blob);
    const delivery = host.pollAwaited();
    if (delivery === undefined) return fiber.waitForDelivery(WAITING.awaited, at);
    storeDelivery(fiber, delivery, at, WAITING.awaited);
    return STATUS.done;
  } catch (thrown) {
    return fiber.fault(thrown);
  }
}

function sendRequest(fiber: FiberPort, params: number): number {
  if (fiber.over) return STATUS.end;
  try {
    ensureStack(0);
    const { memory } = fiber;
    memory.checkAligned(params, AT.sendRequest.size, 8);
    memory.beginCall();
    const request = liftRequest(fiber, params + AT.sendRequest.request);
    const context = loadOptionalBytes(fiber, params + AT.sendRequest.context);
    const blob = loadBlob(fiber, params + AT.sendRequest.blob);
    fiber.spend();
    const slowed = fiber.host.sendRequest(liftTarget(fiber, params), request, context, blob);
    return slowed === undefined ? STATUS.done : fiber.waitFor(slowed, undefined);
  } catch (thrown) {
    return fiber.fault(thrown);
  }
}

/** Its 14 flat parameters are written out: collecting them in an array costs as much as the rest. */
function bindSendResponse(fiber: FiberPort): CoreFunction {
  const { memory } = fiber;
  return (
    inherit: number,
    bodyAt: number,
    bodyLength: number,
    hasMetadata: number,
    metadataAt: number,
    metadataLength: number,
    capabilitiesAt: number,
    capabilitiesLength: number,
    hasBlob: number,
    hasMime: number,
    mimeAt: number,
    mimeLength: number,
    blobAt: number,
    blobLength: number,
  ): number => {
    if (fiber.over) return STATUS.end;
    try {
      ensureStack(0);
      memory.beginCall();
      const response: Response = {
        kind: "response",
        inherit: inherit !== 0,
        body: copyOut(fiber, bodyAt >>> 0, bodyLength >>> 0),
        metadata: isSome(hasMetadata)
          ? memory.string(metadataAt >>> 0, metadataLength >>> 0)
          : undefined,
        capabilities: liftCapabilities(memory, capabilitiesAt >>> 0, capabilitiesLength >>> 0),
      };
      const blob = isSome(hasBlob)
        ? liftBlob(fiber, hasMime, mimeAt >>> 0, mimeLength >>> 0, blobAt >>> 0, blobLength >>> 0)
        : undefined;
      fiber.spend();
      const slowed = fiber.host.sendResponse(response, blob);
      return slowed === undefined ? STATUS.done : fiber.waitFor(slowed, undefined);
    } catch (thrown) {
      return fiber.fault(thrown);
    }
  };
}

function getBlob(fiber: FiberPort, at: number): number {
  if (fiber.over) return STATUS.end;
  try {
    const { memory } = fiber;
    memory.checkAligned(at, AT.blob.size, 4);
    const blob = blobInHand(fiber.host);
    fiber.spend();
    memory.u8[at] = blob === undefined ? 0 : 1;
    if (blob !== undefined) {
      storeOptionalString(memory, blob.mime, at + AT.blob.mime);
      copyIn(fiber, blob.bytes, at + AT.blob.bytes);
    }
    return STATUS.done;
  } catch (thrown) {
    return fiber.fault(thrown);
  }
}

// Both are copied at once: what runs of the guest meanwhile, its allocator, traps when it calls the host.
function blobInHand(host: ProcessHost): LazyLoadBlob | undefined {
  if (host.peekBlob === undefined) return host.getBlob();
  return host.hasBlob() ? host.peekBlob() : undefined;
}

/** The newest blob ever received, without taking hold of it. */
export function peekBlob(host: ProcessHost): LazyLoadBlob | undefined {
  return host.peekBlob === undefined ? host.lastBlob() : host.peekBlob();
}

function isSome(discriminant: number): boolean {
  if (discriminant === 0) return false;
  if (discriminant === 1) return true;
  throw new GuestTrap(
    `The process passed case ${discriminant >>> 0} of an option, which has 2 cases`,
  );
}

function copyOut(fiber: FiberPort, pointer: number, length: number): Uint8Array {
  const { memory } = fiber;
  if (length > 1 << COPY_SHIFT) fiber.spend(length >>> COPY_SHIFT);
  return memory.byteList(pointer, length);
}

function copyIn(fiber: FiberPort, bytes: Uint8Array, at: number): void {
  if (bytes.length > 1 << COPY_SHIFT) fiber.spend(bytes.length >>> COPY_SHIFT);
  fiber.memory.storeBytes(bytes, at);
}

function liftTarget(fiber: FiberPort, at: number) {
  const known = fiber.addresses.lift(fiber.memory, at >> 2, fiber.lastTarget);
  fiber.lastTarget = known;
  return known.address;
}

function liftCapabilities(
  memory: GuestMemory,
  pointer: number,
  length: number,
): readonly Capability[] {
  if (length === 0 && (pointer & 3) === 0) {
    memory.check(pointer, 0);
    return NO_CAPABILITIES;
  }
  return capabilities.liftFlat(memory, [pointer, length], 0);
}

/** All fields lie in checked memory. */
function liftRequest(fiber: FiberPort, at: number): Request {
  const { memory } = fiber;
  const bytes = memory.view();
  const words = memory.u32;
  const word = at >> 2;
  const expects = isSome(bytes[at + AT.request.expects]!);
  return {
    kind: "request",
    inherit: bytes[at]! !== 0,
    expectsResponse: expects ? u64FromHalves(words[word + 5]!, words[word + 4]!) : undefined,
    body: copyOut(fiber, words[word + 6]!, words[word + 7]!),
    metadata: isSome(bytes[at + AT.request.metadata]!)
      ? memory.string(words[word + 9]!, words[word + 10]!)
      : undefined,
    capabilities: liftCapabilities(memory, words[word + 11]!, words[word + 12]!),
  };
}

function loadOptionalBytes(fiber: FiberPort, at: number): Uint8Array | undefined {
  const { memory } = fiber;
  if (!isSome(memory.u8[at]!)) return undefined;
  const word = at >> 2;
  return copyOut(fiber, memory.u32[word + 1]!, memory.u32[word + 2]!);
}

function loadBlob(fiber: FiberPort, at: number): LazyLoadBlob | undefined {
  const { u8, u32 } = fiber.memory;
  if (!isSome(u8[at]!)) return undefined;
  const word = at >> 2;
  const hasMime = u8[at + AT.blob.mime]!;
  return liftBlob(fiber, hasMime, u32[word + 2]!, u32[word + 3]!, u32[word + 4]!, u32[word + 5]!);
}

function liftBlob(
  fiber: FiberPort,
  hasMime: number,
  mimeAt: number,
  mimeLength: number,
  bytesAt: number,
  bytesLength: number,
): LazyLoadBlob {
  const { blobs } = fiber.environment;
  const mime = isSome(hasMime) ? liftMime(fiber, mimeAt, mimeLength) : undefined;
  if (bytesLength < blobs.minBytes) return { mime, bytes: copyOut(fiber, bytesAt, bytesLength) };
  fiber.spend(bytesLength >>> COPY_SHIFT);
  return blobs.lease(mime, fiber.memory.bytesInto(bytesAt, bytesLength, blobs));
}

function liftMime(fiber: FiberPort, pointer: number, length: number): string {
  const { lastMime } = fiber;
  if (lastMime !== undefined && fiber.memory.isText(lastMime, pointer, length)) return lastMime;
  return (fiber.lastMime = fiber.memory.string(pointer, length));
}

function storeOptionalString(memory: GuestMemory, text: string | undefined, at: number): void {
  if (text === undefined) {
    memory.view()[at] = 0;
    return;
  }
  memory.storeString(text, at + 4);
  memory.view()[at] = 1;
}

/** Writes a delivery to checked, aligned memory. Messages by hand, errors by their type. */
export function storeDelivery(
  fiber: FiberPort,
  delivery: Delivery,
  at: number,
  waiting: number,
): void {
  const { memory } = fiber;
  if (delivery.kind !== "message") {
    const { received, awaited } = fiber.deliveries!;
    (waiting === WAITING.received ? received : awaited).store(memory, delivery, at);
    return;
  }
  const { source, message } = delivery;
  let known = fiber.lastSource;
  if (known === undefined || known.address !== source) {
    fiber.lastSource = known = fiber.addresses.encode(source);
  }
  memory.view()[at] = 0;
  const body = at + AT.delivery.message;
  const isRequest = message.kind === "request";
  const layout = isRequest ? AT.request : AT.response;
  const { length } = message.body;
  if (length > 1 << COPY_SHIFT) fiber.spend(length >>> COPY_SHIFT);
  memory.storeMessage(known.parts, at + AT.delivery.address, message.body, body + layout.body);
  storeOptionalString(memory, message.metadata, body + layout.metadata);
  storeCapabilities(memory, message.capabilities, body + layout.capabilities);
  if (!isRequest) storeOptionalBytes(fiber, delivery.context, body + AT.response.context);
  const bytes = memory.view();
  bytes[at + AT.delivery.messageCase] = isRequest ? 0 : 1;
  bytes[body] = message.inherit ? 1 : 0;
  if (isRequest) {
    const expects = message.expectsResponse;
    bytes[body + AT.request.expects] = expects === undefined ? 0 : 1;
    if (expects !== undefined) storeU64(memory.u32, expects, (body + AT.request.expectsValue) >> 2);
  }
}

function storeCapabilities(memory: GuestMemory, held: readonly Capability[], at: number): void {
  if (held.length !== 0) {
    capabilities.store(memory, held, at);
    return;
  }
  memory.view();
  memory.u32[at >> 2] = 4;
  memory.u32[(at >> 2) + 1] = 0;
}

function storeOptionalBytes(fiber: FiberPort, value: Uint8Array | undefined, at: number): void {
  if (value !== undefined) copyIn(fiber, value, at + 4);
  fiber.memory.view()[at] = value === undefined ? 0 : 1;
}
