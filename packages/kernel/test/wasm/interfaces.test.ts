/**
 * The four interfaces in real WebAssembly: what a process is told, and that each of their functions does its work.
 * Source: spec/kernel.md §1, §11 points 1–4.
 * @module
 */
import { expect, test } from "bun:test";
import { loadComponent } from "@kinode-ts/component";
import { createSeededRandom } from "@kinode-ts/testing";
import { type ProbeRecord, probeScript as script } from "@kinode-ts/testing/probe";
import { type ProcessId, VFS_PROCESS } from "@kinode-ts/types";
import { createTestNode, type StartOptions, type TestNode } from "../test-node.ts";
import { type InterfaceName, INTERFACES, realClock, wasmProbe } from "./wasm-probe.ts";

const decoder = new TextDecoder();
const handleOf = (name: InterfaceName): string => `/test:sys/pkg/${name}.wasm`;
/** `our`, `has-blob` and `last-blob` exist since 1.0.0. */
const isNewest = (name: InterfaceName): boolean => name.endsWith("1.0.0");

/** A node whose files hold the probe of every interface. */
async function createNode(probe: InterfaceName = "1.0.0"): Promise<TestNode> {
  const files = new Map(INTERFACES.map((name) => [handleOf(name), wasmProbe(name).bytes]));
  return await createTestNode({ probe: wasmProbe(probe), files });
}

async function nodeOf(
  name: InterfaceName,
  processes: readonly string[],
  options: StartOptions = {},
): Promise<TestNode> {
  const n = await createNode(name);
  await n.start(processes, { handle: handleOf(name), ...options });
  return n;
}

function only<K extends ProbeRecord["op"]>(
  records: readonly ProbeRecord[],
  op: K,
): Extract<ProbeRecord, { op: K }>[] {
  return records.filter((record): record is Extract<ProbeRecord, { op: K }> => record.op === op);
}

function deliveries(records: readonly ProbeRecord[], op: "receive" | "send-and-await") {
  return records.flatMap((record) => (record.op === op ? [record.delivery] : []));
}

const texts = (records: readonly ProbeRecord[], op: "get-blob" | "last-blob") =>
  only(records, op).map(({ blob }) =>
    blob === undefined ? undefined : decoder.decode(blob.bytes),
  );

