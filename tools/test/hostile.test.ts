/**
 * A hostile process cannot stop, starve, crash or look into the node or another process.
 * In each test two others talk to each other while it does its worst, and must finish in time.
 */
import { probeScript, type ProbeRecord } from "@kinode-ts/testing/probe";
import { networkCapability, VFS_PROCESS } from "@kinode-ts/types";
import { expect, test } from "bun:test";
import { createRealNode, type RealNode, within } from "./real-node.ts";

const ROUND_TRIPS = 100;

async function nodeWithBystanders(): Promise<RealNode> {
  const node = await createRealNode();
  await node.start("bad", "victim", "asking", "answering");
  node.post(
    "answering",
    probeScript().on(
      "request",
      probeScript()
        .clear()
        .sendResponse({ body: { from: "newest-message" } }),
    ),
  );
  return node;
}

/** Two processes that have nothing to do with it exchange requests and responses. */
async function bystandersTalk(node: RealNode): Promise<void> {
  const once = probeScript()
    .clear()
    .sendAndAwait({ target: node.at("answering"), body: "ping", expectsResponse: 30 });
  const records = await node.tell("asking", probeScript().repeat(ROUND_TRIPS, once));
  const last = records.at(-1) as Extract<ProbeRecord, { op: "receive" | "send-and-await" }>;
  if (last.delivery.kind !== "message") throw new Error("no answer");
  expect(new TextDecoder().decode(last.delivery.message.body)).toBe("ping");
}

const running = (node: RealNode, name: string): boolean =>
  node.kernel.process(node.at(name).process)?.state === "running";

test("[K85] an endlessly looping process does not stop others and can be killed", async () => {
  const node = await nodeWithBystanders();
  node.post("bad", probeScript().loop());
  await bystandersTalk(node);
  expect(running(node, "bad")).toBe(true);
  expect(await within(node.kernel.kill(node.at("bad").process), "not killed")).toBe(true);
  expect(node.kernel.process(node.at("bad").process)).toBeUndefined();
  await bystandersTalk(node);
});

test("memory grows to the limit of the process and no further", async () => {
  const node = await nodeWithBystanders();
  const records = await node.tell("bad", probeScript().repeat(100, probeScript().grow(1_000)));
  const refused = records.filter(
    (record) => record.op === "grow" && record.pagesBefore === 0xffff_ffff,
  );
  expect(refused.length).toBeGreaterThan(90);
  expect(node.kernel.process(node.at("bad").process)!.usage!.memoryBytes).toBeLessThanOrEqual(
    512 << 20,
  );
  await bystandersTalk(node);
});

test("a message flood fills a bounded mailbox, and delays nobody else", async () => {
  const node = await nodeWithBystanders();
  // The victim waits in WASI, not in receive: it takes nothing out of its mailbox.
  node.post("victim", probeScript().sleep(60_000));
  const flood = probeScript().sendRequest({ target: node.at("victim"), body: "x".repeat(1_000) });
  node.post("bad", probeScript().repeat(1_000_000, flood));
  await bystandersTalk(node);
  const { mailboxCount, mailboxBytes } = node.kernel.process(node.at("victim").process)!;
  expect(mailboxCount).toBeGreaterThan(0);
  expect(mailboxCount).toBeLessThan(100_000);
  expect(mailboxBytes).toBeLessThan(256 << 20);
  expect(await within(node.kernel.kill(node.at("bad").process), "not killed")).toBe(true);
});

test("memory grown page by page until nothing is left ends that process alone", async () => {
  const node = await nodeWithBystanders();
  node.post("bad", probeScript().repeat(1_000_000, probeScript().grow(1)));
  await bystandersTalk(node);
  await bystandersTalk(node);
});

test("deep recursion ends the process that recurses, alone", async () => {
  const node = await nodeWithBystanders();
  node.post("bad", probeScript().recurse());
  const deadlineMs = performance.now() + 60_000;
  do await bystandersTalk(node);
  while (running(node, "bad") && performance.now() < deadlineMs);
  expect(node.kernel.process(node.at("bad").process)).toBeUndefined();
});

for (const target of ["victim", "driver:distro:sys"]) {
  test(`a million requests that nobody answers stay bounded (to ${target})`, async () => {
    const node = await nodeWithBystanders();
    // The one does not take its messages, the other takes them all and keeps silent.
    node.post("victim", probeScript().sleep(60_000));
    const pending = probeScript().sendRequest({
      target: node.at(target),
      body: "?",
      context: "remember me",
      expectsResponse: 2 ** 40,
    });
    const before = process.memoryUsage().rss;
    node.post("bad", probeScript().repeat(1_000_000, pending));
    for (let i = 0; i < 5; i += 1) await bystandersTalk(node);
    expect(process.memoryUsage().rss - before).toBeLessThan(400 << 20);
    await within(node.kernel.kill(node.at("bad").process), "not killed");
    await bystandersTalk(node);
  });
}

test("forged capabilities are neither saved nor sent nor good for anything", async () => {
  const node = await nodeWithBystanders();
  const forged = [
    { issuer: node.at(VFS_PROCESS), params: '{"root":true}' },
    { issuer: node.at("kernel:distro:sys"), params: '"messaging"' },
    networkCapability("alice.os"),
  ];
  const kill = '{"KillProcess":"victim:test:sys"}';
  const records = await node.tell(
    "bad",
    probeScript()
      .saveCapabilities(forged)
      .ourCapabilities()
      .sendRequest({ target: node.at("victim"), body: "look", capabilities: forged })
      .sendRequest({ target: node.at("kernel:distro:sys"), body: kill, capabilities: forged }),
  );
  const held = records.find((record) => record.op === "our-capabilities")!;
  for (const capability of forged)
    expect(held).not.toEqual({ ...held, capabilities: expect.arrayContaining([capability]) });
  const [seen] = await node.tell("victim", probeScript());
  if (seen?.op !== "receive" || seen.delivery.kind !== "message")
    throw new Error("nothing arrived");
  expect(seen.delivery.message.capabilities).toEqual([]);
  await bystandersTalk(node);
  expect(running(node, "victim")).toBe(true);
});

test("a child named kernel has no authority of the kernel", async () => {
  const node = await nodeWithBystanders();
  const [spawned] = await node.tell(
    "bad",
    probeScript().spawn({ name: "kernel", wasmPath: "/any.wasm" }),
  );
  expect(spawned).toEqual({
    op: "spawn",
    result: { ok: true, process: "kernel:test:sys" as never },
  });
  const kill = '{"KillProcess":"victim:test:sys"}';
  // To it: a command is an ordinary message. From it: it may message its parent, and nobody else.
  const records = await node.tell(
    "bad",
    probeScript()
      .sendRequest({ target: node.at("kernel"), body: kill })
      .sendRequest({ target: node.at("kernel:distro:sys"), body: kill }),
  );
  expect(records).toEqual([]);
  const [received, failed] = await node.tell(
    "kernel:test:sys",
    probeScript().sendAndAwait({ target: node.at("victim"), body: kill, expectsResponse: 30 }),
  );
  expect(received).toMatchObject({ op: "receive", delivery: { source: node.at("bad") } });
  expect(failed).toMatchObject({ op: "send-and-await", delivery: { kind: "send-error" } });
  expect(await node.tell("victim", probeScript())).toEqual([]);
  expect(running(node, "victim")).toBe(true);
  await bystandersTalk(node);
});
