/**
 * Who says what to the lease of a blob: its buffer may be used again only after one plain receiver and its waiting sender.
 * Source: docs/decisions/0003-recycled-blob-buffers.md; `BlobLease` in `@kinode-ts/types`.
 * @module
 */
import { expect, test } from "bun:test";
import { createMemoryNetwork } from "@kinode-ts/testing";
import {
  type Address,
  type BlobLease,
  type KernelMessage,
  type LazyLoadBlob,
  type ModuleContext,
  type NetworkEvents,
  networkCapability,
  type ProcessHost,
  type ProcessId,
  type Request,
  type Response,
  type RuntimeModule,
  VFS_PROCESS,
} from "@kinode-ts/types";
import { createFunctionExecutor } from "../src/index.ts";
import { createTestNode, type TestNode, type TestNodeOptions } from "./test-node.ts";

const HANDLE = "/test:sys/pkg/quiet.ts";
const ECHO = "echo:distro:sys" as ProcessId;
const PEER: Address = { node: "bob.os", process: "peer:test:sys" as ProcessId };

interface Leased {
  readonly blob: LazyLoadBlob;
  readonly steps: (keyof BlobLease)[];
}

function leased(): Leased {
  const steps: (keyof BlobLease)[] = [];
  const note = (step: keyof BlobLease) => () => void steps.push(step);
  const lease: BlobLease = {
    awaited: note("awaited"),
    answered: note("answered"),
    received: note("received"),
    replaced: note("replaced"),
    keep: note("keep"),
  };
  return { blob: { mime: undefined, bytes: new Uint8Array(9), lease }, steps };
}

/** What somebody gets who may keep the blob: it has no lease that could be copied or used again. */
function plain({ blob: { mime, bytes } }: Leased): LazyLoadBlob {
  return { mime, bytes };
}

function request(fields: Partial<Request> = {}): Request {
  return {
    kind: "request",
    inherit: false,
    expectsResponse: undefined,
    body: new Uint8Array(1),
    metadata: undefined,
    capabilities: [],
    ...fields,
  };
}

const RESPONSE: Response = {
  kind: "response",
  inherit: false,
  body: new Uint8Array(1),
  metadata: undefined,
  capabilities: [],
};

class Scene {
  readonly node: TestNode;
  readonly #hosts: ReadonlyMap<string, ProcessHost>;

  constructor(node: TestNode, hosts: ReadonlyMap<string, ProcessHost>) {
    this.node = node;
    this.#hosts = hosts;
  }

  host(name: string): ProcessHost {
    return this.#hosts.get(this.node.id(name))!;
  }

  /** A sends this blob to `to`. */
  send(to: string | Address, { blob }: Leased, fields: Partial<Request> = {}): void {
    const target = typeof to === "string" ? this.node.at(to) : to;
    void this.host("a").sendRequest(target, request(fields), undefined, blob);
  }

  answer(name: string, fields: Partial<Response> = {}, blob?: LazyLoadBlob): void {
    void this.host(name).sendResponse({ ...RESPONSE, ...fields }, blob);
  }

  take(name: string) {
    return this.host(name).poll();
  }

  /** Gives the process a newer blob. */
  renew(name: string): void {
    void this.host(name).sendRequest(this.node.at(name), request(), undefined, leased().blob);
    this.take(name);
  }
}

/** Processes a, b and c that do only what the test does for them. */
async function createScene(options: TestNodeOptions = {}): Promise<Scene> {
  const hosts = new Map<string, ProcessHost>();
  const main = ({ host }: { host: ProcessHost }): Promise<void> => {
    hosts.set(host.our.process, host);
    return new Promise(() => {});
  };
  const executors = [createFunctionExecutor({ [HANDLE]: main })];
  const node = await createTestNode({
    ...options,
    executors,
    files: new Map([[HANDLE, new Uint8Array(1)]]),
  });
  const capabilities = [networkCapability(node.our), node.messaging(ECHO)];
  await node.start(["a", "b", "c"], { handle: HANDLE, capabilities });
  return new Scene(node, hosts);
}

test("a request without a response: received, and replaced by the next blob of the same process", async () => {
  const s = await createScene();
  const sent = leased();
  s.send("b", sent);
  expect(sent.steps).toEqual([]);
  s.take("b");
  expect(sent.steps).toEqual(["received"]);
  void s.host("a").sendRequest(s.node.at("b"), request(), undefined, undefined);
  s.take("b");
  expect(sent.steps).toEqual(["received"]);
  s.renew("c");
  expect(sent.steps).toEqual(["received"]);
  s.renew("b");
  expect(sent.steps).toEqual(["received", "replaced"]);
});

