/** State, capabilities, spawn, scripts, timers, files and HTTP, each against its module on a test node. */
import { afterEach, expect, test } from "bun:test";
import type { GuestRuntime } from "@kinode-ts/types";
import { createHttpServer, Response } from "./http/index.ts";
import * as v from "./index.ts";
import type { ProcessDefinition } from "./index.ts";
import { createTestVfs, TestHttpServer, TestNode, useHost } from "./testing/index.ts";
import * as timer from "./timer.ts";
import * as vfs from "./vfs.ts";

const ME = "me:test:sys";

afterEach(() => useHost(undefined));

function startNode(define: () => ProcessDefinition, prepare?: (node: TestNode) => void): TestNode {
  const node = new TestNode();
  prepare?.(node);
  node.start(ME, (host: GuestRuntime) => {
    useHost(host);
    host.main(define().init);
  });
  return node;
}

/** Runs a body to its end and gives what it returned. */
async function run<T>(
  body: () => Promise<T>,
  prepare?: (node: TestNode) => void,
  ms = 10,
): Promise<T> {
  let result: T | undefined;
  const define = (): ProcessDefinition =>
    v.defineProcess(async () => {
      result = await body();
    });
  const node = startNode(define, prepare);
  await node.advance(ms);
  expect(node.endings.get(ME)).toBe("returned");
  return result as T;
}

test("state is kept as JSON, checked, and migrated when it is of an older shape", async () => {
  const count = (value: unknown): { n: number } => {
    const { n } = value as { n: unknown };
    if (typeof n !== "number") throw new TypeError('"n" is not a number');
    return { n };
  };
  const outcome = await run(async () => {
    const before = await v.state.load(count);
    await v.state.save({ n: 5 });
    const after = await v.state.load(count);
    await v.state.raw.set(v.encodeUtf8('{"n":"old"}'));
    const refused = await v.state.load(count).catch((thrown: v.SchemaError) => thrown.code);
    const migrated = await v.state.load(count, { migrate: () => ({ n: -1 }) });
    await v.state.raw.clear();
    return [before, after, refused, migrated, await v.state.raw.get()];
  });
  expect(outcome).toEqual([undefined, { n: 5 }, "SchemaMismatch", { n: -1 }, undefined]);
});

test("schemas can be functions, parsers, or Standard Schemas", async () => {
  const standard: v.StandardSchema<number> = {
    "~standard": {
      validate: (value) =>
        typeof value === "number"
          ? { value }
          : { issues: [{ message: "no number", path: ["a", { key: 0 }] }] },
    },
  };
  const node = startNode(() =>
    v.defineProcess(() =>
      v.serve((message) => {
        try {
          return String(
            message.json({ parse: (value: unknown) => message.json(standard) + Number(value) }),
          );
        } catch (thrown) {
          return (thrown as Error).message;
        }
      }),
    ),
  );
  const [good, bad] = [node.ask(ME, "4"), node.ask(ME, '"x"')];
  await node.advance(10);
  expect((await good).body).toBe("8");
  expect((await bad).body).toBe("The data does not fit: a.0: no number");
});

test("capabilities are kept, found by value, and attached", async () => {
  const sent: unknown[] = [];
  const prepare = (node: TestNode): void =>
    node.addModule("peer:test:sys", ({ capabilities }, reply) => {
      sent.push(capabilities);
      reply("ok");
    });
  const right = { issuer: "test.os@peer:test:sys", params: '{"a":1,"b":2}' };
  const outcome = await run(async () => {
    await v.capabilities.save([right, { issuer: "test.os@peer:test:sys", params: '"messaging"' }]);
    const found = v.capabilities.find("peer:test:sys", { b: 2, a: 1 });
    await v.request("peer:test:sys", "x", { attach: "all" });
    const can = v.capabilities.canMessage("peer:test:sys");
    await v.capabilities.drop(v.capabilities.list());
    return [found?.params, can, v.capabilities.canMessage("peer:test:sys")];
  }, prepare);
  expect(outcome).toEqual([right.params, true, false]);
  expect(sent).toEqual([[right, { issuer: right.issuer, params: '"messaging"' }]]);
});

