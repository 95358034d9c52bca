/**
 * What the first node of a `Run` does: finds the tests, runs them in order, stops at the first failure.
 * Source: spec/packages-and-tools.md §20.1.
 * @module
 */
import { our, print } from "@kinode-ts/stdlib";
import type { FailResponse, TestRun } from "@kinode-ts/stdlib/tester";
import { file, openDir } from "@kinode-ts/stdlib/vfs";
import { TESTS_DRIVE } from "./drives.ts";
import { happened, runTest } from "./run-test.ts";
import { NO_RIGHTS, readRights, type TestRights } from "./test-rights.ts";

const RIGHTS_FILE = "capabilities.json";
/** A year: nobody waits longer. */
const MAX_TIMEOUT_SECONDS = 31_536_000;

/** @param body - the request as it came, for the tests. @returns `undefined`: all passed */
export async function runTests(run: TestRun, body: Uint8Array): Promise<FailResponse | undefined> {
  const files = await listFiles();
  const entries: (readonly [name: string, entry: string])[] = [];
  for (const name of run.testNames) {
    const entry = [`${name}.wasm`, `${name}.js`].find((each) => files.has(each));
    if (entry === undefined) return happened(name, `${TESTS_DRIVE}/${name}.wasm does not exist`);
    entries.push([name, `${TESTS_DRIVE}/${entry}`]);
  }
  let rights: ReadonlyMap<string, TestRights> = new Map();
  if (files.has(RIGHTS_FILE)) {
    try {
      rights = readRights(await file(`${TESTS_DRIVE}/${RIGHTS_FILE}`).text(), our.node);
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      return happened("tester", `${TESTS_DRIVE}/${RIGHTS_FILE}: ${why}`);
    }
  }
  const timeoutSeconds = Math.min(Number(run.timeoutSeconds), MAX_TIMEOUT_SECONDS);
  for (const [name, entry] of entries) {
    print(`tester: running ${name}`, 1);
    const test = { name, entry, rights: rights.get(name) ?? NO_RIGHTS, body, timeoutSeconds };
    // oxlint-disable-next-line no-await-in-loop -- in their order
    const failure = await runTest(test);
    if (failure !== undefined) return failure;
  }
  print(`tester: ${entries.length} passed`, 1);
  return undefined;
}

/** Names of what lies in the drive. */
async function listFiles(): Promise<Set<string>> {
  const entries = await (await openDir(TESTS_DRIVE)).entries();
  return new Set(entries.map(({ path }) => path.slice(path.lastIndexOf("/") + 1)));
}
