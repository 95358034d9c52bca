/**
 * Lines as the terminal's own process gets them, for tests that compare what a command leaves.
 * @module
 */
import { TERMINAL_PROCESS } from "@kinode-ts/types";
import type { TestNode } from "../testing/index.ts";

export interface Left {
  readonly output: string;
  readonly errors: string;
}

const DEADLINE_MS = 60_000;
/** What the answer may wait for on the node's clock at a time, in milliseconds. */
const STEP_MS = 100;

const decoder = new TextDecoder();

/** Runs a line and settles with what it leaves; time passes as it needs it. */
export async function typeLine(node: TestNode, line: string, timeoutSeconds = 60): Promise<Left> {
  let isOver = false;
  const asked = node.kernel
    .ask({
      source: TERMINAL_PROCESS,
      target: { node: node.name, process: TERMINAL_PROCESS },
      body: new TextEncoder().encode(line),
      timeoutSeconds,
    })
    .finally(() => (isOver = true));
  const deadline = performance.now() + DEADLINE_MS;
  for (let turn = 1; !isOver && performance.now() < deadline; turn++) {
    await node.clock.settle();
    await Bun.sleep(1);
    if (turn % 20 === 0) await node.advance(STEP_MS);
  }
  const answer = await asked;
  if (!answer.ok) throw new Error(`"${line}" was not answered: ${answer.error}`);
  return { output: decoder.decode(answer.body), errors: decoder.decode(answer.blob?.bytes) };
}
