/**
 * Values of the guest interface (types/guest.ts) to values of the kernel and back, for scripts that run natively.
 * Rules and error texts are those of the engine component (engine/src/lower.h): a script cannot tell where it runs.
 * Bytes are copied both ways, so nobody shares memory with the sender or the kernel.
 * @module
 */
import {
  type Address,
  type Capability,
  formatAddress,
  type GuestBlob,
  type GuestCapability,
  type GuestDelivery,
  type GuestOnExit,
  type GuestRequest,
  type GuestSpawn,
  type Delivery,
  type LazyLoadBlob,
  NameError,
  type OnExit,
  type OutgoingRequest,
  parseAddress,
  parseProcessId,
  type ProcessId,
  type Request,
  type Response,
  type SpawnRequest,
  toU64,
  type U64,
} from "@kinode-ts/types";

/** As MAX_LIST_ITEMS in engine/src/lower.h: bounds what one call makes the node allocate. */
const MAX_LIST_ITEMS = 100_000;
const LIST_FORM = `an array of at most ${MAX_LIST_ITEMS} items`;
const ADDRESS_FORM = "an address (node@process:package:publisher)";
const PROCESS_FORM = "a process id (process:package:publisher)";
const ON_EXIT_FORM = '{ kind: "none" | "restart" } or { kind: "requests", requests: […] }';

const encoder = new TextEncoder();

type Fields = Readonly<Record<string, unknown>>;

/** The error for an argument of the wrong type. */
export function argumentError(name: string, expected: string): TypeError {
  return new TypeError(`kinode: "${name}" must be ${expected}`);
}

function rangeError(name: string, expected: string): RangeError {
  return new RangeError(`kinode: "${name}" must be ${expected}`);
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** @throws {TypeError} not an object */
export function fieldsOf(value: unknown, name: string, expected = "an object"): Fields {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") {
    throw argumentError(name, expected);
  }
  return value as Fields;
}

/** @throws {TypeError} not a string; lone surrogates become U+FFFD */
export function textOf(value: unknown, name: string): string {
  if (typeof value !== "string") throw argumentError(name, "a string");
  return value.toWellFormed();
}

/** @throws {TypeError} not a Uint8Array, or a detached one */
export function bytesOf(value: unknown, name: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw argumentError(name, "a Uint8Array");
  return value.slice();
}

function body(value: unknown): Uint8Array {
  if (typeof value === "string") return encoder.encode(value);
  if (value instanceof Uint8Array) return value.slice();
  throw argumentError("body", "a string or a Uint8Array");
}

function bool(value: unknown, name: string): boolean {
  if (isAbsent(value)) return false;
  if (typeof value !== "boolean") throw argumentError(name, "a boolean");
  return value;
}

function optional<T>(
  value: unknown,
  name: string,
  read: (value: unknown, name: string) => T,
): T | undefined {
  return isAbsent(value) ? undefined : read(value, name);
}

function seconds(value: unknown, name: string): U64 {
  if (typeof value === "number") {
    if (Number.isSafeInteger(value) && value >= 0) return value;
    const small = Number.isInteger(value) && Math.abs(value) <= 0x7fff_ffff;
    throw rangeError(
      name,
      small ? "between 0 and 2^64 - 1" : "an integer between 0 and 2^53 - 1, or a bigint",
    );
  }
  if (typeof value !== "bigint") throw argumentError(name, "an integer or a bigint");
  try {
    return toU64(value);
  } catch {
    throw rangeError(name, "between 0 and 2^64 - 1");
  }
}

/** @throws {RangeError} outside 0 … 255 */
export function verbosityOf(value: unknown): number {
  const expected = "an integer between 0 and 255";
  if (typeof value !== "number") throw argumentError("verbosity", expected);
  if (!Number.isInteger(value) || value < 0 || value > 255) throw rangeError("verbosity", expected);
  return value;
}

function parsed<T>(value: unknown, name: string, form: string, parse: (text: string) => T): T {
  if (typeof value !== "string") throw argumentError(name, form);
  try {
    return parse(value.toWellFormed());
  } catch (error) {
    if (error instanceof NameError) throw argumentError(name, form);
    throw error;
  }
}

const addressOf = (value: unknown, name: string): Address =>
  parsed(value, name, ADDRESS_FORM, parseAddress);
const processOf = (value: unknown): ProcessId =>
  parsed(value, "process", PROCESS_FORM, parseProcessId);

/** Reads an array of objects. @throws {TypeError | RangeError} */
export function listOf<T>(value: unknown, name: string, read: (item: Fields) => T): T[] {
  if (!Array.isArray(value)) throw argumentError(name, LIST_FORM);
  if (value.length > MAX_LIST_ITEMS) throw rangeError(name, LIST_FORM);
  return Array.from({ length: value.length }, (_, i) =>
    read(fieldsOf(value[i], name, "an array of objects")),
  );
}

function optionalList<T>(value: unknown, name: string, read: (item: Fields) => T): T[] {
  return isAbsent(value) ? [] : listOf(value, name, read);
}

/** @throws {TypeError} */
export function capabilityOf(item: Fields): Capability {
  return { issuer: addressOf(item["issuer"], "issuer"), params: textOf(item["params"], "params") };
}

