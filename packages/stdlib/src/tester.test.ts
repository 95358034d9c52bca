/** Test processes: what they answer, as the Rust macro would. */
import { expect, test } from "bun:test";
import { defineProcess, serve } from "./index.ts";
import { defineTest, fail } from "./tester.ts";
import { TestNode, useHost } from "./testing/index.ts";

const ID = "chat-test:tester:sys";
const RUN = { Run: { input_node_names: ["test.os"], test_names: ["chat-test"], test_timeout: 5 } };

async function verdictOf(
  definition: ReturnType<typeof defineProcess>,
  body: string | object = RUN,
): Promise<{ readonly body: string; readonly node: TestNode }> {
  const node = new TestNode();
  node.start(ID, (kinode) => {
    useHost(kinode);
    kinode.main(definition.init);
  });
  const asked = node.ask(ID, body);
  await node.settle();
  return { body: (await asked).body, node };
}

/** Line of this file that holds a text. */
async function lineOf(text: string): Promise<number> {
  const source = await Bun.file(import.meta.path).text();
  return source.split("\n").findIndex((line) => line.includes(text)) + 1;
}

test("[P20][P20.1] a test that comes to its end has passed, and its process ends", async () => {
  let seen: unknown;
  const passing = defineTest("chat-test", async (run) => {
    seen = run;
    await Promise.resolve();
  });
  const { body, node } = await verdictOf(passing);
  expect(body).toBe('{"Run":{"Ok":null}}');
  expect(seen).toEqual({ nodeNames: ["test.os"], testNames: ["chat-test"], timeoutSeconds: 5 });
  expect(node.endings.get(ID)).toBe("returned");
});

test("[P20][P20.1] fail() answers with the place of its call and ends the test", async () => {
  const reached: string[] = [];
  const failing = defineTest("chat-test", () => {
    reached.push("before");
    fail("chat-test", "nothing came back"); // the place
    reached.push("after");
  });
  const { body, node } = await verdictOf(failing);
  expect(JSON.parse(body)).toEqual({
    Run: {
      Err: {
        test: "chat-test",
        file: import.meta.path,
        line: await lineOf("// the place"),
        column: expect.any(Number) as number,
      },
    },
  });
  expect(Object.keys((JSON.parse(body) as { Run: { Err: object } }).Run.Err)).toEqual([
    "test",
    "file",
    "line",
    "column",
  ]);
  expect(reached).toEqual(["before"]);
  expect(node.lines.map(({ text }) => text)).toEqual(["chat-test: nothing came back"]);
  expect(node.endings.get(ID)).toBe("returned");
});

test("[P20][P20.1] fail() takes another place, as the longer form of the macro", async () => {
  const failing = defineTest("outer", () => {
    fail("inner", undefined, { file: "inner/src/lib.rs", line: 7, column: 9 });
  });
  const { body, node } = await verdictOf(failing);
  expect(body).toBe(
    '{"Run":{"Err":{"test":"inner","file":"inner/src/lib.rs","line":7,"column":9}}}',
  );
  expect(node.lines).toEqual([]);
});

test("[P20][P20.1] fail() answers in a process that is written by hand too", async () => {
  const failing = defineProcess(async () => {
    await serve(() => fail("by-hand"));
  });
  const { body } = await verdictOf(failing);
  expect(JSON.parse(body)).toMatchObject({ Run: { Err: { test: "by-hand" } } });
});

test("fail() in something that the body does not wait for ends the test too", async () => {
  const failing = defineTest("chat-test", async () => {
    queueMicrotask(() => {
      try {
        fail("chat-test");
      } catch {
        // Nobody else hears of it.
      }
    });
    await new Promise(() => {});
  });
  const { body } = await verdictOf(failing);
  expect(JSON.parse(body)).toMatchObject({ Run: { Err: { test: "chat-test" } } });
});

test("whatever else is thrown is a failure, and is shown", async () => {
  const failing = defineTest("chat-test", () => {
    throw new RangeError("two is not one");
  });
  const { body, node } = await verdictOf(failing);
  expect(JSON.parse(body)).toMatchObject({
    Run: { Err: { test: "chat-test", file: import.meta.path } },
  });
  expect(node.lines[0]?.text).toContain("two is not one");
});

test("a Run that is not as specified fails with what is wrong", async () => {
  const wrong = { Run: { ...RUN.Run, test_timeout: -1 } };
  const { body } = await verdictOf(
    defineTest("chat-test", () => {}),
    wrong,
  );
  expect(JSON.parse(body)).toEqual({
    Run: {
      Err: {
        test: "chat-test",
        file: '"test_timeout" is not a whole number of seconds',
        line: 0,
        column: 0,
      },
    },
  });
});
