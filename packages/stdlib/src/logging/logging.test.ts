/** Logging against a VFS and a terminal in memory. */
import { afterEach, expect, test } from "bun:test";
import type { GuestRuntime } from "@kinode-ts/types";
import fc from "fast-check";
import { defineProcess } from "../define.ts";
import type { TestModule, TestVfs } from "../testing/index.ts";
import { createTestVfs, TestNode, useHost } from "../testing/index.ts";
import type { LoggingOptions } from "./index.ts";
import { initLogging, log } from "./index.ts";
import { fileLine, logEvent, terminalLine } from "./log-line.ts";

const ME = "me:test:sys";
const PATH = "test:sys/log/me.log";

afterEach(async () => {
  useHost(undefined);
});

interface Ran {
  readonly node: TestNode;
  readonly vfs: TestVfs;
  lines(): Record<string, unknown>[];
}

/** Runs a process to its end, on a VFS that may be slower or not there. */
async function run(
  body: () => Promise<void>,
  prepare: (node: TestNode, vfs: TestVfs) => void = (node, vfs) =>
    node.addModule("vfs:distro:sys", vfs.module),
): Promise<Ran> {
  const node = new TestNode();
  const vfs = createTestVfs();
  prepare(node, vfs);
  node.start(ME, (host: GuestRuntime) => {
    useHost(host);
    host.main(defineProcess(body).init);
  });
  await node.advance(20_000);
  return {
    node,
    vfs,
    lines: () =>
      new TextDecoder()
        .decode(vfs.files.get(PATH))
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

const messages = (ran: Ran): unknown[] =>
  ran.lines().map((line) => (line["fields"] as { message: unknown }).message);

test("every level goes where the options say, in the order of the calls", async () => {
  const remote: unknown[] = [];
  const ran = await run(
    async () => {
      const ready = initLogging({
        file: "debug",
        terminal: "warn",
        remote: { target: "our@collector:test:sys", level: "error" },
        levels: { warn: 0 },
      });
      log.info("before the file is there");
      await ready;
      log.debug("a", { n: 1n, deep: { list: [1, 2] } });
      log.warn("b", () => ({ path: "/x y" }));
      log.error("c", new TypeError("broken"));
    },
    (node, vfs) => {
      node.addModule("vfs:distro:sys", vfs.module);
      node.addModule("collector:test:sys", ({ value }) => void remote.push(value));
    },
  );
  expect(messages(ran)).toEqual(["before the file is there", "a", "b", "c"]);
  const [, a, , c] = ran.lines();
  expect(a).toEqual({
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    level: "DEBUG",
    fields: { message: "a", n: "1", deep: { list: [1, 2] } },
    target: "me",
  });
  expect(c).toMatchObject({ fields: { error: { name: "TypeError", message: "broken" } } });
  const shown = ran.node.lines.map(({ verbosity, text }) => [verbosity, text.slice(0, 30)]);
  expect(shown).toEqual([
    [0, 'WARN b path="/x y"'],
    [0, 'ERROR c error={"name":"TypeErr'],
  ]);
  const [{ Log: bytes }] = remote as [{ Log: number[] }];
  expect(remote).toHaveLength(1);
  expect(JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes)))).toEqual(c);
  expect(ran.node.endings.get(ME)).toBe("returned");
});

test("a level that nobody wants does nothing, not even look at its fields", async () => {
  let looked = 0;
  const fields = (): object => ({ looked: looked++ });
  const ran = await run(async () => {
    await initLogging({ file: "warn", terminal: "off" });
    expect([log.isOn("debug"), log.isOn("info"), log.isOn("warn")]).toEqual([false, false, true]);
    log.info("x", fields as never);
    expect(looked).toBe(0);
    log.warn("y", fields as never);
  });
  expect([messages(ran), looked, ran.node.lines]).toEqual([["y"], 1, []]);
});

test("lines that come while the disk is slow are written together and in order, also those before the end", async () => {
  const appends: number[] = [];
  const ran = await run(
    async () => {
      await initLogging({ terminal: "off" });
      for (let i = 0; i < 500; i++) {
        log.info(`line ${i}`);
        if (i % 100 === 0) await Promise.resolve();
      }
    },
    (node, vfs) => {
      const slow: TestModule = (request, reply) => {
        if ((request.value as { action: unknown }).action === "Append") appends.push(node.nowMs);
        vfs.module(request, reply);
      };
      node.addModule("vfs:distro:sys", slow);
    },
  );
  expect(messages(ran)).toEqual(Array.from({ length: 500 }, (_, i) => `line ${i}`));
  expect(appends.length).toBeLessThan(10);
});

