/** The tester on a node in memory: its messages, and what comes of tests that go wrong. */
import { beforeAll, expect, test } from "bun:test";
import type { GuestSpawn } from "@kinode-ts/types";
import type { TestProgram } from "@kinode-ts/stdlib/testing";
import { createTestVfs, loadProgram, TestNode } from "@kinode-ts/stdlib/testing";

const TESTER = "tester:tester:sys";
const HTTP_SERVER = "http-server:distro:sys";
const NAMES = ["passes", "fails", "silent", "ends", "odd"] as const;
const WRITE = (drive: string) => ({
  issuer: "first.dev@vfs:distro:sys",
  params: `{"kind":"write","drive":"/tester:sys/${drive}"}`,
});

let tester: TestProgram;
const programs = new Map<string, TestProgram>();
beforeAll(async () => {
  tester = await loadProgram(`${import.meta.dir}/tester.ts`);
  for (const name of NAMES) {
    // oxlint-disable-next-line no-await-in-loop -- each takes the whole processor
    programs.set(name, await loadProgram(`${import.meta.dir}/../test/programs/${name}.ts`));
  }
});

interface Change {
  readonly target: string;
  readonly capabilities: readonly { readonly issuer: string; readonly params: string }[];
}

async function startTester() {
  const node = new TestNode({ name: "first.dev" });
  const vfs = createTestVfs();
  const actions: string[] = [];
  const commands: Record<string, unknown>[] = [];
  const spawned: GuestSpawn[] = [];
  node.addModule("vfs:distro:sys", (request, reply) => {
    actions.push(request.text);
    vfs.module(request, reply);
  });
  node.addModule("kernel:distro:sys", ({ value }, reply) => {
    const command = value as { readonly KillProcess?: string; readonly Debug?: object };
    const { KillProcess: killed, Debug: query } = command;
    if (query === undefined) commands.push(command);
    if (killed !== undefined) node.kill(killed);
    if (query === undefined) return;
    if ("HasCap" in query) return reply({ Debug: { HasCap: true } });
    const { Process: id } = query as { readonly Process: string };
    reply({ Debug: { Process: node.isRunning(id) ? {} : null } });
  });
  const spawnFor = node.spawnFor.bind(node);
  node.spawnFor = (parent, request) => {
    spawned.push(request);
    return spawnFor(parent, request);
  };
  for (const [name, program] of programs) {
    const ending = name === "passes" ? "wasm" : "js";
    node.programs.set(`/tester:sys/tests/${name}.${ending}`, program);
    vfs.put(`tester:sys/tests/${name}.${ending}`, "program");
  }
  node.start(TESTER, tester);
  await node.settle();
  const run = async (
    testNames: readonly string[],
    nodeNames: readonly string[] = ["first.dev", "second.dev"],
  ): Promise<unknown> => {
    const body = {
      Run: { input_node_names: nodeNames, test_names: testNames, test_timeout: 5 },
    };
    return await ask(body);
  };
  const ask = async (body: string | object): Promise<unknown> => {
    const asked = node.ask(TESTER, body, { from: HTTP_SERVER, expectsResponse: 60 });
    await node.advance(10_000);
    return JSON.parse((await asked).body);
  };
  return { node, vfs, actions, commands, spawned, run, ask };
}

const err = (name: string, file: string) => ({
  Run: { Err: { test: name, file, line: 0, column: 0 } },
});
const OK = { Run: { Ok: null } };

test("[P20][P20.1] at its start it makes two drives and lets the HTTP server write to them", async () => {
  const { actions, commands } = await startTester();
  expect(actions.map((text) => JSON.parse(text) as unknown)).toEqual([
    { path: "/tester:sys/setup", action: "CreateDrive" },
    { path: "/tester:sys/tests", action: "CreateDrive" },
  ]);
  expect(commands.map((each) => each["GrantCapabilities"] as Change)).toEqual([
    { target: HTTP_SERVER, capabilities: [WRITE("setup")] },
    { target: HTTP_SERVER, capabilities: [WRITE("tests")] },
  ]);
});

test("[P20][P20.1] a node that is not the first answers at once and runs nothing", async () => {
  const { node, spawned } = await startTester();
  const asked = node.ask(
    TESTER,
    '{"Run":{"input_node_names":["second.dev","first.dev"],"test_names":["nothing"],"test_timeout":5}}',
    { from: HTTP_SERVER },
  );
  await node.settle();
  expect((await asked).body).toBe('{"Run":{"Ok":null}}');
  expect(spawned).toEqual([]);
});

test("[P20][P20.1] the first node runs the tests in order, each with the request as it came", async () => {
  const { node, run, spawned } = await startTester();
  expect(await run(["passes", "passes"])).toEqual(OK);
  expect(
    spawned.map(({ wasmPath, name, onExit, public: isPublic }) => ({
      wasmPath,
      name,
      onExit,
      isPublic,
    })),
  ).toEqual(
    Array(2).fill({
      wasmPath: "/tester:sys/tests/passes.wasm",
      name: undefined,
      onExit: { kind: "none" },
      isPublic: false,
    }),
  );
  const seen = node.lines.filter(({ process }) => process !== TESTER).map(({ text }) => text);
  expect(seen).toEqual(Array(2).fill("first.dev,second.dev passes,passes 5"));
});