test("spawn gives the id of the child or says why not", async () => {
  const prepare = (node: TestNode): void =>
    void node.programs.set("/test:sys/pkg/child.js", (host) =>
      host.main(() => new Promise(() => {})),
    );
  const outcome = await run(async () => {
    const child = await v.spawn({ entry: "child.js", name: "kid", onExit: "restart" });
    const codes = [];
    for (const options of [{ entry: "child.js", name: "kid" }, { entry: "/no:pkg/pkg/x.js" }]) {
      codes.push(await v.spawn(options).catch((thrown: v.SpawnError) => thrown.code));
    }
    v.onExit.set([{ target: "a:b:c", body: "bye" }]);
    return [child.toString(), codes, v.onExit.get()];
  }, prepare);
  expect(outcome).toEqual([
    "kid:test:sys",
    ["NameTaken", "NoFileAtPath"],
    [{ target: "our@a:b:c", body: "bye", metadata: undefined, blob: undefined }],
  ]);
});

test("a script answers with its text when somebody waits, else it prints it", async () => {
  const define = (): ProcessDefinition =>
    v.defineScript(({ args, our }) => {
      if (args === "fail") throw new Error("cannot");
      return `${our.process} ${args}`;
    });
  const asked = startNode(define);
  const answer = asked.ask(ME, "a b");
  await asked.advance(10);
  expect((await answer).body).toBe("me a b");
  expect(asked.endings.get(ME)).toBe("returned");
  const told = startNode(define);
  told.tell(ME, "fail");
  await told.settle();
  expect(told.lines.map(({ text }) => text)).toEqual(["error: cannot"]);
});

test("timers wait, can be cancelled, and say when they may not answer", async () => {
  const ran: string[] = [];
  const node = startNode(() =>
    v.defineProcess(async () => {
      timer.setTimeout(() => ran.push("timeout"), 20);
      timer.clearTimeout(timer.setTimeout(() => ran.push("cancelled"), 10));
      await timer.sleep("50ms");
      ran.push("slept");
      await timer.setTimer(5, "ctx");
      const message = await v.receive();
      ran.push(message.kind);
    }),
  );
  await node.advance(49);
  expect(ran).toEqual(["timeout"]);
  await node.advance(60);
  expect(ran).toEqual(["timeout", "slept", "response"]);
  const refused = await run(
    () => timer.sleep(10).catch((thrown: timer.TimerError) => thrown.message),
    (other) => other.addModule("timer:distro:sys", () => {}),
    1_100,
  );
  expect(refused).toContain(
    'The timer set for 10 ms did not answer. Grant messaging to "timer:distro:sys"',
  );
});

test("files are made, read, written at the cursor, streamed and removed", async () => {
  const prepare = (node: TestNode): void =>
    node.addModule("vfs:distro:sys", createTestVfs().module);
  const outcome = await run(async () => {
    const drive = await vfs.createDrive("data");
    await using file = await vfs.open(`${drive}/a.txt`, { create: true });
    await file.write("hello");
    await file.append(" world");
    await file.seek({ Start: 6 });
    const rest = await file.restText();
    await file.seek({ Start: 0 });
    await file.writeAt("J");
    const buffer = new Uint8Array(4);
    const count = await file.readInto(buffer, { at: 9 });
    const pieces: number[] = [];
    for await (const piece of file.stream(4)) pieces.push(piece.length);
    const names = (await (await vfs.openDir(drive)).entries()).map(({ path }) => path);
    const { len } = await file.metadata();
    await vfs.removePath(file.path);
    const gone = await file.bytes().catch((thrown: vfs.VfsError) => [thrown.code, thrown.message]);
    return {
      drive,
      rest,
      count,
      read: v.decodeUtf8(buffer.subarray(0, count)),
      pieces,
      names,
      len,
      gone,
    };
  }, prepare);
  expect(outcome).toEqual({
    drive: "/test:sys/data",
    rest: "world",
    count: 2,
    read: "ld",
    pieces: [4, 4, 3],
    names: ["test:sys/data/a.txt"],
    len: 11,
    gone: ["IOError", 'IOError at "/test:sys/data/a.txt": No such file or directory (os error 2)'],
  });
});

