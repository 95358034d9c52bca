import { expect, test } from "bun:test";
import { loadProgram, TestNode } from "@kinode-ts/stdlib/testing";

const ID = "cron:my-package:template.os";
const program = loadProgram(`${import.meta.dir}/cron.ts`);

async function start() {
  const node = new TestNode({ isFast: true }); // as in the sandbox: saving the state lets nothing in between
  node.start(ID, await program);
  await node.settle();
  const ask = async (body: object | string) => {
    const answer = node.ask(ID, body);
    await node.settle();
    return JSON.parse((await answer).body) as unknown;
  };
  return { node, ask };
}

test("it runs as often as it was told, at once when the plan changes", async () => {
  const { node, ask } = await start();
  expect(await ask({ Every: 60 })).toEqual({ every: 60, runs: 0 });
  await node.advance(180_500);
  expect(await ask('"Status"')).toEqual({ every: 60, runs: 3 });
  await ask({ Every: 10 });
  await node.advance(20_500);
  expect(await ask('"Status"')).toEqual({ every: 10, runs: 5 });
  await ask({ Every: 0 });
  await node.advance(100_000);
  expect(await ask('"Status"')).toEqual({ every: 0, runs: 5 });
});

test("it goes on after a restart", async () => {
  const { node, ask } = await start();
  await ask({ Every: 60 });
  node.kill(ID);
  node.start(ID, await program);
  await node.advance(60_500);
  expect(await ask('"Status"')).toEqual({ every: 60, runs: 1 });
});

test("what it cannot do is told", async () => {
  const { ask } = await start();
  for (const body of ["null", '"x"', '{"Every": -1}', '{"Every": 1.5}', "no json"]) {
    expect(await ask(body)).toHaveProperty("Error");
  }
});
