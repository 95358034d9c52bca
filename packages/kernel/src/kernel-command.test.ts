import { expect, test } from "bun:test";
import { parseKernelCommand } from "./kernel-command.ts";

const parse = (json: unknown) =>
  parseKernelCommand(
    new TextEncoder().encode(typeof json === "string" ? json : JSON.stringify(json)),
  );

const INITIALIZE = {
  id: "worker:chess:sys",
  wasm_bytes_handle: "/chess:sys/pkg/worker.wasm",
  on_exit: "None",
  initial_capabilities: [{ issuer: "alice.os@chess:chess:sys", params: '"messaging"' }],
  public: false,
};

test("all documented forms are read", () => {
  expect(parse('"Booted"')).toEqual({ kind: "Booted" });
  expect(parse(' {"Shutdown" : null} ')).toEqual({ kind: "Shutdown" });
  expect(parse({ RunProcess: "a:b:c" })).toMatchObject({ kind: "RunProcess", target: "a:b:c" });
  expect(parse({ KillProcess: "a:b:c" })).toMatchObject({ kind: "KillProcess", target: "a:b:c" });
  expect(parse({ InitializeProcess: INITIALIZE })).toMatchObject({
    kind: "InitializeProcess",
    witVersion: undefined,
    onExit: { kind: "none" },
    initialCapabilities: [{ issuer: { node: "alice.os", process: "chess:chess:sys" } }],
  });
  expect(parse({ Debug: "ProcessMap" })).toEqual({ kind: "Debug", query: { kind: "ProcessMap" } });
  expect(parse({ SetOnExit: { target: "a:b:c", on_exit: "Restart" } })).toMatchObject({
    onExit: { kind: "restart" },
  });
});

test("unknown keys and missing optional fields are fine", () => {
  expect(
    parse({ InitializeProcess: { ...INITIALIZE, wit_version: null, more: [1] } }),
  ).toMatchObject({
    witVersion: undefined,
  });
});

test("on-exit requests are read with bare and with signed capabilities", () => {
  const capability = { issuer: "alice.os@a:b:c", params: '"x"' };
  const request = {
    inherit: false,
    expects_response: 18446744073709552000,
    body: [104, 105],
    metadata: null,
    capabilities: [capability, [capability, [1, 2, 3]]],
  };
  const on_exit = { Requests: [["alice.os@chess:chess:sys", request, { mime: null, bytes: [1] }]] };
  const command = parse({ SetOnExit: { target: "a:b:c", on_exit } });
  if (command.kind !== "SetOnExit" || command.onExit.kind !== "requests")
    throw new Error("not read");
  const [first] = command.onExit.requests;
  expect(first!.request.capabilities).toHaveLength(2);
  expect(first!.request.body).toEqual(new TextEncoder().encode("hi"));
  expect(first!.blob).toEqual({ mime: undefined, bytes: Uint8Array.of(1) });
});

test("everything else is refused with a text", () => {
  const bad: unknown[] = [
    "",
    "null",
    "{}",
    "[]",
    '"booted"',
    { Booted: 1 },
    { Booted: null, Shutdown: null },
    { RunProcess: "a:b" },
    { RunProcess: 5 },
    { InitializeProcess: { ...INITIALIZE, public: "yes" } },
    '{"InitializeProcess":{"id":"a:b:c","wasm_bytes_handle":"x","wit_version":1.0,"on_exit":"None","initial_capabilities":[],"public":false}}',
    { InitializeProcess: { ...INITIALIZE, wit_version: -1 } },
    { InitializeProcess: { ...INITIALIZE, wit_version: 2 ** 32 } },
    { InitializeProcess: { ...INITIALIZE, on_exit: "Maybe" } },
    { SetOnExit: { target: "a:b:c", on_exit: { Requests: [["a@b:c:d", {}]] } } },
    { GrantCapabilities: { target: "a:b:c", capabilities: [{ issuer: "nobody", params: "1" }] } },
    { Debug: "Everything" },
  ];
  for (const json of bad) expect(() => parse(json)).toThrow();
  expect(() => parseKernelCommand(Uint8Array.of(0x22, 0xff, 0x22))).toThrow();
});
