/** The probe, built for each interface, does what its scripts say and reports what it was told. */
import { createComponentExecutor } from "@kinode-ts/component";
import { createSeededRandom, createVirtualClock } from "@kinode-ts/testing";
import { decodeProbeReport, probeScript, type ProbeScript } from "@kinode-ts/testing/probe";
import type { Delivery, Ending, Message, Request } from "@kinode-ts/types";
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createFakeHost, type FakeHost, OUR, TESTER } from "./fake-host.ts";

const BUILT = join(import.meta.dir, "../../packages/testing/guests/built");
const VERSIONS = ["0.7.0", "0.8.0", "1.0.0", "hyperware-1.0.0"] as const;

const request = (body: Uint8Array | string): Request => ({
  kind: "request",
  inherit: false,
  expectsResponse: undefined,
  body: typeof body === "string" ? new TextEncoder().encode(body) : body,
  metadata: undefined,
  capabilities: [],
});

const from = (message: Message, context?: Uint8Array): Delivery => ({
  kind: "message",
  source: TESTER,
  message,
  context,
});

const ANSWER = from({
  kind: "response",
  inherit: false,
  body: new TextEncoder().encode("answer"),
  metadata: "meta",
  capabilities: [],
});

async function runProbe(
  version: string,
  scripts: readonly (ProbeScript | Delivery)[],
): Promise<{ host: FakeHost; ending: Ending }> {
  const clock = createVirtualClock();
  const executor = createComponentExecutor({ clock, random: createSeededRandom(1) });
  const bytes = new Uint8Array(readFileSync(join(BUILT, `probe-${version}.wasm`)));
  const program = await executor.prepare({ handle: "/test:sys/pkg/probe.wasm", bytes });
  const deliveries = [...scripts, probeScript().return()].map((entry) =>
    "kind" in entry ? entry : from(request(entry.bytes())),
  );
  const host = createFakeHost(deliveries, ANSWER);
  const running = program.start(host, { maxMemoryBytes: 16 << 20, fuelPerCheck: 1_000_000 });
  return { host, ending: await running.ended };
}

const reportOf = (host: FakeHost): ReturnType<typeof decodeProbeReport> =>
  decodeProbeReport(host.sent.at(-1)!.request.body);

describe.each([...VERSIONS])("probe-%s", (version) => {
  const newest = !version.startsWith("0.");

  test("calls every function of its interface with the arguments of the script", async () => {
    const capability = { issuer: OUR, params: '"x"' };
    const script = probeScript()
      .print(1, "hello")
      .setOnExit([{ target: TESTER, body: "bye", blob: { bytes: "b" } }])
      .getOnExit()
      .setState("state")
      .getState()
      .clearState()
      .getState()
      .spawn({
        name: "child",
        wasmPath: "/test:sys/pkg/child.wasm",
        onExit: "restart",
        requestCapabilities: [capability],
        grantCapabilities: [{ process: TESTER.process, params: '"y"' }],
        public: true,
      })
      .spawn({ wasmPath: "/missing" })
      .saveCapabilities([capability])
      .ourCapabilities()
      .dropCapabilities([capability])
      .getBlob()
      .sendRequest({ target: TESTER, body: "one", expectsResponse: 5, context: "c", metadata: "m" })
      .sendRequests([
        { target: TESTER, body: "two" },
        { target: "self", body: "three", inherit: true },
      ])
      .sendResponse({ body: "response", blob: { mime: "a/b", bytes: "blob" } })
      .sendAndAwait({ target: TESTER, body: "four", expectsResponse: 2 ** 53 })
      .note("end");
    if (newest) script.our().hasBlob().lastBlob();
    const { host, ending } = await runProbe(version, [script.report()]);

    expect(ending).toEqual({ kind: "returned" });
    expect(host.printed).toEqual(["1 hello"]);
    expect(host.spawned[0]).toMatchObject({
      name: "child",
      public: true,
      onExit: { kind: "restart" },
    });
    expect(host.spawned[0]!.grantCapabilities).toEqual([
      { process: TESTER.process, params: newest ? '"y"' : '"messaging"' },
    ]);
    expect(
      host.sent.map(({ request: sent }) => new TextDecoder().decode(sent.body)).slice(0, 4),
    ).toEqual(["one", "two", "three", "four"]);
    expect(host.sent[0]!.request).toMatchObject({
      expectsResponse: 5,
      metadata: "m",
      inherit: false,
    });
    expect(host.sent[2]).toMatchObject({ target: OUR, request: { inherit: true } });
    expect(host.responses[0]!.blob!.mime).toBe("a/b");

    const records = reportOf(host);
    expect(records.map((record) => record.op)).toEqual([
      "get-on-exit",
      "get-state",
      "get-state",
      "spawn",
      "spawn",
      "our-capabilities",
      "get-blob",
      "send-and-await",
      "note",
      ...(newest ? (["our", "has-blob", "last-blob"] as const) : []),
    ]);
    expect(records[1]).toEqual({ op: "get-state", bytes: new TextEncoder().encode("state") });
    expect(records[2]).toEqual({ op: "get-state", bytes: undefined });
    expect(records[3]).toEqual({
      op: "spawn",
      result: { ok: true, process: "child:test:sys" as never },
    });
    expect(records[4]).toEqual({ op: "spawn", result: { ok: false, error: "no-file-at-path" } });
    expect(records[5]).toEqual({ op: "our-capabilities", capabilities: [capability] });
    expect(records[7]).toEqual({ op: "send-and-await", delivery: ANSWER } as never);
    if (newest) expect(records[9]).toEqual({ op: "our", address: OUR });
  });

  test("reports what it receives, and runs the handler set for its kind", async () => {
    const failed: Delivery = {
      kind: "send-error",
      error: { kind: "timeout", target: TESTER, message: request("lost"), blob: undefined },
      context: new Uint8Array([7]),
    };
    const { host } = await runProbe(version, [
      probeScript().on("request", probeScript().sendResponse({ body: { from: "newest-message" } })),
      from(request("ping")),
      failed,
      probeScript().report(),
    ]);
    expect(new TextDecoder().decode(host.responses[0]!.response.body)).toBe("ping");
    const [ping, error] = reportOf(host);
    expect(ping).toEqual({ op: "receive", delivery: from(request("ping")) } as never);
    const target = version === "0.7.0" ? undefined : TESTER;
    expect(error).toEqual({
      op: "receive",
      delivery: { ...failed, error: { ...failed.error, target } },
    } as never);
  });

  test("ends as it is told to", async () => {
    const trapped = await runProbe(version, [probeScript().stderr("last words").trap()]);
    expect(trapped.ending).toMatchObject({ kind: "trapped", stderr: "last words" });
    expect((await runProbe(version, [probeScript().exit(3)])).ending.kind).toBe("trapped");
    const grown = await runProbe(version, [probeScript().grow(1).grow(60_000).report()]);
    const [small, large] = reportOf(grown.host);
    expect(small).toMatchObject({ op: "grow", pagesBefore: 2 });
    expect(large).toEqual({ op: "grow", pagesBefore: 0xffff_ffff });
    expect((await runProbe(version, [probeScript().recurse()])).ending.kind).toBe("trapped");
  });
});
