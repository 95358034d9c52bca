/**
 * What the author of a test process needs: the tester of a simulated node starts it, sends it one request, and waits for
 * its verdict. The messages are those of the Rust macro `fail!`.
 * Source: spec/packages-and-tools.md §20.1; docs/modules/tester.md.
 * @module
 */
import type { U64 } from "@kinode-ts/types";
import { KinodeError } from "@kinode-ts/types";
import type { ProcessDefinition } from "./define.ts";
import { defineProcess } from "./define.ts";
import { parseJson } from "./json.ts";
import type { IncomingRequest } from "./message.ts";
import { terminalConsole } from "./print.ts";
import { receive, respond } from "./send.ts";

/** What a test is started with. */
export interface TestRun {
  /** Names of the nodes; the first is the one that the test runs on. */
  readonly nodeNames: readonly string[];
  /** Tests that were asked for together with this one, in their order. */
  readonly testNames: readonly string[];
  /** How long the tester waits for the verdict, in seconds. */
  readonly timeoutSeconds: U64;
}

/** Where a test failed, as the wire has it; line and column count from 1, 0 is no place. */
export interface FailResponse {
  readonly test: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The verdict, as the wire has it. */
export type RunResponse = { readonly Run: { readonly Ok: null } | { readonly Err: FailResponse } };

/** A place in a source. */
export type TestPlace = Omit<FailResponse, "test">;

/** The verdict of a test that passed. */
export const PASSED: RunResponse = { Run: { Ok: null } };

/** The verdict of a test that failed, keys in the order of the wire. */
export function failed(test: string, { file, line, column }: TestPlace): RunResponse {
  return { Run: { Err: { test, file, line, column } } };
}

type TestFault = { readonly code: "Failed"; readonly response: FailResponse };

/** A test has failed and said so. */
export class TestFailure extends KinodeError<TestFault> {
  override name = "TestFailure";
  constructor(response: FailResponse, why: string | undefined) {
    super(
      { code: "Failed", response },
      `"${response.test}" failed${why === undefined ? "" : `: ${why}`}`,
    );
  }
}

/** The test that runs, if `defineTest` made it; `fail` ends it from wherever it is called. */
let running: { readonly message: IncomingRequest; readonly end: (why: Error) => void } | undefined;

/**
 * Answers `{"Run":{"Err":…}}` with the place where this is called, and ends the test, as the Rust macro `fail!` does.
 * @param test - its name, as the macro takes it
 * @param why - shown on the terminal; the wire has no room for it
 * @param place - instead of the place of the call
 * @throws {TestFailure} always
 */
export function fail(test: string, why?: string, place?: TestPlace): never {
  // Here and not in a helper: the second frame is the caller.
  const { stack } = new Error();
  const { file, line, column } = place ?? framesOf(stack)[1] ?? NO_PLACE;
  const failure = new TestFailure({ test, file, line, column }, why);
  const verdict = failed(test, failure.fault.response);
  if (running === undefined) respond(verdict);
  else running.message.respond(verdict);
  if (why !== undefined) terminalConsole.error(`${test}: ${why}`);
  running?.end(failure);
  throw failure;
}

const NO_PLACE: TestPlace = { file: "", line: 0, column: 0 };
const FRAME = /^\s*at (?:.*\()?(.+):(\d+):(\d+)\)?$/;

/** The places of a stack trace, innermost first; other lines are left out. */
function framesOf(stack = ""): TestPlace[] {
  return stack.split("\n").flatMap((text) => {
    const [, file, line, column] = FRAME.exec(text) ?? [];
    return file === undefined ? [] : [{ file, line: Number(line), column: Number(column) }];
  });
}

/**
 * What a `Run` request says; `undefined`: the message is none.
 * @throws {TypeError} it is one, with something missing or of another type
 */
export function readRun(message: IncomingRequest): TestRun | undefined {
  let value: unknown;
  try {
    value = parseJson(message.text());
  } catch {
    return undefined;
  }
  const { Run: run } = (value ?? {}) as { readonly Run?: unknown };
  if (run === undefined) return undefined;
  const fields = (run ?? {}) as Readonly<Record<string, unknown>>;
  return {
    nodeNames: texts(fields["input_node_names"], "input_node_names"),
    testNames: texts(fields["test_names"], "test_names"),
    timeoutSeconds: seconds(fields["test_timeout"]),
  };
}

function texts(value: unknown, key: string): string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw new TypeError(`"${key}" is not a list of texts`);
}

function seconds(value: unknown): U64 {
  if (typeof value === "bigint" && value >= 0n) return value;
  if (Number.isInteger(value) && (value as number) >= 0) return value as number;
  throw new TypeError('"test_timeout" is not a whole number of seconds');
}

/** The body of a test: it passes when this settles, and fails when it throws. */
export type TestBody = (run: TestRun) => Promise<void> | void;

/**
 * Declares a test process: it waits for `Run`, runs the body and answers. Messages that come before are dropped.
 * @param test - its name, for failures that come without one
 */
export function defineTest(test: string, body: TestBody): ProcessDefinition {
  return defineProcess(async () => {
    const [message, run] = await firstRun(test);
    if (run === undefined) return;
    let end: (why: Error) => void = () => {};
    const ended = new Promise<never>((_, reject) => (end = reject));
    running = { message, end };
    try {
      await Promise.race([(async () => body(run))(), ended]);
      message.respond(PASSED);
    } catch (thrown) {
      if (!(thrown instanceof TestFailure)) {
        terminalConsole.error(`${test}:`, thrown);
        message.respond(failed(test, placeOf(thrown)));
      }
    } finally {
      running = undefined;
    }
  });
}

function placeOf(thrown: unknown): TestPlace {
  return (thrown instanceof Error ? framesOf(thrown.stack)[0] : undefined) ?? NO_PLACE;
}

async function firstRun(test: string): Promise<[IncomingRequest, TestRun | undefined]> {
  for (;;) {
    const message = await receive();
    if (message.kind !== "request") continue;
    try {
      const run = readRun(message);
      if (run !== undefined) return [message, run];
    } catch (thrown) {
      message.respond(failed(test, { ...NO_PLACE, file: (thrown as Error).message }));
      return [message, undefined];
    }
  }
}