test("a loop over changes gets them in order and ends with break; nobody needs to serve", async () => {
  for (const options of [{}, { receivesDirectly: true }, { isFast: true }]) {
    let got: unknown;
    const node = new TestNode(options);
    const files = createTestVfs({ node });
    node.addModule("vfs:distro:sys", files.module);
    node.start(ME, (host) => {
      useHost(host);
      host.main(
        v.defineProcess(async () => {
          const drive = await vfs.createDrive("data");
          const seen: vfs.VfsEvent[] = [];
          for await (const event of vfs.watch(drive)) {
            seen.push(event);
            if (event.kind === "removed") break;
          }
          got = { seen, usage: await vfs.usage() };
        }).init,
      );
    });
    await node.advance(10);
    for (const text of ["1", "2"]) {
      files.put("test:sys/data/a", text);
      files.put("test:sys/data/deep/unseen", text);
      await node.advance(10);
    }
    const gone = { path: "/test:sys/data/a", action: "RemoveFile" };
    node.tell("vfs:distro:sys", gone, { from: "other:test:sys" });
    await node.advance(1_000);
    expect(node.endings.get(ME)).toBe("returned");
    expect(got).toEqual({
      seen: [
        { kind: "created", path: "/test:sys/data/a" },
        { kind: "written", path: "/test:sys/data/a" },
        { kind: "removed", path: "/test:sys/data/a" },
      ],
      usage: { usedBytes: 1, limitBytes: undefined },
    });
  }
});

test("a watch ends with an error when the right is gone, tells of too much, and leaves other requests alone", async () => {
  const node = new TestNode();
  const files = createTestVfs({ node });
  let id = -1;
  node.addModule("vfs:distro:sys", (request, reply) => {
    const { action } = request.value as { action: { Watch?: { watch: number } } };
    id = action.Watch?.watch ?? id;
    files.module(request, reply);
  });
  let outcome: unknown;
  let other: unknown;
  node.start(ME, (host) => {
    useHost(host);
    host.main(
      v.defineProcess(async () => {
        const changes = vfs.watch(await vfs.createDrive("data"));
        await changes.started;
        other = (await v.receive()).text();
        const seen: vfs.VfsEvent[] = [];
        try {
          for await (const event of changes) seen.push(event);
        } catch (thrown) {
          outcome = [seen, (thrown as vfs.VfsError).code];
        }
      }).init,
    );
  });
  await node.advance(10);
  const from = { from: "vfs:distro:sys" };
  const path = "/test:sys/data/a";
  const changes = [{ Renamed: { from: path, to: `${path}2` } }];
  node.tell(ME, { VfsEvent: { watch: id, changes } }, from);
  node.tell(ME, { VfsEvent: { watch: id + 1, changes } }, { from: "not-vfs:distro:sys" });
  await node.advance(10);
  const many = Array.from({ length: 2_000 }, () => ({ Written: path }));
  node.tell(ME, { VfsEvent: { watch: id, changes: many } }, from);
  node.tell(ME, { VfsEvent: { watch: id, changes: [{ Written: path }, "Ended"] } }, from);
  await node.advance(10);
  expect(other).toContain("VfsEvent");
  expect(outcome).toEqual([
    [
      { kind: "renamed", from: path, path: `${path}2` },
      { kind: "overflow" },
      { kind: "written", path },
    ],
    "NoReadCap",
  ]);
});

