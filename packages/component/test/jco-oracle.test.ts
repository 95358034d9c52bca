import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import type { DirectHost } from "@kinode-ts/testing/direct-link";
import { guestBytes, guestNames } from "@kinode-ts/testing/guests";
import { probeScript } from "@kinode-ts/testing/probe";
import type { Request, Response, RunningProcess } from "@kinode-ts/types";
import type { HostInterface, LoadedComponent } from "../src/api.ts";
import { bytes, option, string } from "../src/index.ts";
import { loadComponent } from "../src/load-component.ts";
import { parseText } from "./build-component.ts";
import { composedProcess } from "./composed-text.ts";
import { runThroughJco } from "./jco-guest.ts";
import { LIMITS, address, options, until } from "./run-guest.ts";

const SOURCE: HostInterface = {
  name: "kinode:script/source@0.1.0",
  functions: {
    get: { params: [], result: option(string) },
    compiled: { params: [], result: option(bytes) },
    keep: { params: [bytes], result: undefined },
  },
};

const fileBytes = (path: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../${path}`, import.meta.url)));

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(120_000);

const text = new TextEncoder();

/** What is delivered to the guest, and how many calls it makes in answer before it is done. */
interface Scenario {
  /** Where it is not a committed guest. */
  readonly bytes?: () => Promise<Uint8Array>;
  /** What `kinode:script/source` gives. */
  readonly source?: string;
  readonly deliver?: (host: DirectHost) => void;
  readonly calls: number;
}

const capability = { issuer: address("issuer"), params: '"messaging"' };
const blob = { mime: "text/plain", bytes: text.encode("blob ".repeat(20)) };
const full: Partial<Request> = {
  metadata: "métadonnées",
  capabilities: [capability, capability],
  inherit: true,
  expectsResponse: 2 ** 40,
};
const request: Request = {
  kind: "request",
  inherit: false,
  expectsResponse: undefined,
  body: text.encode("asked"),
  metadata: undefined,
  capabilities: [],
};
const response: Response = {
  kind: "response",
  inherit: true,
  body: new Uint8Array(0),
  metadata: "",
  capabilities: [capability],
};
const count = (value: number): Uint8Array => new Uint8Array([value, 0, 0, 0]);

/** Calls every function of the interface, with values that have all their parts. */
function probeScenario(sinceOne: boolean): Scenario {
  const target = address("target");
  const request = {
    target,
    body: "asked",
    metadata: "meta",
    inherit: true,
    capabilities: [capability],
    context: "context",
    blob: { mime: "text/plain", bytes: "blob" },
  };
  const script = probeScript();
  if (sinceOne) script.our().hasBlob().lastBlob();
  script
    .print(1, "prînted")
    .setState("state")
    .getState()
    .clearState()
    .getState()
    .setOnExit([request])
    .getOnExit()
    .setOnExit("restart")
    .getOnExit()
    .saveCapabilities([capability, capability])
    .ourCapabilities()
    .dropCapabilities([capability])
    .getBlob()
    .sendRequest({ ...request, expectsResponse: 2 ** 40 })
    .sendRequests([request, { target, body: "" }])
    .spawn({
      name: "child",
      wasmPath: "/x:y/pkg/z.wasm",
      onExit: "none",
      requestCapabilities: [capability],
      grantCapabilities: [{ process: target.process, params: '"messaging"' }],
      public: true,
    })
    .sendResponse({ body: "answer", metadata: "m", blob: { from: "get-blob" } })
    .report(address("tester"));
  return {
    // the report holds what every call returned
    calls: 13,
    deliver: (host) => host.request(address("a"), script.bytes(), {}, blob),
  };
}

const SCENARIOS: Record<string, Scenario> = {
  returns: { calls: 0 },
  "read-state": { calls: 1, deliver: (host) => (host.state = text.encode("kept")) },
  mirror: {
    calls: 3,
    deliver(host) {
      host.request(address("a"), text.encode("x".repeat(1_000)), full, blob);
      host.request(address("bé"), new Uint8Array(0), {});
      host.request(address("a"), text.encode("{}"), full, {
        mime: undefined,
        bytes: new Uint8Array(0),
      });
    },
  },
  echo: {
    calls: 4,
    deliver(host) {
      host.deliver({
        kind: "message",
        source: address("b"),
        message: response,
        context: text.encode("context"),
      });
      host.deliver({
        kind: "message",
        source: address("b"),
        message: response,
        context: undefined,
      });
      host.deliver({
        kind: "send-error",
        error: { kind: "offline", target: address("c"), message: request, blob },
        context: text.encode("c"),
      });
      host.request(address("a"), new Uint8Array(3), full);
    },
  },
  indirect: { calls: 1, deliver: (host) => host.request(address("a"), new Uint8Array(3)) },
  sender: { calls: 6, deliver: (host) => host.request(address("a"), count(5)) },
  receiver: {
    calls: 1,
    deliver(host) {
      host.request(address("a"), count(1), { expectsResponse: undefined });
      host.request(address("a"), count(1));
    },
  },
  ping: {
    calls: 4,
    deliver(host) {
      host.onRequest = () =>
        queueMicrotask(() =>
          host.answerAwaited({
            kind: "message",
            source: address("echo"),
            message: response,
            context: undefined,
          }),
        );
      host.request(address("a"), count(3));
    },
  },
  "realloc-grows": { calls: 1, deliver: (host) => host.request(address("a"), text.encode("grow")) },
  "realloc-outside": {
    calls: 0,
    deliver: (host) => host.request(address("a"), text.encode("grow")),
  },
  "print-outside": { calls: 0 },
  "print-huge": { calls: 0 },
  // without a message jco waits where ours has checked the address already
  "receive-outside": { calls: 0, deliver: (host) => host.request(address("a"), text.encode("x")) },
  "list-huge": { calls: 0 },
  "deep-recursion": { calls: 0 },
  "bad-discriminant": { calls: 0 },
  "exit-0": { calls: 0 },
  "exit-3": { calls: 0 },
  "ping-blob": { calls: 0 },
  "recursive-ask": { calls: 0 },
  "stderr-trap": { calls: 0 },
  source: { calls: 1, source: "söurce" },
  "probe-0.7.0": probeScenario(false),
  "probe-0.8.0": probeScenario(false),
  "probe-1.0.0": probeScenario(true),
  "probe-hyperware-1.0.0": probeScenario(true),
  "examples/echo": {
    calls: 1,
    bytes: async () => fileBytes("examples/echo/pkg/echo.wasm"),
    deliver: (host) => host.request(address("a"), text.encode("hi"), full, blob),
  },
  engine: {
    calls: 2,
    bytes: async () => fileBytes("packages/engine/engine/kinode-engine.wasm"),
    source: `kinode.main(async (our) => {
      console.log("I am", our.process);
      const delivery = await kinode.receive();
      kinode.sendResponse({ body: delivery.body });
    });`,
    deliver: (host) => host.request(address("a"), text.encode("hi"), full),
  },
  composed: {
    calls: 2,
    bytes: () =>
      parseText(
        composedProcess(`
          (call $hello (local.get 0) (local.get 1) (i32.const 1024))
          (call $print (i32.const 0) (i32.load (i32.const 1024)) (i32.load (i32.const 1028)))`),
      ),
  },
  "composed trap": {
    calls: 0,
    bytes: () => parseText(composedProcess("(call $crash)")),
  },
};

/** Why a guest is not among them. */
const NOT_COMPARED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      "endless-catch",
      "endless-compute-catch",
      "endless-fill",
      "endless-initialize",
      "endless-loop",
      "endless-start",
      "endless-tail-calls",
      "print-flood",
      "realloc-endless",
      "spawn-bomb",
    ].map((name) => [name, "does not end, and jco cannot end it"]),
  ),
  "memory-bomb": "depends on limits, and jco has none",
  "table-bomb": "depends on limits, and jco has none",
  "realloc-calls-out": "jco lets an allocator call the host",
  "print-bad-utf8":
    "jco decodes bad UTF-8 with replacement characters; the canonical ABI says it traps",
  preview1: "tells the time",
  sleep: "tells the time",
  "receive-misaligned": "jco does not check alignment; the canonical ABI says it traps",
};

const newHost = (name: string): DirectHost => new DirectLink().createHost(address(name), true);

/** What one run came to. */
interface Run {
  readonly host: DirectHost;
  ending: string;
}

function startOurs(
  program: LoadedComponent,
  name: string,
  scenario: Scenario,
  fuelPerCheck: number,
): Run {
  const host = newHost(name);
  host.turn = (resume) => void setImmediate(resume);
  scenario.deliver?.(host);
  const given = { get: () => scenario.source, compiled: () => undefined };
  const provide = scenario.source && { [SOURCE.name]: given };
  const process = program.start(
    host,
    { fuelPerCheck, maxMemoryBytes: 64 << 20 },
    provide ? { provide } : {},
  );
  const run: Run = { host, ending: "waiting" };
  void process.ended.then((ending) => (run.ending = ending.kind));
  running.push(process);
  return run;
}

async function startTheirs(name: string, bytes: Uint8Array, scenario: Scenario): Promise<Run> {
  const host = newHost(name);
  scenario.deliver?.(host);
  const run: Run = { host, ending: "waiting" };
  const { ended } = await runThroughJco(bytes, host, scenario.source);
  void ended.then((ending) => (run.ending = ending));
  return run;
}

const running: RunningProcess[] = [];
afterEach(() => {
  for (const process of running.splice(0)) process.kill();
});

const isDone = ({ host, ending }: Run, scenario: Scenario): boolean =>
  host.calls.length >= scenario.calls && (host.parked || ending !== "waiting");

/** Texts in traps differ in how they are found, not in what happened. */
function expectSame(run: Run, theirs: Run, calls: number): void {
  expect(run.ending).toBe(theirs.ending);
  expect(run.host.calls).toEqual(theirs.host.calls);
  expect(run.host.calls.length).toBe(calls);
  expect(run.host.responses).toEqual(theirs.host.responses);
}

/** Guests of later languages answer a request with what they were asked, like the others that are measured. */
for (const name of guestNames()) {
  if (name in SCENARIOS || name in NOT_COMPARED) continue;
  SCENARIOS[name] = {
    calls: 1,
    deliver: (host) => host.request(address("a"), text.encode("hi"), full, blob),
  };
}

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  test(`${name}: the same calls, answers and ending as through jco, on both paths and with fuel 1`, async () => {
    const bytes = await (scenario.bytes?.() ?? guestBytes(name));
    const interfaces = scenario.source === undefined ? [] : [SOURCE];
    const fast = await loadComponent(bytes, options({ interfaces }));
    const general = await loadComponent(bytes, options({ interfaces, path: "general" }));
    const theirs = await startTheirs(name, bytes, scenario);
    // with fuel 1 the node is asked at every step, also while it calls the guest itself
    const ours = [LIMITS.fuelPerCheck, 1].flatMap((fuel) =>
      [fast, general].map((program) => startOurs(program, name, scenario, fuel)),
    );
    await until(() => [theirs, ...ours].every((run) => isDone(run, scenario)));
    for (const run of ours) expectSame(run, theirs, scenario.calls);
  });
}