test("[P20][P20.1] the first failure is the answer, and nothing runs after it", async () => {
  const { run, spawned } = await startTester();
  expect(await run(["passes", "fails", "passes"])).toEqual({
    Run: { Err: { test: "fails", file: "fails/src/lib.rs", line: 3, column: 5 } },
  });
  expect(spawned.map(({ wasmPath }) => wasmPath)).toEqual([
    "/tester:sys/tests/passes.wasm",
    "/tester:sys/tests/fails.js",
  ]);
});

test("[P20][P20.1] a test without a program fails before any other has run", async () => {
  const { run, spawned } = await startTester();
  expect(await run(["passes", "lost"])).toEqual(
    err("lost", "/tester:sys/tests/lost.wasm does not exist"),
  );
  expect(spawned).toEqual([]);
});

test("[P20][P20.1] a test gets what capabilities.json says and what the tester holds", async () => {
  const { node, vfs, run, spawned, commands } = await startTester();
  const file = {
    passes: {
      request_capabilities: ["chat:chat:alice.os", "vfs:distro:sys"],
      grant_capabilities: ["chat:chat:alice.os"],
    },
  };
  vfs.put("tester:sys/tests/capabilities.json", JSON.stringify(file));
  node.kill(TESTER);
  const held = [
    { issuer: "first.dev@vfs:distro:sys", params: '"messaging"' },
    { issuer: "first.dev@kernel:distro:sys", params: '"network"' },
    { issuer: "first.dev@kernel:distro:sys", params: '{"root":true}' },
  ];
  await node.start(TESTER, tester).saveCapabilities(held);
  await node.settle();
  commands.length = 0;
  expect(await run(["passes"])).toEqual(OK);
  const wanted = { issuer: "first.dev@chat:chat:alice.os", params: '"messaging"' };
  const [{ requestCapabilities, grantCapabilities } = {} as GuestSpawn] = spawned;
  const texts = (list: readonly { issuer: string; params: string }[]) =>
    list.map(({ issuer, params }) => `${issuer} ${params}`);
  // The right to give anything is for that alone.
  expect(texts(requestCapabilities)).toEqual(texts([wanted, ...held.slice(0, 2)]));
  expect(grantCapabilities).toEqual([{ process: "chat:chat:alice.os", params: '"messaging"' }]);
  const change = { target: TESTER, capabilities: [wanted] };
  expect(commands).toEqual([{ GrantCapabilities: change }, { DropCapabilities: change }]);
});

test("a capabilities.json that cannot be read fails with what is wrong", async () => {
  const { vfs, run } = await startTester();
  vfs.put("tester:sys/tests/capabilities.json", '{"passes":[]}');
  expect(await run(["passes"])).toEqual(
    err("tester", '/tester:sys/tests/capabilities.json: "passes" is not an object'),
  );
});

test("[P20][P20.1] a test that never answers fails when its time is over, and is ended", async () => {
  const { node, run, commands } = await startTester();
  const before = node.nowMs;
  expect(await run(["silent"])).toEqual(err("silent", "no answer within 5 s"));
  expect(node.nowMs - before).toBeGreaterThanOrEqual(5_000);
  expect(commands.at(-1)).toHaveProperty("KillProcess");
  expect(node.running).toEqual([TESTER]);
});

test("[P20][P20.1] a test that crashes fails soon, and so does one whose program does not start", async () => {
  const { node, run } = await startTester();
  expect(await run(["ends"])).toEqual(err("ends", "it ended without an answer"));
  node.programs.delete("/tester:sys/tests/ends.js");
  expect(await run(["ends"])).toMatchObject({
    Run: { Err: { file: expect.stringContaining("ends.js did not start") as string } },
  });
});

test("an answer of another form is a failure", async () => {
  const { run } = await startTester();
  expect(await run(["odd"])).toMatchObject({
    Run: { Err: { test: "odd", file: expect.stringContaining("is neither") as string } },
  });
});

test("other requests, and those of other nodes, run nothing", async () => {
  const { node, ask, run, spawned } = await startTester();
  expect(await ask("hello")).toEqual(err("tester", '{"Run": {…}} is expected'));
  expect(await run(["passes"], [])).toEqual(err("tester", '"input_node_names" is empty'));
  expect(await ask({ Run: { input_node_names: "first.dev" } })).toEqual(
    err("tester", '"input_node_names" is not a list of texts'),
  );
  const run5 = {
    Run: { input_node_names: ["first.dev"], test_names: ["passes"], test_timeout: 5 },
  };
  node.tell(TESTER, run5, { from: `far.dev@${TESTER}` });
  await node.advance(1_000);
  expect(node.lines.at(-1)?.text).toContain("far.dev@tester:tester:sys may not run tests here");
  expect(spawned).toEqual([]);
});
