import { expect, test } from "bun:test";
import { loadProgram, TestNode } from "@kinode-ts/stdlib/testing";

const ID = "chat:my-package:template.os";
const program = loadProgram(`${import.meta.dir}/chat.ts`);

async function start(node = new TestNode()) {
  node.start(ID, await program);
  await node.settle();
  const ask = async (body: object) => {
    const answer = node.ask(ID, body);
    await node.advance(6_000);
    return JSON.parse((await answer).body) as unknown;
  };
  /** From the chat of another node. */
  const deliver = async (from: string, target: string, message: string) => {
    node.tell(ID, { Send: { target, message } }, { from: `${from}@${ID}` });
    await node.advance(6_000);
  };
  return { node, ask, deliver };
}

test("a message from another node is kept under its name, over restarts", async () => {
  const { node, ask, deliver } = await start();
  await deliver("alice.os", "test.os", "hello");
  node.kill(ID);
  node.start(ID, await program);
  await node.settle();
  const history = { History: [{ author: "alice.os", content: "hello" }] };
  expect(await ask({ History: "alice.os" })).toEqual(history);
  expect(await ask({ History: "bob.os" })).toEqual({ History: [] });
});

test("another node cannot send in our name", async () => {
  const { ask, deliver } = await start();
  await deliver("bob.os", "carol.os", "x");
  expect(await ask({ History: "carol.os" })).toEqual({ History: [] });
  expect(await ask({ History: "bob.os" })).toEqual({ History: [] });
});

test("a node that is not reachable is told, and nothing is kept", async () => {
  const { ask } = await start();
  expect(await ask({ Send: { target: "bob.os", message: "hi" } })).toHaveProperty("Error");
  expect(await ask({ History: "bob.os" })).toEqual({ History: [] });
  expect(await ask({ What: 1 })).toHaveProperty("Error");
});

test("the script sends", async () => {
  const { node, ask } = await start();
  node.start("1:my-package:template.os", await loadProgram(`${import.meta.dir}/scripts/send.ts`));
  const answer = node.ask("1:my-package:template.os", "test.os two words");
  await node.advance(1_000);
  expect((await answer).body).toBe("sent to test.os");
  const history = { History: [{ author: "test.os", content: "two words" }] };
  expect(await ask({ History: "test.os" })).toEqual(history);
});
