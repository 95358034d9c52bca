import { expect, test } from "bun:test";
import { loadProgram, TestNode } from "@kinode-ts/stdlib/testing";

const ID = "fibonacci:my-package:template.os";

async function start() {
  const node = new TestNode();
  node.start(ID, await loadProgram(`${import.meta.dir}/fibonacci.ts`));
  const ask = async (body: object, to = ID) => {
    const answer = node.ask(to, body);
    await node.settle();
    return JSON.parse((await answer).body) as unknown;
  };
  return { node, ask };
}

test("it calculates", async () => {
  const { node, ask } = await start();
  expect(await ask({ Number: 10 })).toEqual({ Number: 55 });
  expect(await ask({ Numbers: [10, 5] })).toEqual({ Numbers: [55, 5] });
  expect(node.lines.at(-1)?.text).toMatch(/^fibonacci\(10\): .* in 5 trials$/);
});

test("what is no number, or too large, is refused", async () => {
  const { ask } = await start();
  for (const body of [{ Number: 99 }, { Number: "x" }, { Numbers: [1] }, {}]) {
    expect(await ask(body)).toHaveProperty("Error");
  }
});

test("the script asks the process", async () => {
  const { node } = await start();
  const script = "1:my-package:template.os";
  node.start(script, await loadProgram(`${import.meta.dir}/scripts/number.ts`));
  const answer = node.ask(script, "10");
  await node.settle();
  expect((await answer).body).toBe('{"Number":55}');
});