for (const name of INTERFACES) {
  test(`${isNewest(name) ? "[K1] " : ""}${name}: init receives the process's own address${isNewest(name) ? ", and our() returns the same" : ""}`, async () => {
    const n = await nodeOf(name, ["a"]);
    // The probe parses what init got into "self"; the kernel takes a target as it is written.
    const target = "self";
    const records = await n.tell(
      "a",
      script()
        .setOnExit([{ target, body: "x" }])
        .getOnExit(),
    );
    expect(only(records, "get-on-exit")[0]!.onExit).toMatchObject({
      requests: [{ target: { node: "alice.os", process: "a:test:sys" } }],
    });
    if (isNewest(name)) {
      expect(await n.tell("a", script().our())).toEqual([{ op: "our", address: n.at("a") }]);
    }
  });

  test(`${name === "0.8.0" ? "[K4] " : ""}${name}: spawn grants ${isNewest(name) ? "any capability" : "each process exactly messaging"} of the child`, async () => {
    const n = await nodeOf(name, ["a"], { capabilities: [] });
    await n.start(["b", "c"], { handle: handleOf(name) });
    await n.grant("a", n.messaging(VFS_PROCESS));
    const held = (id: string) =>
      n.kernel
        .capabilitiesOf(n.id(id))
        .map(({ issuer, params }) => `${issuer.process} ${params}`)
        .toSorted();
    const before = { b: held("b"), c: held("c") };
    const grants = ["b", "c"].map((to) => ({ process: n.id(to), params: '"read"' }));
    const records = await n.tell(
      "a",
      script().spawn({ name: "child", wasmPath: handleOf(name), grantCapabilities: grants }),
    );
    expect(records).toEqual([{ op: "spawn", result: { ok: true, process: n.id("child") } }]);
    const granted = isNewest(name) ? '"read"' : '"messaging"';
    for (const to of ["b", "c"] as const) {
      expect(held(to)).toEqual([...before[to], `child:test:sys ${granted}`].toSorted());
    }
    // The child runs on the same interface and may message its parent.
    await n.letDrive(["child"]);
    await n.post("child", script().sendRequest({ target: n.at("a"), body: "hello" }));
    expect(deliveries(await n.tell("a"), "receive")).toMatchObject([
      { source: { process: "child:test:sys" } },
    ]);
  });

  test(`${name}: request, response, await, context, metadata and blobs`, async () => {
    const n = await nodeOf(name, ["a", "b"]);
    const answer = script()
      .getBlob()
      .sendResponse({
        body: { from: "newest-message" },
        metadata: "answered",
        inherit: true,
      });
    await n.post("b", script().on("request", answer));
    const blob = { mime: "text/plain", bytes: "blob" };
    const request = { target: n.at("b"), body: "q", expectsResponse: 5, metadata: "asked", blob };
    await n.post("a", script().sendRequest({ ...request, context: "mine" }));
    const awaited = await n.tell("a", script().sendAndAwait(request).getBlob());
    const answers = [...deliveries(awaited, "receive"), ...deliveries(awaited, "send-and-await")];
    expect(answers).toMatchObject([
      { kind: "message", source: n.at("b"), message: { kind: "response", metadata: "answered" } },
      { kind: "message", source: n.at("b"), message: { kind: "response", metadata: "answered" } },
    ]);
    expect(answers.map(({ context }) => decoder.decode(context))).toEqual(["mine", ""]);
    expect(texts(awaited, "get-blob")).toEqual(["blob"]);
    const seen = await n.tell("b");
    expect(deliveries(seen, "receive")[0]).toMatchObject({
      source: n.at("a"),
      message: { kind: "request", inherit: false, expectsResponse: 5, metadata: "asked" },
    });
    expect(texts(seen, "get-blob")).toEqual(["blob", "blob"]);
  });

  test(`${name}: a chain of inheriting requests answers the first sender`, async () => {
    const n = await nodeOf(name, ["a", "b", "c"]);
    const blob = { bytes: "carried" };
    await n.post("c", script().on("request", script().getBlob().sendResponse({ body: "from c" })));
    await n.post(
      "b",
      script().on("request", script().sendRequests([{ target: n.at("c"), inherit: true }])),
    );
    await n.post(
      "a",
      script().sendRequest({ target: n.at("b"), expectsResponse: 5, context: "mine", blob }),
    );
    expect(await n.inbox("a")).toEqual(["response c from c mine"]);
    expect(texts(await n.tell("c"), "get-blob")).toEqual(["carried"]);
  });

  test(`${name}: blobs after a message without one`, async () => {
    const n = await nodeOf(name, ["a", "b"]);
    const look = isNewest(name) ? script().hasBlob().getBlob().lastBlob() : script().getBlob();
    await n.post("b", script().on("request", look));
    await n.post(
      "a",
      script()
        .sendRequest({ target: n.at("b"), blob: { bytes: "old" } })
        .sendRequest({ target: n.at("b") }),
    );
    const records = await n.tell("b");
    expect(texts(records, "get-blob")).toEqual(["old", undefined]);
    if (!isNewest(name)) return;
    expect(only(records, "has-blob").map(({ has }) => has)).toEqual([true, false]);
    expect(texts(records, "last-blob")).toEqual(["old", "old"]);
  });

  test(`${name}: state is kept, read and cleared`, async () => {
    const n = await nodeOf(name, ["a"]);
    const records = await n.tell(
      "a",
      script()
        .getState()
        .setState("kept")
        .getState()
        .setState("")
        .getState()
        .clearState()
        .getState(),
    );
    const states = only(records, "get-state").map(({ bytes }) => bytes && decoder.decode(bytes));
    expect(states).toEqual([undefined, "kept", "", undefined]);
  });

  test(`${name}: capabilities are attached, saved, listed and dropped`, async () => {
    const n = await nodeOf(name, ["a", "b"]);
    const right = { issuer: n.at("b"), params: '{"right":1}' };
    await n.post("b", script().sendRequest({ target: n.at("a"), capabilities: [right] }));
    const list = async (more: ReturnType<typeof script>) =>
      only(await n.tell("a", more.ourCapabilities()), "our-capabilities")[0]!.capabilities;
    expect(await list(script().saveCapabilities([right]))).toContainEqual(right);
    expect(await list(script().dropCapabilities([right]))).not.toContainEqual(right);
  });

  test(`${name}: the three forms of on-exit are set, told and carried out`, async () => {
    const n = await nodeOf(name, ["a", "b"]);
    const last = {
      target: n.at("b"),
      body: "bye",
      metadata: "m",
      blob: { mime: "t/x", bytes: "last" },
    };
    const told = await n.tell(
      "a",
      script().getOnExit().setOnExit("restart").getOnExit().setOnExit([last]).getOnExit(),
    );
    expect(only(told, "get-on-exit").map(({ onExit }) => onExit)).toMatchObject([
      { kind: "none" },
      { kind: "restart" },
      {
        kind: "requests",
        requests: [{ target: n.at("b"), request: { metadata: "m" }, blob: { mime: "t/x" } }],
      },
    ]);
    await n.post("b", script().on("request", script().getBlob()));
    await n.post("a", script().return());
    const records = await n.tell("b");
    expect(deliveries(records, "receive")).toMatchObject([
      { source: n.at("a"), message: { metadata: "m" } },
    ]);
    expect(texts(records, "get-blob")).toEqual(["last"]);
  });

  test(`${name}: prints, panics and exits are told with their text`, async () => {
    const n = await nodeOf(name, ["a", "b"]);
    await n.post("a", script().print(0, "hello").stderr("out of luck").trap());
    await n.post("b", script().exit(0));
    expect(n.lines(0)).toContain("test:sys: hello");
    expect(n.lines(0)).toContainEqual(expect.stringMatching(/^a:test:sys ended: .*\nout of luck$/));
    expect(n.kernel.process(n.id("b"))).toBeUndefined();
  });
}