test("a request with a response: the sender lets go when it takes the answer, not when it arrives", async () => {
  const s = await createScene();
  const [sent, back] = [leased(), leased()];
  s.send("b", sent, { expectsResponse: 5 });
  expect(sent.steps).toEqual(["awaited"]);
  s.take("b");
  s.answer("b", {}, back.blob);
  expect(sent.steps).toEqual(["awaited", "received"]);
  expect(back.steps).toEqual([]);
  s.take("a");
  expect(sent.steps).toEqual(["awaited", "received", "answered"]);
  expect(back.steps).toEqual(["received"]);
  s.renew("b");
  s.renew("a");
  expect(sent.steps).toEqual(["awaited", "received", "answered", "replaced"]);
  expect(back.steps).toEqual(["received", "replaced"]);
});

test("an awaited request is let go of in the same way", async () => {
  const s = await createScene();
  const sent = leased();
  s.host("a").beginAwait(s.node.at("b"), request({ expectsResponse: 5 }), sent.blob);
  s.take("b");
  s.answer("b");
  expect(s.host("a").pollAwaited()?.kind).toBe("message");
  expect(sent.steps).toEqual(["awaited", "received", "answered"]);
});

test("looking takes no hold; get-blob and last-blob of other executors do", async () => {
  for (const [look, steps] of [
    [(host: ProcessHost) => host.peekBlob!(), ["received"]],
    [(host: ProcessHost) => host.getBlob(), ["received", "keep"]],
    [(host: ProcessHost) => host.lastBlob(), ["received", "keep"]],
  ] as const) {
    const s = await createScene();
    const sent = leased();
    s.send("b", sent);
    s.take("b");
    expect(s.host("b").hasBlob()).toBe(true);
    expect(look(s.host("b"))?.bytes).toBe(sent.blob.bytes);
    expect(sent.steps).toEqual([...steps]);
  }
});

test("a blob that is inherited is kept, by a request as by a response", async () => {
  for (const pass of [
    (host: ProcessHost, s: Scene) =>
      void host.sendRequest(s.node.at("c"), request({ inherit: true }), undefined, undefined),
    (host: ProcessHost, s: Scene) =>
      host.beginAwait(s.node.at("c"), request({ inherit: true, expectsResponse: 5 }), undefined),
    (host: ProcessHost) => void host.sendResponse({ ...RESPONSE, inherit: true }, undefined),
  ]) {
    const s = await createScene();
    const sent = leased();
    s.send("b", sent, { expectsResponse: 5 });
    s.take("b");
    pass(s.host("b"), s);
    expect(sent.steps).toContain("keep");
  }
});

test("a blob of one's own goes with an inheriting request, and the newest one is left alone", async () => {
  const s = await createScene();
  const [older, own] = [leased(), leased()];
  s.send("b", older);
  s.take("b");
  void s.host("b").sendRequest(s.node.at("c"), request({ inherit: true }), undefined, own.blob);
  s.take("c");
  expect(older.steps).toEqual(["received"]);
  expect(own.steps).toEqual(["received"]);
});

test("a blob that comes back with a send-error is kept and never let go of", async () => {
  for (const [target, lose] of [
    ["b", (s: Scene) => s.node.clock.advance(6_000)],
    ["nobody", () => {}],
    ["kernel:distro:sys", () => {}],
    [PEER, (s: Scene) => s.node.clock.advance(6_000)],
  ] as const) {
    const s = await createScene();
    const sent = leased();
    s.send(target, sent, { expectsResponse: 5 });
    await lose(s);
    const delivery = s.take("a");
    expect(delivery?.kind === "send-error" && delivery.error.blob).toEqual(plain(sent));
    expect(sent.steps).toContain("keep");
    // What was late is dropped, and a second answer as well.
    if (s.take("b") !== undefined) s.answer("b");
    s.renew("b");
    expect(s.take("a")).toBeUndefined();
    expect(sent.steps).not.toContain("answered");
  }
});

