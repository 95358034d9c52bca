/**
 * Kernel commands: the closed union, read from JSON.
 * Source: spec/kernel.md §4.1 (leniency), §4.2 (forms).
 *
 * Lenient where the reference is: unknown keys, missing optional fields, whitespace, `{"Booted":null}` for `"Booted"`.
 * Strict otherwise: case names, types, integers, ids.
 * @module
 */
import { decodeIntegerJson } from "@kinode-ts/codec/integer-json";
import {
  type Address,
  type Capability,
  type LazyLoadBlob,
  type OnExit,
  type OnExitRequest,
  parseAddress,
  parseProcessId,
  type ProcessId,
  type Request,
} from "@kinode-ts/types";

export type KernelCommand =
  | { readonly kind: "Booted" }
  | { readonly kind: "Shutdown" }
  | {
      readonly kind: "InitializeProcess";
      readonly id: ProcessId;
      readonly wasmBytesHandle: string;
      readonly witVersion: number | undefined;
      readonly onExit: OnExit;
      readonly initialCapabilities: readonly Capability[];
      readonly public: boolean;
    }
  | {
      readonly kind: "GrantCapabilities" | "DropCapabilities";
      readonly target: ProcessId;
      readonly capabilities: readonly Capability[];
    }
  | { readonly kind: "SetOnExit"; readonly target: ProcessId; readonly onExit: OnExit }
  | { readonly kind: "RunProcess" | "KillProcess"; readonly target: ProcessId }
  | { readonly kind: "Debug"; readonly query: DebugQuery };

export type DebugQuery =
  | { readonly kind: "ProcessMap" }
  /** Not in the reference: what processes use, by id. */
  | { readonly kind: "ProcessUsage" }
  | { readonly kind: "Process"; readonly id: ProcessId }
  | { readonly kind: "HasCap"; readonly on: ProcessId; readonly capability: Capability };

type JsonObject = Readonly<Record<string, unknown>>;

/** @throws {Error} not a command; the text says which part is wrong */
export function parseKernelCommand(body: Uint8Array): KernelCommand {
  const [name, value] = asCase(decodeIntegerJson(body), "command");
  switch (name) {
    case "Booted":
    case "Shutdown":
      return { kind: asUnit(name, value) };
    case "InitializeProcess":
      return readInitialize(asObject(value, name));
    case "GrantCapabilities":
    case "DropCapabilities": {
      const fields = asObject(value, name);
      return {
        kind: name,
        target: asProcessId(fields["target"], "target"),
        capabilities: asArray(fields["capabilities"], "capabilities").map(asCapability),
      };
    }
    case "SetOnExit": {
      const fields = asObject(value, name);
      const target = asProcessId(fields["target"], "target");
      return { kind: name, target, onExit: asOnExit(fields["on_exit"]) };
    }
    case "RunProcess":
    case "KillProcess":
      return { kind: name, target: asProcessId(value, name) };
    case "Debug":
      return { kind: name, query: asDebugQuery(value) };
    default:
      throw new TypeError(`"${name}" is not a kernel command`);
  }
}

function readInitialize(fields: JsonObject): KernelCommand {
  const initial = asArray(fields["initial_capabilities"], "initial_capabilities");
  return {
    kind: "InitializeProcess",
    id: asProcessId(fields["id"], "id"),
    wasmBytesHandle: asString(fields["wasm_bytes_handle"], "wasm_bytes_handle"),
    witVersion: asOptionalInteger(fields["wit_version"], 0xffff_ffff, "wit_version"),
    onExit: asOnExit(fields["on_exit"]),
    initialCapabilities: initial.map(asCapability),
    public: asBoolean(fields["public"], "public"),
  };
}

function asDebugQuery(value: unknown): DebugQuery {
  const [name, content] = asCase(value, "Debug");
  switch (name) {
    case "ProcessMap":
    case "ProcessUsage":
      return { kind: asUnit(name, content) };
    case "Process":
      return { kind: name, id: asProcessId(content, name) };
    case "HasCap": {
      const fields = asObject(content, name);
      return {
        kind: name,
        on: asProcessId(fields["on"], "on"),
        capability: asCapability(fields["cap"]),
      };
    }
    default:
      throw new TypeError(`"${name}" is not a debug query`);
  }
}

