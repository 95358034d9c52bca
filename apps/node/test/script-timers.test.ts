/** The web's timers beside the library's own waiting, through the whole node on a virtual clock. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ProcessId, TERMINAL_PROCESS } from "@kinode-ts/types";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { installScript, removeScripts } from "./script-package.ts";

const SOURCE = `import { defineProcess, request, serve } from "@kinode-ts/stdlib";

let early = "not yet";
setTimeout(() => { early = "rang"; }, 10); // before anything else of the process

const sleep = (ms: number) => new Promise<void>((done) => { setTimeout(done, ms); });

export default defineProcess(async () => {
  await serve(async (message) => {
    const text = message.text();
    if (text === "early") return early;
    await sleep(Number(text));
    await request("our@timer:distro:sys", JSON.stringify({ SetTimer: 100 }));
    return "slept " + text;
  });
});
`;

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  const timer = ["timer:distro:sys"];
  await installScript(node, "sleeper", SOURCE, { request: timer, grant: timer, onExit: "None" });
}, 120_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

const ask = async (text: string): Promise<unknown> =>
  (await node.ask("sleeper:sleeper:example.os", text, { timeoutSeconds: 60 })).body;

test("requests that sleep for different times each get their own answer", async () => {
  // Once it has answered it runs; until then virtual time may pass before it sees a request.
  await ask("early");
  const order: unknown[] = [];
  const texts = ["3000", "1000", "2000", "1001"];
  // The kernel's own answers: `ask` waits for real time too, which would blur their order.
  const answers = texts.map(async (text) => {
    const answer = await node.kernel.ask({
      source: TERMINAL_PROCESS,
      target: { node: node.name, process: "sleeper:sleeper:example.os" as ProcessId },
      body: new TextEncoder().encode(text),
      timeoutSeconds: 60,
    });
    order.push(text);
    return answer.ok ? new TextDecoder().decode(answer.body) : answer.error;
  });
  await node.clock.settle();
  for (let step = 0; step < 8; step++) await node.advance(500);
  expect(await node.during(Promise.all(answers))).toEqual(texts.map((text) => `slept ${text}`));
  expect(order).toEqual(["1000", "1001", "2000", "3000"]);
}, 120_000);

test("a timer set while the bundle is loaded rings", async () => {
  expect(await ask("early")).toBe("rang");
});