test("refused and dropped messages never reach a receiver's step", async () => {
  const s = await createScene({ limits: { maxMailboxCount: 1 } });
  const [first, refused, dropped] = [leased(), leased(), leased()];
  s.send("b", first);
  s.send("b", refused);
  s.take("b");
  s.answer("b", {}, dropped.blob);
  expect(s.take("b")).toBeUndefined();
  expect([first.steps, refused.steps, dropped.steps]).toEqual([["received"], [], []]);
});

test("a kill of the receiver or the sender lets go of nothing", async () => {
  for (const [victim, steps] of [
    ["a", ["awaited", "received", "replaced"]],
    ["b", ["awaited", "received"]],
  ] as const) {
    const s = await createScene();
    const [sent, waiting] = [leased(), leased()];
    s.send("b", sent, { expectsResponse: 5 });
    s.send("b", waiting, { expectsResponse: 5 });
    s.take("b");
    await s.node.during(s.node.kernel.kill(s.node.id(victim)));
    if (victim === "a") s.take("b");
    expect(sent.steps).toEqual([...steps]);
    expect(waiting.steps).toEqual(victim === "a" ? ["awaited", "received"] : ["awaited"]);
  }
});

test("modules, tools and other nodes keep what they get and what they send", async () => {
  const handled: KernelMessage[] = [];
  let context!: ModuleContext;
  const echo: RuntimeModule = {
    id: ECHO,
    start: (given) => void (context = given),
    handle: (message) => {
      handled.push(message);
      context.respond(message, { body: new Uint8Array(1), blob: message.blob });
    },
  };
  const network = createMemoryNetwork();
  const s = await createScene({ modules: [echo], network });
  const { node } = s;
  // The same blob comes back from the module.
  const sent = leased();
  s.send(ECHO, sent, { expectsResponse: 5 });
  await node.clock.settle();
  s.take("a");
  expect(handled[0]!.blob).toEqual(plain(sent));
  expect(sent.steps.slice(0, 2)).toEqual(["awaited", "keep"]);

  const away = leased();
  s.send(PEER, away);
  expect(network.sent.at(-1)!.blob).toEqual(plain(away));
  expect(away.steps).toEqual(["keep"]);

  const [asked, told] = [leased(), leased()];
  const source = node.id("tool:test:sys");
  const answer = node.kernel.ask({
    source,
    target: node.at("b"),
    body: new Uint8Array(1),
    blob: asked.blob,
    timeoutSeconds: 5,
  });
  s.take("b");
  s.answer("b", {}, told.blob);
  expect(await answer).toMatchObject({ ok: true, blob: plain(told) });
  expect(asked.steps).toEqual(["keep"]);
  expect(told.steps).toEqual(["keep"]);

  const injected = leased();
  node.kernel.inject({
    id: 7,
    source: node.at("a"),
    target: node.at("b"),
    rsvp: undefined,
    message: { ...request(), capabilities: [] },
    blob: injected.blob,
  });
  s.take("b");
  expect(injected.steps).toEqual(["keep"]);
});

test("what arrives from another node is kept, even when the network hands over its own blob", async () => {
  const arriving: ((message: KernelMessage) => void)[] = [];
  const network = createMemoryNetwork();
  const port = {
    send: () => {},
    connect: (events: NetworkEvents) => void arriving.push(events.received),
  };
  const s = await createScene({ network: { ...network, port: () => port } });
  const sent = leased();
  arriving[0]!({
    id: 7,
    source: PEER,
    target: s.node.at("b"),
    rsvp: undefined,
    message: { ...request(), capabilities: [] },
    blob: sent.blob,
  });
  s.take("b");
  expect(sent.steps).toEqual(["keep"]);
});

test("a program's bytes that the kernel asked for in a spawn are kept", async () => {
  const file = leased();
  let context!: ModuleContext;
  const files: RuntimeModule = {
    id: VFS_PROCESS,
    start: (given) => void (context = given),
    handle: (message) =>
      context.respond(message, { body: new TextEncoder().encode('"Read"'), blob: file.blob }),
  };
  const s = await createScene({ modules: [files] });
  await s.node.grant("a", s.node.messaging(VFS_PROCESS));
  const spawned = s.host("a").spawn({
    name: "child",
    wasmPath: HANDLE,
    onExit: { kind: "none" },
    requestCapabilities: [],
    grantCapabilities: [],
    public: false,
  });
  expect(await s.node.during(spawned)).toMatchObject({ ok: true });
  expect(file.steps).toEqual(["keep"]);
});
