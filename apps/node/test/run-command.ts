/**
 * Talks to a script that answers commands, while the time of its node passes.
 * @module
 */
import type { TestNode } from "../testing/index.ts";

/** @throws {Error} with the script's text when the command failed */
export async function runCommand(
  node: TestNode,
  process: string,
  command: string,
  argument?: unknown,
): Promise<unknown> {
  const body = JSON.stringify({ command, argument });
  const asking = node.ask(process, body, { timeoutSeconds: 120 });
  let isAnswered = false;
  void asking.finally(() => (isAnswered = true)).catch(() => {});
  for (; !isAnswered; await Bun.sleep(2)) await node.advance(5);
  const { ok, failed } = (await asking).body as { ok?: unknown; failed?: string };
  if (failed !== undefined) throw new Error(failed);
  return ok;
}
