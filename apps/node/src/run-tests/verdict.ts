/**
 * What a test answered, in words for the person.
 * Source: spec/packages-and-tools.md §20.1.
 * @module
 */
import { StackPositions } from "@kinode-ts/engine";
import type { BuiltTest } from "./test-package.ts";

/** One line of the report. */
export interface TestResult {
  readonly test: string;
  /** What went wrong; `undefined`: it passed. */
  readonly failure: string | undefined;
}

interface Failure {
  readonly test: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** @param body - of the answer to `Run` */
export async function readVerdict(test: BuiltTest, body: string): Promise<TestResult> {
  const failure = failureIn(body);
  if (failure === undefined) return { test: test.name, failure: undefined };
  if (typeof failure === "string") return { test: test.name, failure };
  const place = failure.line === 0 ? failure.file : await placeOf(test, failure);
  // A test may fail in the name of another one.
  const told = failure.test === test.name ? place : `${failure.test}: ${place}`;
  return { test: test.name, failure: told };
}

function failureIn(body: string): Failure | string | undefined {
  try {
    const { Run: run } = JSON.parse(body) as { readonly Run?: object };
    if (run !== undefined && "Ok" in run) return undefined;
    const { Err: error } = run as { readonly Err: Failure };
    if (typeof error.file === "string" && typeof error.test === "string") return error;
  } catch {
    // Told below.
  }
  return `the tester answered ${body}`;
}

/** Places in a bundle become places in its sources. */
async function placeOf(test: BuiltTest, { file, line, column }: Failure): Promise<string> {
  const script = test.files.get(`${test.name}.js`);
  const text = `${file}:${line}:${column}`;
  if (script === undefined) return text;
  const positions = new StackPositions(
    `${test.name}.js`,
    new TextDecoder().decode(script),
    async (path) => test.files.get(path),
  );
  const frame = `at ${text}`;
  if (!positions.concerns(frame)) return text;
  await positions.load();
  return positions.translate(frame).slice("at ".length);
}