test("a process that fails leaves its last lines", async () => {
  const ran = await run(async () => {
    await initLogging({ terminal: "off" });
    log.error("this is why");
    throw new Error("the end");
  });
  expect(messages(ran)).toEqual(["this is why"]);
  expect(ran.node.endings.get(ME)).toMatchObject({ message: "the end" });
});

test("a file that has grown too large loses its older half, at a line", async () => {
  const ran = await run(async () => {
    await initLogging({ terminal: "off", maxSize: 4_096 });
    for (let i = 0; i < 200; i++) {
      log.info(`line ${i}`);
      await log.flush();
    }
  });
  const kept = messages(ran);
  expect(ran.vfs.files.get(PATH)!.length).toBeLessThanOrEqual(4_096);
  expect(kept.length).toBeGreaterThan(15);
  expect(kept).toEqual(
    Array.from({ length: kept.length }, (_, i) => `line ${200 - kept.length + i}`),
  );
});

test("without a file the process goes on, and the person is told once", async () => {
  const ran = await run(
    async () => {
      await initLogging({ terminal: "off" });
      for (let i = 0; i < 3; i++) {
        log.info("x");
        await log.flush();
      }
    },
    (node) => node.addModule("vfs:distro:sys", (_request, reply) => reply({ Err: "NoWriteCap" })),
  );
  expect(ran.node.lines.map(({ text }) => text)).toEqual([
    'The log file cannot be written: NoWriteCap at "/test:sys/log"',
  ]);
  expect(ran.node.endings.get(ME)).toBe("returned");
});

test("a log file that was removed is made again", async () => {
  const ran = await run(async () => {
    await initLogging({ terminal: "off" });
    log.info("gone");
    await log.flush();
    removed?.();
    log.info("new");
  }, prepareRemoval);
  expect(messages(ran)).toEqual(["new"]);
});
let removed: (() => void) | undefined;
function prepareRemoval(node: TestNode, vfs: TestVfs): void {
  removed = () => void vfs.files.delete(PATH);
  node.addModule("vfs:distro:sys", vfs.module);
}

test("more lines than can wait are counted as lost, and memory stays bounded", async () => {
  const ran = await run(async () => {
    await initLogging({ terminal: "off", maxSize: 8 * 1024 * 1024 });
    const text = "x".repeat(4_000);
    for (let i = 0; i < 1_000; i++) log.info(text);
  });
  const lines = ran.lines();
  const { message, count } = lines.at(-1)!["fields"] as { message: string; count: number };
  expect(message).toContain("lines were lost");
  expect(count + lines.length - 1).toBe(1_000);
  expect(ran.vfs.files.get(PATH)!.length).toBeLessThan(1.1 * 1024 * 1024);
});

test("a size that makes no sense is refused", async () => {
  for (const maxSize of [0, -1, Number.NaN, 2 ** 40]) {
    expect(initLogging({ maxSize } satisfies LoggingOptions)).rejects.toThrow("maxSize");
  }
});

const hostile: Record<string, () => unknown> = {
  circular: () => {
    const value: Record<string, unknown> = {};
    value["self"] = value;
    return value;
  },
  huge: () => Array.from({ length: 10_000 }, () => ({ text: "x".repeat(10_000) })),
  deep: () => {
    let value: unknown = 0;
    for (let i = 0; i < 10_000; i++) value = { value };
    return value;
  },
  throwing: () => ({
    get a(): unknown {
      throw new Error("no");
    },
    toString(): string {
      throw new Error("no");
    },
  }),
  proxy: () =>
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no");
        },
        getPrototypeOf: () => {
          throw new Error("no");
        },
      },
    ),
  proto: () => JSON.parse('{"__proto__": {"x": 1}}') as unknown,
  toJson: () => ({ toJSON: () => ({ toJSON: () => 1 }) }),
};

for (const [name, make] of Object.entries(hostile)) {
  test(`${name} values are logged as far as that goes`, () => {
    const event = logEvent("info", "x", { value: make() });
    const line = fileLine(event, "me", new Date(0));
    expect(JSON.parse(line)).toMatchObject({ fields: { message: "x" } });
    expect(line.length).toBeLessThan(40_000);
    expect(terminalLine(event).length).toBeLessThan(5_000);
    expect(() => logEvent("info", make())).not.toThrow();
  });
}

test("any data makes one line of JSON with what it says", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.object({ maxDepth: 3 }), (text, fields) => {
      const line = fileLine(logEvent("warn", text, fields), "me", new Date(0));
      expect(line.indexOf("\n")).toBe(line.length - 1);
      const { message } = (JSON.parse(line) as { fields: { message: unknown } }).fields;
      expect(message).toBe(text);
    }),
    { numRuns: 300 },
  );
});
