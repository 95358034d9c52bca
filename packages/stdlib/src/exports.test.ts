/** The public surface, and that it loads where there is no process. */
import { expect, test } from "bun:test";

const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  ".": [
    "Address",
    "AddressParseError",
    "BlobGoneError",
    "BuildError",
    "Capability",
    "IncomingRequest",
    "IncomingResponse",
    "InheritError",
    "JsonError",
    "NoHostError",
    "PackageId",
    "ProcessId",
    "ProcessIdParseError",
    "Reply",
    "Request",
    "Response",
    "SchemaError",
    "SendError",
    "SpawnError",
    "capabilities",
    "console",
    "decodeUtf8",
    "defineProcess",
    "defineScript",
    "defineWidget",
    "encodeUtf8",
    "exportInterface",
    "fromWebBlob",
    "inbox",
    "inline",
    "json",
    "jsonBlob",
    "lastBlob",
    "onExit",
    "our",
    "parseJson",
    "print",
    "receive",
    "receiveBody",
    "reply",
    "request",
    "respond",
    "send",
    "sendAll",
    "serve",
    "spawn",
    "spawnInline",
    "state",
    "stopServing",
    "stringifyJson",
  ],
  "./api": [
    "ApiError",
    "Refusal",
    "WithReply",
    "api",
    "bool",
    "bytes",
    "call",
    "char",
    "defineApi",
    "enumeration",
    "f32",
    "f64",
    "list",
    "method",
    "option",
    "readText",
    "record",
    "result",
    "s16",
    "s32",
    "s64",
    "s8",
    "string",
    "tuple",
    "u16",
    "u32",
    "u64",
    "u8",
    "variant",
    "withReply",
  ],
  "./homepage": ["homepage"],
  "./http": [
    "Channel",
    "Headers",
    "HttpServer",
    "HttpServerError",
    "Request",
    "Response",
    "createHttpServer",
    "mimeType",
    "sendWsPush",
  ],
  "./kernel-types": ["KERNEL", "kernelCommand"],
  "./kv": ["Kv", "KvError", "openKv", "removeKv"],
  "./logging": ["initLogging", "log"],
  "./scripting": ["ScriptFailure", "defineScript", "parseArgs", "splitWords"],
  "./schedule": ["ScheduleError", "readFiring", "schedule", "schedules", "unschedule"],
  "./sqlite": [
    "MigrationError",
    "Sqlite",
    "SqliteError",
    "blobBytes",
    "migrate",
    "openSqlite",
    "removeSqlite",
  ],
  "./testing": [
    "TestHttpServer",
    "TestNode",
    "TestProcess",
    "TestProcessKilled",
    "createTestVfs",
    "loadProgram",
    "useHost",
  ],
  "./timer": ["TimerError", "clearTimeout", "setTimeout", "setTimer", "sleep", "timers"],
  "./vfs": [
    "Directory",
    "File",
    "VfsError",
    "createDrive",
    "createFile",
    "file",
    "metadata",
    "open",
    "openDir",
    "parseResponse",
    "removeDir",
    "removeFile",
    "removePath",
    "rename",
    "vfsRequest",
  ],
};

for (const [entry, names] of Object.entries(ENTRIES)) {
  test(`the names of ${entry}`, async () => {
    const module = (await import(`@kinode-ts/stdlib${entry.slice(1)}`)) as object;
    expect(Object.keys(module).sort()).toEqual([...names]);
  });
}

test("without a host every call says so, and a definition waits to be run", async () => {
  const stdlib = await import("./index.ts");
  expect(() => stdlib.print("x")).toThrow('There is no "kinode" host here');
  expect(stdlib.request("a:b:c", "x")).rejects.toMatchObject({ code: "NoHost" });
  expect(stdlib.defineProcess(() => {})).toHaveProperty("init");
});

test("a bundle for the browser loads and touches nothing", async () => {
  const built = await Bun.build({
    entrypoints: [
      "index",
      "api/index",
      "http/index",
      "vfs",
      "timer",
      "schedule",
      "homepage",
      "kernel-types",
    ].map((name) => `${import.meta.dir}/${name}.ts`),
    format: "iife",
    target: "browser",
    conditions: ["bun"],
  });
  for (const output of built.outputs) {
    const code = await output.text();
    // None of the host's names: what is touched while loading would throw.
    new Function("process", "Bun", "require", "fetch", "setTimeout", "kinode", code)();
  }
});
