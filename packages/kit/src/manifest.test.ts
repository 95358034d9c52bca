import { expect, test } from "bun:test";
import { PackageError } from "./errors.ts";
import { parseManifest } from "./manifest.ts";

const entry = (changes: object = {}) => ({
  process_name: "notes",
  process_wasm_path: "notes.wasm",
  on_exit: "Restart",
  request_networking: false,
  request_capabilities: [],
  grant_capabilities: [],
  public: false,
  ...changes,
});

function problemsOf(text: string) {
  try {
    parseManifest(text);
  } catch (thrown) {
    if (thrown instanceof PackageError && thrown.fault.code === "kit.bad-package") {
      return thrown.fault.problems;
    }
    throw thrown;
  }
  return [];
}

test("a path gets its leading slash, and params keep the text they were written with", () => {
  const text = `[{"process_name":"n","process_wasm_path":"n.wasm","on_exit":"None","request_networking":false,
    "request_capabilities":["vfs:distro:sys",{"process":"a:b:c","params":{"x": 1.0, "y": 18446744073709551615}}],
    "grant_capabilities":[],"public":true,"unknown_key":1}]`;
  const [process] = parseManifest(text).entries;
  expect(process!.path).toBe("/n.wasm");
  expect(process!.requestCapabilities).toEqual([
    { process: "vfs:distro:sys" as never, params: undefined },
    { process: "a:b:c" as never, params: '{"x": 1.0, "y": 18446744073709551615}' },
  ]);
});

test("a bad entry is named with file and line", () => {
  const text = `[\n  ${JSON.stringify(entry())},\n  {\n    "process_name": "My_App",\n    "on_exit": "Never"\n  }\n]`;
  const problems = problemsOf(text);
  expect(problems.map((problem) => problem.file)).toContain("manifest.json");
  expect(problems.find((problem) => problem.message.includes('"My_App"'))?.line).toBe(4);
  expect(problems.find((problem) => problem.message.includes("on_exit"))?.line).toBe(5);
  expect(problems.some((problem) => problem.message === 'the key "public" is missing')).toBe(true);
});

test("text that is not JSON is named with its line", () => {
  expect(problemsOf('[\n  {"process_name": "a",}\n]')).toEqual([
    {
      file: "manifest.json",
      line: 2,
      message: "this is not JSON: a key in double quotes is missing",
    },
  ]);
});

test("lax reading skips what is wrong and tells it", () => {
  const text = JSON.stringify([
    entry({ request_capabilities: ["not an id", "vfs:distro:sys"] }),
    entry({ process_name: "b", public: "yes" }),
  ]);
  const manifest = parseManifest(text, { mode: "lax" });
  expect(manifest.entries.map((each) => each.processName)).toEqual(["notes"]);
  expect(manifest.entries[0]!.requestCapabilities).toHaveLength(1);
  expect(manifest.problems).toHaveLength(2);
});

test("on-exit requests are read with their bytes", () => {
  const request = {
    inherit: false,
    expects_response: null,
    body: [104, 105],
    metadata: null,
    capabilities: [],
  };
  const text = JSON.stringify([
    entry({ on_exit: { Requests: [["our@a:b:c", request, { mime: null, bytes: [1] }]] } }),
  ]);
  const { onExit } = parseManifest(text).entries[0]!;
  expect(onExit.kind === "requests" && onExit.requests[0]).toMatchObject({
    target: { node: "our", process: "a:b:c" },
    request: { body: new Uint8Array([104, 105]) },
    blob: { bytes: new Uint8Array([1]) },
  });
});

test("a program path that leaves the package and a name used twice are refused", () => {
  expect(problemsOf(JSON.stringify([entry({ process_wasm_path: "/../x.wasm" })]))).toHaveLength(1);
  expect(problemsOf(JSON.stringify([entry(), entry()]))[0]!.message).toContain("used twice");
});

test("a restriction this node cannot keep is refused, not ignored", () => {
  const text = JSON.stringify([entry({ request_networking: true, remote: "none" })]);
  expect(problemsOf(text)[0]!.message).toContain("remote");
});