/** The three forms of §4.2; `expects_response` of the requests is read and has no effect (§3.11.3). */
function asOnExit(value: unknown): OnExit {
  const [name, content] = asCase(value, "on_exit");
  if (name === "None" || name === "Restart") {
    asUnit(name, content);
    return { kind: name === "None" ? "none" : "restart" };
  }
  if (name !== "Requests") throw new TypeError(`"${name}" is not an on_exit value`);
  return { kind: "requests", requests: asArray(content, name).map(asOnExitRequest) };
}

function asOnExitRequest(value: unknown): OnExitRequest {
  const parts = asArray(value, "on_exit request");
  if (parts.length !== 3) throw new TypeError("an on_exit request has three parts");
  return { target: asAddress(parts[0]), request: asRequest(parts[1]), blob: asBlob(parts[2]) };
}

function asRequest(value: unknown): Request {
  const fields = asObject(value, "request");
  const expects = fields["expects_response"] ?? undefined;
  if (expects !== undefined && typeof expects !== "bigint") asInteger(expects, "expects_response");
  return {
    kind: "request",
    inherit: asBoolean(fields["inherit"], "inherit"),
    expectsResponse: expects as number | bigint | undefined,
    body: asBytes(fields["body"], "body"),
    metadata: asOptionalString(fields["metadata"], "metadata"),
    capabilities: asArray(fields["capabilities"], "capabilities").map(asCapabilityOrPair),
  };
}

/** Kernel JSON pairs a capability with its signature; process_lib writes it bare. Both are taken as unsigned. */
function asCapabilityOrPair(value: unknown): Capability {
  if (!Array.isArray(value)) return asCapability(value);
  if (value.length !== 2) throw new TypeError("a signed capability has two parts");
  asBytes(value[1], "signature");
  return asCapability(value[0]);
}

function asBlob(value: unknown): LazyLoadBlob | undefined {
  if (value === null || value === undefined) return undefined;
  const fields = asObject(value, "blob");
  return {
    mime: asOptionalString(fields["mime"], "mime"),
    bytes: asBytes(fields["bytes"], "bytes"),
  };
}

function asCapability(value: unknown): Capability {
  const fields = asObject(value, "capability");
  return { issuer: asAddress(fields["issuer"]), params: asString(fields["params"], "params") };
}

/** An enum value: a text, or an object with one key. */
function asCase(value: unknown, what: string): [name: string, content: unknown] {
  if (typeof value === "string") return [value, undefined];
  const entries = Object.entries(asObject(value, what));
  if (entries.length !== 1) throw new TypeError(`"${what}" is not one case`);
  return entries[0]!;
}

function asUnit<T extends string>(name: T, content: unknown): T {
  if (content !== undefined && content !== null) throw new TypeError(`"${name}" takes no value`);
  return name;
}

function asObject(value: unknown, what: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`"${what}" is not an object`);
  }
  return value as JsonObject;
}

function asArray(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`"${what}" is not an array`);
  return value;
}

function asString(value: unknown, what: string): string {
  if (typeof value !== "string") throw new TypeError(`"${what}" is not a text`);
  return value;
}

function asOptionalString(value: unknown, what: string): string | undefined {
  return value === null || value === undefined ? undefined : asString(value, what);
}

function asBoolean(value: unknown, what: string): boolean {
  if (typeof value !== "boolean") throw new TypeError(`"${what}" is not true or false`);
  return value;
}

function asInteger(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
    throw new TypeError(`"${what}" is not an integer`);
  }
  return value;
}

function asOptionalInteger(value: unknown, max: number, what: string): number | undefined {
  if (value === null || value === undefined) return undefined;
  const integer = asInteger(value, what);
  if (integer > max) throw new TypeError(`"${what}" is above ${max}`);
  return integer;
}

function asBytes(value: unknown, what: string): Uint8Array {
  const items = asArray(value, what);
  const bytes = new Uint8Array(items.length);
  for (let index = 0; index < items.length; index++) {
    const byte = asInteger(items[index], what);
    if (byte > 255) throw new TypeError(`"${what}" holds ${byte}, which is not a byte`);
    bytes[index] = byte;
  }
  return bytes;
}

function asProcessId(value: unknown, what: string): ProcessId {
  return parseProcessId(asString(value, what));
}

function asAddress(value: unknown): Address {
  return parseAddress(asString(value, "address"));
}
