/**
 * Runs one script in one of the two executors against a fake host.
 */
import type {
  Clock,
  Ending,
  Executor,
  ProcessLimits,
  Random,
  RunningProcess,
} from "@kinode-ts/types";
import { createNativeExecutor, createScriptExecutor } from "../src/index.ts";
import { FakeHost } from "./fake-host.ts";

export const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (turn) => void setImmediate(turn),
};

export const random: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  u64: () => crypto.getRandomValues(new Uint32Array(1))[0]!,
};

export const LIMITS: ProcessLimits = { maxMemoryBytes: 64 * 1024 * 1024, fuelPerCheck: 100_000 };

export const sandbox: Executor = createScriptExecutor({ clock, random });
export const native: Executor = createNativeExecutor({ trusted: () => true });
/** Both, by name, for tests that must hold in each. */
export const EXECUTORS: readonly (readonly [string, Executor])[] = [
  ["sandbox", sandbox],
  ["native", native],
];

export interface Run {
  readonly host: FakeHost;
  readonly process: RunningProcess;
  readonly ending: Promise<Ending>;
}

const encoder = new TextEncoder();

export async function startScript(
  executor: Executor,
  script: string,
  prepare: (host: FakeHost) => void = () => {},
  limits = LIMITS,
): Promise<Run> {
  const source = { handle: "/pkg:sys/pkg/script.js", bytes: encoder.encode(script) };
  const program = await executor.prepare(source);
  const host = new FakeHost();
  prepare(host);
  const process = program.start(host, limits);
  return { host, process, ending: process.ended };
}

/** Runs to the end; the script must end by itself. */
export async function runScript(
  executor: Executor,
  script: string,
  prepare?: (host: FakeHost) => void,
): Promise<{ host: FakeHost; ending: Ending }> {
  const { host, ending } = await startScript(executor, script, prepare);
  return { host, ending: await ending };
}
