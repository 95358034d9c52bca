import { componentEmbed, componentNew, print } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "bun:test";
import { processWit, scriptWit, WIT_FOLDERS, type WitFolder } from "./wit-source-bun.ts";
import { parseWit, type WitInterface } from "./wit.ts";

// The specification's tables (kernel, §1.1–1.3), as data: what follows is not taken from the WIT files.

const VERSIONS: Record<WitFolder, { id: string; world: string }> = {
  "kinode-process-0.7.0": { id: "kinode:process@0.7.0", world: "process" },
  "kinode-process-0.8.0": { id: "kinode:process@0.8.0", world: "process-v0" },
  "kinode-process-1.0.0": { id: "kinode:process@1.0.0", world: "process-v1" },
  "hyperware-process-1.0.0": { id: "hyperware:process@1.0.0", world: "process-v1" },
};

const ALL = WIT_FOLDERS;
const NEWEST: readonly WitFolder[] = ["kinode-process-1.0.0", "hyperware-process-1.0.0"];
const SINCE_080: readonly WitFolder[] = ["kinode-process-0.8.0", ...NEWEST];
const BEFORE_100: readonly WitFolder[] = ["kinode-process-0.7.0", "kinode-process-0.8.0"];

type Row = readonly [versions: readonly WitFolder[], name: string, declaration: string];

const TYPES: readonly Row[] = [
  [ALL, "json", "type string"],
  [ALL, "node-id", "type string"],
  [ALL, "context", "type list<u8>"],
  [
    ALL,
    "process-id",
    "record { process-name: string, package-name: string, publisher-node: node-id }",
  ],
  [SINCE_080, "package-id", "record { package-name: string, publisher-node: node-id }"],
  [ALL, "address", "record { node: node-id, process: process-id }"],
  [ALL, "lazy-load-blob", "record { mime: option<string>, bytes: list<u8> }"],
  [
    ALL,
    "request",
    "record { inherit: bool, expects-response: option<u64>, body: list<u8>, metadata: option<json>, capabilities: list<capability> }",
  ],
  [
    ALL,
    "response",
    "record { inherit: bool, body: list<u8>, metadata: option<json>, capabilities: list<capability> }",
  ],
  [ALL, "message", "variant { request(request), response(tuple<response, option<context>>) }"],
  [ALL, "capability", "record { issuer: address, params: json }"],
  [
    ALL,
    "on-exit",
    "variant { none, restart, requests(list<tuple<address, request, option<lazy-load-blob>>>) }",
  ],
  [
    SINCE_080,
    "send-error",
    "record { kind: send-error-kind, target: address, message: message, lazy-load-blob: option<lazy-load-blob> }",
  ],
  [
    ["kinode-process-0.7.0"],
    "send-error",
    "record { kind: send-error-kind, message: message, lazy-load-blob: option<lazy-load-blob> }",
  ],
  [ALL, "send-error-kind", "enum { offline, timeout }"],
  [ALL, "spawn-error", "enum { name-taken, no-file-at-path }"],
];

const FUNCTIONS: readonly Row[] = [
  [ALL, "print-to-terminal", "(verbosity: u8, message: string)"],
  [NEWEST, "our", "() -> address"],
  [ALL, "get-on-exit", "() -> on-exit"],
  [ALL, "set-on-exit", "(on-exit: on-exit)"],
  [ALL, "get-state", "() -> option<list<u8>>"],
  [ALL, "set-state", "(bytes: list<u8>)"],
  [ALL, "clear-state", "()"],
  [
    NEWEST,
    "spawn",
    "(name: option<string>, wasm-path: string, on-exit: on-exit, request-capabilities: list<capability>, grant-capabilities: list<tuple<process-id, json>>, public: bool) -> result<process-id, spawn-error>",
  ],
  [
    BEFORE_100,
    "spawn",
    "(name: option<string>, wasm-path: string, on-exit: on-exit, request-capabilities: list<capability>, grant-capabilities: list<process-id>, public: bool) -> result<process-id, spawn-error>",
  ],
  [ALL, "save-capabilities", "(caps: list<capability>)"],
  [ALL, "drop-capabilities", "(caps: list<capability>)"],
  [ALL, "our-capabilities", "() -> list<capability>"],
  [ALL, "receive", "() -> result<tuple<address, message>, tuple<send-error, option<context>>>"],
  [NEWEST, "has-blob", "() -> bool"],
  [ALL, "get-blob", "() -> option<lazy-load-blob>"],
  [NEWEST, "last-blob", "() -> option<lazy-load-blob>"],
  [
    ALL,
    "send-request",
    "(target: address, request: request, context: option<context>, lazy-load-blob: option<lazy-load-blob>)",
  ],
  [
    ALL,
    "send-requests",
    "(requests: list<tuple<address, request, option<context>, option<lazy-load-blob>>>)",
  ],
  [ALL, "send-response", "(response: response, lazy-load-blob: option<lazy-load-blob>)"],
  [
    ALL,
    "send-and-await-response",
    "(target: address, request: request, lazy-load-blob: option<lazy-load-blob>) -> result<tuple<address, message>, send-error>",
  ],
];