test("[K3] a send-error has no target for 0.7.0 and has it for the others", async () => {
  for (const name of INTERFACES) {
    const n = await nodeOf(name, ["a"]);
    const target = n.at("nobody");
    const request = { target, body: "x", expectsResponse: 5, blob: { bytes: "kept" } };
    const awaited = await n.tell("a", script().sendAndAwait(request));
    await n.post("a", script().sendRequest({ ...request, context: "c" }));
    const received = await n.tell("a");
    const errors = [...deliveries(awaited, "send-and-await"), ...deliveries(received, "receive")];
    expect(errors).toHaveLength(2);
    for (const failure of errors) {
      if (failure.kind !== "send-error") throw new Error("no send-error");
      expect(failure.error.kind).toBe("timeout");
      expect(failure.error.target).toEqual(name === "0.7.0" ? undefined : target);
      expect(decoder.decode(failure.error.blob?.bytes)).toBe("kept");
    }
  }
});

test("[K2] components of 0.8.0 and 1.0.0 run side by side, chosen by what they import", async () => {
  const n = await createNode();
  const load = async (name: InterfaceName): Promise<string | undefined> => {
    const powers = { clock: realClock, random: createSeededRandom(1) };
    return (await loadComponent(wasmProbe(name).bytes, powers)).standardInterface;
  };
  expect(await load("0.8.0")).toBe("kinode:process/standard@0.8.0");
  expect(await load("1.0.0")).toBe("kinode:process/standard@1.0.0");
  // All are registered with the same `wit_version`: the number does not decide.
  for (const name of INTERFACES) {
    await n.start([name.replaceAll(".", "-")], { handle: handleOf(name), public: true });
  }
  const ids = INTERFACES.map((name) => name.replaceAll(".", "-"));
  for (const from of ids) {
    for (const to of ids) {
      if (from === to) continue;
      await n.post(
        to,
        script().on("request", script().sendResponse({ body: { from: "newest-message" } })),
      );
      const body = `${from} to ${to}`;
      const [got] = await n.tell(
        from,
        script().sendAndAwait({ target: n.at(to), body, expectsResponse: 5 }),
      );
      if (got?.op !== "send-and-await" || got.delivery.kind !== "message") throw new Error("none");
      expect(got.delivery.source.process).toBe(`${to}:test:sys` as ProcessId);
      expect(decoder.decode(got.delivery.message.body)).toBe(body);
      await n.tell(to);
    }
  }
});
