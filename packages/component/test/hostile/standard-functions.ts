/**
 * The functions of the four process interfaces as WIT declares them, written down once more for tests that make calls of
 * their own. Source: `wit/`; a test compares the core types with those of the linker.
 * @module
 */
import type { FunctionType, ValueType } from "../../src/canonical-abi/value-type.ts";

export interface StandardInterface {
  /** As imported. */
  readonly name: string;
  /** Folder and world under `wit/`. */
  readonly folder: string;
  readonly world: string;
  readonly functions: Readonly<Record<string, FunctionType>>;
}

const string: ValueType = { kind: "string" };
const u8: ValueType = { kind: "u8" };
const u64: ValueType = { kind: "u64" };
const bool: ValueType = { kind: "bool" };
const list = (element: ValueType): ValueType => ({ kind: "list", element });
const option = (type: ValueType): ValueType => ({ kind: "option", type });
const tuple = (...items: ValueType[]): ValueType => ({ kind: "tuple", items });
const record = (fields: Readonly<Record<string, ValueType>>): ValueType => ({
  kind: "record",
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
});
const variant = (cases: Readonly<Record<string, ValueType | undefined>>): ValueType => ({
  kind: "variant",
  cases: Object.entries(cases).map(([name, type]) => ({ name, type })),
});
const func = (params: Readonly<Record<string, ValueType>>, result?: ValueType): FunctionType => ({
  params: Object.entries(params).map(([name, type]) => ({ name, type })),
  result,
});

const bytes = list(u8);
const processId = record({
  "process-name": string,
  "package-name": string,
  "publisher-node": string,
});
const address = record({ node: string, process: processId });
const blob = option(record({ mime: option(string), bytes }));
const capabilities = list(record({ issuer: address, params: string }));
const request = record({
  inherit: bool,
  "expects-response": option(u64),
  body: bytes,
  metadata: option(string),
  capabilities,
});
const response = record({ inherit: bool, body: bytes, metadata: option(string), capabilities });
const message = variant({ request, response: tuple(response, option(bytes)) });
const onExit = variant({
  none: undefined,
  restart: undefined,
  requests: list(tuple(address, request, blob)),
});

function functionsOf(version: "0.7.0" | "0.8.0" | "1.0.0"): Readonly<Record<string, FunctionType>> {
  const target: Record<string, ValueType> = version === "0.7.0" ? {} : { target: address };
  const sendError = record({
    kind: { kind: "enum", names: ["offline", "timeout"] },
    ...target,
    message,
    "lazy-load-blob": blob,
  });
  const result = (ok: ValueType, error: ValueType): ValueType => ({ kind: "result", ok, error });
  const spawnError: ValueType = { kind: "enum", names: ["name-taken", "no-file-at-path"] };
  const newest = version === "1.0.0";
  const spawned = list(newest ? tuple(processId, string) : processId);
  return {
    "print-to-terminal": func({ verbosity: u8, message: string }),
    "get-on-exit": func({}, onExit),
    "set-on-exit": func({ "on-exit": onExit }),
    "get-state": func({}, option(bytes)),
    "set-state": func({ bytes }),
    "clear-state": func({}),
    spawn: func(
      {
        name: option(string),
        "wasm-path": string,
        "on-exit": onExit,
        "request-capabilities": capabilities,
        "grant-capabilities": spawned,
        public: bool,
      },
      result(processId, spawnError),
    ),
    "save-capabilities": func({ caps: capabilities }),
    "drop-capabilities": func({ caps: capabilities }),
    "our-capabilities": func({}, capabilities),
    receive: func({}, result(tuple(address, message), tuple(sendError, option(bytes)))),
    "get-blob": func({}, blob),
    "send-request": func({
      target: address,
      request,
      context: option(bytes),
      "lazy-load-blob": blob,
    }),
    "send-requests": func({ requests: list(tuple(address, request, option(bytes), blob)) }),
    "send-response": func({ response, "lazy-load-blob": blob }),
    "send-and-await-response": func(
      { target: address, request, "lazy-load-blob": blob },
      result(tuple(address, message), sendError),
    ),
    ...(newest
      ? { our: func({}, address), "has-blob": func({}, bool), "last-blob": func({}, blob) }
      : {}),
  };
}

export const STANDARD: readonly StandardInterface[] = [
  {
    name: "kinode:process/standard@0.7.0",
    folder: "kinode-process-0.7.0",
    world: "process",
    functions: functionsOf("0.7.0"),
  },
  {
    name: "kinode:process/standard@0.8.0",
    folder: "kinode-process-0.8.0",
    world: "process-v0",
    functions: functionsOf("0.8.0"),
  },
  {
    name: "kinode:process/standard@1.0.0",
    folder: "kinode-process-1.0.0",
    world: "process-v1",
    functions: functionsOf("1.0.0"),
  },
  {
    name: "hyperware:process/standard@1.0.0",
    folder: "hyperware-process-1.0.0",
    world: "process-v1",
    functions: functionsOf("1.0.0"),
  },
];