const TYPE_COUNT = [14, 15, 15, 15];
const FUNCTION_COUNT = [16, 16, 19, 19];

const rowsOf = (table: readonly Row[], folder: WitFolder): Record<string, string> =>
  Object.fromEntries(
    table.filter(([versions]) => versions.includes(folder)).map(([, name, text]) => [name, text]),
  );

const standardOf = (folder: WitFolder): WitInterface => {
  const interfaces = parseWit(processWit(folder)).interfaces;
  expect(interfaces.map((entry) => entry.name)).toEqual(["standard"]);
  return interfaces[0]!;
};

describe.each(WIT_FOLDERS.map((folder, index) => ({ folder, index })))(
  "wit/$folder",
  ({ folder, index }) => {
    const { id, world } = VERSIONS[folder];

    test("declares the package and the worlds of its version", () => {
      const text = parseWit(processWit(folder));
      expect(text.id).toBe(id);
      expect(text.worlds).toEqual([
        { name: "lib", items: ["import standard"] },
        { name: world, items: ["include lib", "export init: func(our: string)"] },
      ]);
    });

    test("declares exactly the types of the table, fields in order", () => {
      const types = standardOf(folder).types;
      expect(types).toHaveLength(TYPE_COUNT[index]!);
      expect(Object.fromEntries(types)).toEqual(rowsOf(TYPES, folder));
    });

    test("declares exactly the functions of the table with their signatures", () => {
      const functions = standardOf(folder).functions;
      expect(functions).toHaveLength(FUNCTION_COUNT[index]!);
      expect(Object.fromEntries(functions)).toEqual(rowsOf(FUNCTIONS, folder));
    });

    test("documents every type, function and world", () => {
      expect(undocumented(processWit(folder))).toEqual([]);
    });

    test("is valid WIT, and the component tools see the same functions in it", async () => {
      const core = await componentEmbed({ witSource: processWit(folder), world, dummy: true });
      const text = await print(await componentNew(core));
      expect(text).toContain(`(import "${id.replace("@", "/standard@")}"`);
      const seen = new Set(
        [...text.matchAll(/\(export (?:\(;\d+;\) )?"([a-z-]+)" \(func/g)].map((match) => match[1]!),
      );
      seen.delete("init");
      expect([...seen].sort()).toEqual(Object.keys(rowsOf(FUNCTIONS, folder)).sort());
    });
  },
);

test("both 1.0.0 interfaces declare the same", () => {
  const [kinode, hyperware] = NEWEST.map((folder) => parseWit(processWit(folder)));
  expect(hyperware!.interfaces).toEqual(kinode!.interfaces);
  expect(hyperware!.worlds).toEqual(kinode!.worlds);
});

test("the engine's world is a process with the script source", async () => {
  const core = await componentEmbed({ witSource: scriptWit(), world: "engine", dummy: true });
  const text = await print(await componentNew(core));
  expect(text).toContain('(import "kinode:script/source@0.1.0"');
  expect(text).toContain('(import "kinode:process/standard@1.0.0"');
  expect(text).toMatch(/"init" \(func/);
});

test("a text that is no WIT is named", () => {
  expect(() => parseWit("package a:b@1.0.0; interface x { strange; }")).toThrow(
    'Expected a declaration of "x" at "strange;"',
  );
  expect(() => parseWit("interface x { record y { z: u8 ")).toThrow("Unclosed");
});

/** Declarations (types, functions, worlds) of a file that have no `///` line right above them. */
function undocumented(text: string): string[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter(
    (line, at) =>
      /^(type|record|variant|interface|world) |^[a-z-]+: func\(/.test(line) &&
      !lines[at - 1]!.startsWith("///"),
  );
}