test("an HTTP server answers with web responses, serves files, and hides its own failures", async () => {
  const files = createTestVfs();
  files.put("test:sys/pkg/ui/index.html", "<p>hi</p>");
  files.put("test:sys/pkg/ui/sub/a.css", "p{}");
  let http: TestHttpServer | undefined;
  const frames: unknown[] = [];
  const node = startNode(
    () =>
      v.defineProcess(async () => {
        const server = createHttpServer();
        const ready = (async () => {
          await server.ui("ui", ["/"]);
          await server.bind("/games/:id", { authenticated: false }, async (request) => {
            const { params, query, boundPath } = request.kinode;
            if (request.method === "POST")
              await request.json((value) => (value as { x: { y: 1 } }).x.y);
            if (params["id"] === "bad") throw new Error("secret");
            return Response.json({ params, query, boundPath, path: request.path }, { status: 201 });
          });
          await server.ws(
            "/ws",
            {},
            {
              open: (channel) => channel.send({ hello: channel.path }),
              message: (channel, frame) =>
                server.broadcast("/ws", `${channel.isOpen} ${frame.text()}`),
              close: () => void frames.push("closed", server.channels("/ws").length),
            },
          );
        })();
        await Promise.all([ready, v.serve()]);
      }),
    (made) => {
      made.addModule("vfs:distro:sys", files.module);
      http = new TestHttpServer(made);
    },
  );
  await node.settle();
  const fetch = async (path: string, init = {}) => {
    const response = http!.fetch(`/${ME}${path}`, init);
    await node.settle();
    return await response;
  };
  expect(await fetch("/")).toMatchObject({ status: 200, text: "<p>hi</p>" });
  expect((await fetch("/sub/a.css")).headers).toEqual({
    "content-type": "text/css; charset=utf-8",
  });
  const game = await fetch("/games/7?a=b+c");
  expect(game).toMatchObject({ status: 201, headers: { "content-type": "application/json" } });
  expect(JSON.parse(game.text)).toEqual({
    params: { id: "7" },
    query: { a: "b c" },
    boundPath: "/games/:id",
    path: "/games/7",
  });
  expect(await fetch("/games/1", { method: "POST", body: "{" })).toMatchObject({ status: 400 });
  const failed = await fetch("/games/bad");
  expect([failed.status, failed.text]).toEqual([500, '{"error":"internal error"}']);
  expect(node.lines.at(-1)!.text).toBe("An HTTP handler failed: secret");
  const socket = http!.connect(`/${ME}/ws`);
  socket.send("x");
  socket.close();
  await node.settle();
  expect(socket.received).toEqual(['{"hello":"/ws"}', "true x"]);
  expect(frames).toEqual(["closed", 0]);
});

test("on a test node bodies are read and written in parts as on a real one", async () => {
  let http: TestHttpServer | undefined;
  const node = startNode(
    () =>
      v.defineProcess(async () => {
        const server = createHttpServer();
        const ready = server.bind("/shout", { streamBody: true }, async (request) => {
          const parts: string[] = [];
          for await (const part of request.body) parts.push(v.decodeUtf8(part));
          return new Response(
            (async function* () {
              for (const part of parts) yield part.toUpperCase();
              yield "!";
            })(),
          );
        });
        await Promise.all([ready, v.serve()]);
      }),
    (made) => {
      http = new TestHttpServer(made);
    },
  );
  await node.settle();
  const asking = http!.fetch(`/${ME}/shout`, { method: "POST", body: "hey" });
  await node.settle();
  expect(await asking).toMatchObject({ status: 200, text: "HEY!" });
});

test("messages that the HTTP server passes on for a program go to the handler, whatever their body", async () => {
  let http: TestHttpServer | undefined;
  const node = startNode(
    () =>
      v.defineProcess(async () => {
        const server = createHttpServer();
        await server.bind("/", {}, () => Response.json({}));
        await v.serve((message) => `heard ${message.text()}`);
      }),
    (made) => {
      http = new TestHttpServer(made);
    },
  );
  await node.settle();
  expect(http).toBeDefined();
  for (const body of ['"Count"', "null", "7", "no json", '{"Other":1}']) {
    const answer = node.ask(ME, body, { from: "http-server:distro:sys" });
    await node.settle();
    expect((await answer).body).toBe(`heard ${body}`);
  }
});
