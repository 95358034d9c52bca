import { afterEach, expect, test } from "bun:test";
import { defineProcess } from "@kinode-ts/stdlib";
import type { ApiError } from "@kinode-ts/stdlib/api";
import { loadProgram, TestNode, useHost } from "@kinode-ts/stdlib/testing";
import { scoreboard } from "../api/scoreboard.ts";

const ID = "rpc:my-package:template.os";
const program = loadProgram(`${import.meta.dir}/rpc.ts`);
afterEach(() => useHost(undefined));

/** Runs `body` as a process of another package, beside the scoreboard. */
async function beside(node: TestNode, body: () => Promise<void>): Promise<void> {
  const done = new Promise<void>((resolve, reject) => {
    node.start("other:test:sys", (host) => {
      useHost(host);
      host.main(defineProcess(() => body().then(resolve, reject)).init);
    });
  });
  await Promise.all([done, node.settle()]);
}

async function start(): Promise<TestNode> {
  const node = new TestNode();
  node.start(ID, await program);
  return node;
}

test("points are added, kept over a restart, and the best come first", async () => {
  const node = await start();
  const board = scoreboard(ID);
  await beside(node, async () => {
    await board.addPoints("ann", 3);
    expect(await board.addPoints("ann", 4)).toEqual({ player: "ann", points: 7 });
    await board.addPoints("bob", 9);
  });
  node.kill(ID);
  node.start(ID, await program);
  const answer = node.ask(ID, { FindBest: 1 });
  await node.settle();
  expect((await answer).body).toBe('{"FindBest":[{"player":"bob","points":9}]}');
});

test("who is not there cannot be removed", async () => {
  await beside(await start(), async () => {
    const error = await scoreboard(ID)
      .remove("eve")
      .catch((thrown: ApiError) => thrown.value);
    expect(error).toBe('there is no player "eve"');
  });
});

test("the script adds points", async () => {
  const node = await start();
  const script = "1:my-package:template.os";
  node.start(script, await loadProgram(`${import.meta.dir}/scripts/add.ts`));
  const answer = node.ask(script, "ann 3");
  await node.settle();
  expect((await answer).body).toBe("ann has 3");
});