function blobOf(value: unknown): LazyLoadBlob | undefined {
  if (isAbsent(value)) return undefined;
  const fields = fieldsOf(value, "blob");
  const mime = optional(fields["mime"], "blob.mime", textOf);
  return { mime, bytes: bytesOf(fields["bytes"], "blob.bytes") };
}

function requestOf(fields: Fields): Request {
  return {
    kind: "request",
    body: body(fields["body"]),
    inherit: bool(fields["inherit"], "inherit"),
    expectsResponse: optional(fields["expectsResponse"], "expectsResponse", seconds),
    metadata: optional(fields["metadata"], "metadata", textOf),
    capabilities: optionalList(fields["capabilities"], "capabilities", capabilityOf),
  };
}

/** Reads a `GuestRequest`. @throws {TypeError | RangeError} */
export function outgoingOf(fields: Fields): OutgoingRequest {
  return {
    target: addressOf(fields["target"], "target"),
    request: requestOf(fields),
    context: optional(fields["context"], "context", bytesOf),
    blob: blobOf(fields["blob"]),
  };
}

/** Reads a `GuestRequest` without its context. @throws {TypeError | RangeError} */
export function awaitedOf(fields: Fields): Omit<OutgoingRequest, "context"> {
  return {
    target: addressOf(fields["target"], "target"),
    request: requestOf(fields),
    blob: blobOf(fields["blob"]),
  };
}

/** Reads a `GuestResponse`. @throws {TypeError | RangeError} */
export function responseOf(value: unknown): { response: Response; blob: LazyLoadBlob | undefined } {
  const fields = fieldsOf(value, "response");
  const response: Response = {
    kind: "response",
    body: body(fields["body"]),
    inherit: bool(fields["inherit"], "inherit"),
    metadata: optional(fields["metadata"], "metadata", textOf),
    capabilities: optionalList(fields["capabilities"], "capabilities", capabilityOf),
  };
  return { response, blob: blobOf(fields["blob"]) };
}

/** Reads a `GuestOnExit`. @throws {TypeError | RangeError} */
export function onExitOf(value: unknown): OnExit {
  const fields = fieldsOf(value, "onExit", ON_EXIT_FORM);
  const kind = fields["kind"];
  if (kind === "none" || kind === "restart") return { kind };
  if (kind !== "requests") throw argumentError("onExit", ON_EXIT_FORM);
  return { kind, requests: optionalList(fields["requests"], "onExit.requests", awaitedOf) };
}

function grantOf(item: Fields): { process: ProcessId; params: string } {
  return { process: processOf(item["process"]), params: textOf(item["params"], "params") };
}

/** Reads a `GuestSpawn`. @throws {TypeError | RangeError} */
export function spawnOf(value: unknown): SpawnRequest {
  const fields = fieldsOf(value, "spawn", "given an object") as Fields & Partial<GuestSpawn>;
  return {
    name: optional(fields["name"], "name", textOf),
    wasmPath: textOf(fields["wasmPath"], "wasmPath"),
    onExit: onExitOf(fields["onExit"]),
    requestCapabilities: optionalList(
      fields["requestCapabilities"],
      "requestCapabilities",
      capabilityOf,
    ),
    grantCapabilities: optionalList(fields["grantCapabilities"], "grantCapabilities", grantOf),
    public: bool(fields["public"], "public"),
  };
}

/** A capability as a script sees it. */
export function guestCapability(capability: Capability): GuestCapability {
  return { issuer: formatAddress(capability.issuer), params: capability.params };
}

const NO_CAPABILITIES: readonly GuestCapability[] = Object.freeze([]);

function guestCapabilities(list: readonly Capability[]): readonly GuestCapability[] {
  return list.length === 0 ? NO_CAPABILITIES : list.map(guestCapability);
}

/** A blob as a script sees it. */
export function guestBlob(blob: LazyLoadBlob | undefined): GuestBlob | undefined {
  return blob && { mime: blob.mime, bytes: blob.bytes.slice() };
}

/** What `receive` or `sendAndAwaitResponse` hands to a script. */
export function guestDelivery(delivery: Delivery): GuestDelivery {
  const context = delivery.context?.slice();
  if (delivery.kind === "send-error") {
    const { kind, target, message, blob } = delivery.error;
    return {
      kind: "send-error",
      error: kind,
      target: formatAddress(target),
      body: message.body.slice(),
      blob: guestBlob(blob),
      context,
    };
  }
  const { message } = delivery;
  const source = formatAddress(delivery.source);
  const shared = {
    body: message.body.slice(),
    metadata: message.metadata,
    capabilities: guestCapabilities(message.capabilities),
  };
  const { inherit } = message;
  if (message.kind === "response") return { kind: "response", source, inherit, ...shared, context };
  return { kind: "request", source, inherit, expectsResponse: message.expectsResponse, ...shared };
}

/** The on-exit setting as a script sees it. */
export function guestOnExit(onExit: OnExit): GuestOnExit {
  if (onExit.kind !== "requests") return { kind: onExit.kind };
  const requests = onExit.requests.map(({ target, request, blob }): GuestRequest => ({
    target: formatAddress(target),
    body: request.body.slice(),
    inherit: request.inherit,
    expectsResponse: request.expectsResponse,
    metadata: request.metadata,
    capabilities: guestCapabilities(request.capabilities),
    blob: guestBlob(blob),
  }));
  return { kind: "requests", requests };
}
