/**
 * `tester:tester:sys`: runs test programs on a simulated node and says how it went.
 * Source: spec/packages-and-tools.md §20.1; docs/modules/tester.md.
 * @module
 */
import type { Answer, IncomingRequest } from "@kinode-ts/stdlib";
import { defineProcess, our, print, serve } from "@kinode-ts/stdlib";
import { failed, PASSED, readRun, type TestRun } from "@kinode-ts/stdlib/tester";
import { prepareDrives } from "./drives.ts";
import { runTests } from "./run-tests.ts";

/** The name that failures of ours have. */
const OURS = "tester";

function refusal(what: string): Answer {
  return failed(OURS, { file: what, line: 0, column: 0 });
}

async function handle(message: IncomingRequest): Promise<Answer | undefined> {
  if (!message.isLocal) {
    print(`tester: ${message.source.toString()} may not run tests here`);
    return undefined;
  }
  try {
    const run = readRun(message);
    return run === undefined ? refusal('{"Run": {…}} is expected') : await answer(run, message);
  } catch (thrown) {
    return refusal(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

async function answer(run: TestRun, message: IncomingRequest): Promise<Answer> {
  const [master] = run.nodeNames;
  if (master === undefined) return refusal('"input_node_names" is empty');
  if (master !== our.node) return PASSED;
  const failure = await runTests(run, message.body);
  return failure === undefined ? PASSED : failed(failure.test, failure);
}

export default defineProcess(async () => {
  await prepareDrives();
  await serve(handle);
});
