/**
 * `kinode run-tests`: runs the tests of packages on simulated nodes, as `tests.toml` says.
 * Source: spec/packages-and-tools.md §20.2, §20.3.
 * @module
 */
import { relative } from "node:path";
import { errorText, KinodeError } from "@kinode-ts/types";
import { Leftovers } from "../run-tests/leftovers.ts";
import { runGroup } from "../run-tests/run-group.ts";
import { chooseRuntime } from "../run-tests/runtime-program.ts";
import { readTestsFile, type TestsFile } from "../run-tests/tests-file.ts";
import type { TestResult } from "../run-tests/verdict.ts";
import { type Output, plain, plainText } from "./output.ts";

export interface RunTestsFlags {
  readonly json?: boolean;
}

/** Signals that end the run in order, and the exit code that says so. */
const STOP_SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type StopSignal = keyof typeof STOP_SIGNALS;

/**
 * Prints a line for each result; exit code 1 when something has failed. Nothing stays behind, also on Ctrl-C.
 * @param path - `tests.toml`, or a folder with it
 * @throws {NodeError} there is no such file, or it is wrong
 */
export async function runTestsCommand(
  path: string,
  flags: RunTestsFlags,
  output: Output,
): Promise<void> {
  const file = readTestsFile(path);
  // With --json what is said to the person goes where it does not mix with what a program reads.
  const said: Output =
    flags.json === true ? { ...output, line: (text) => output.error(text) } : output;
  const results: TestResult[] = [];
  const signal = await runAll(file, said, (result) => {
    results.push(result);
    const { test, failure } = result;
    said.line(
      failure === undefined ? `PASS ${plain(test)}` : `FAIL ${plain(test)} ${plainText(failure)}`,
    );
  });
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  if (signal !== undefined) {
    output.error(`Stopped by ${signal}; the nodes are ended`);
    output.exitCode = STOP_SIGNALS[signal];
  } else if (failed > 0) {
    output.exitCode = 1;
  }
  if (flags.json === true) {
    return output.line(
      JSON.stringify(results.map(({ test, failure }) => ({ test, failure: failure ?? null }))),
    );
  }
  output.line(`${results.length - failed} passed, ${failed} failed`);
}

/** @returns the signal that ended it early */
async function runAll(
  file: TestsFile,
  output: Output,
  report: (result: TestResult) => void,
): Promise<StopSignal | undefined> {
  const { main, note } = chooseRuntime(file);
  if (note !== undefined) output.line(note);
  const stopped = Promise.withResolvers<StopSignal>();
  const listeners = (Object.keys(STOP_SIGNALS) as StopSignal[]).map((signal) => {
    const listener = (): void => stopped.resolve(signal);
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  try {
    for (const [index, spec] of file.tests.entries()) {
      const leftovers = new Leftovers();
      const run = runGroup({ file, spec, main, leftovers, output, report }).then(
        () => undefined,
        (thrown: unknown) => ({ thrown }),
      );
      // oxlint-disable-next-line no-await-in-loop -- one after the other: they may share ports
      const outcome = await Promise.race([run, stopped.promise]);
      // oxlint-disable-next-line no-await-in-loop
      await leftovers.end();
      if (typeof outcome === "string") return outcome;
      if (outcome === undefined) continue;
      if (!(outcome.thrown instanceof KinodeError)) throw outcome.thrown;
      const test = `tests[${index}] of ${relative(process.cwd(), file.file)}`;
      report({ test, failure: errorText(outcome.thrown) });
    }
    return undefined;
  } finally {
    for (const remove of listeners) remove();
  }
}
