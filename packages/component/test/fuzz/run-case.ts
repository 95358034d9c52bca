/**
 * One damaged component from bytes to its end: loaded, and if that works started with little fuel, spoken to, killed.
 * @module
 */
import { createSeededRandom } from "@kinode-ts/testing";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import type { Ending, ProcessLimits } from "@kinode-ts/types";
import type { HostInterface } from "../../src/api.ts";
import { ComponentError } from "../../src/errors.ts";
import { bytes, option, string } from "../../src/index.ts";
import { compileComponent } from "../../src/instance/compile-component.ts";
import { InstanceError } from "../../src/instance/instance-error.ts";
import { loadComponent } from "../../src/load-component.ts";
import { MemoryBudget } from "../../src/memory-budget.ts";
import { address, realClock } from "../run-guest.ts";
import type { Way } from "./corpus.ts";

/** How a case ended; anything else is a failure. */
export type Outcome = "refused" | "returned" | "trapped" | "killed";

const LIMITS: ProcessLimits = { maxMemoryBytes: 4 << 20, fuelPerCheck: 1_000 };
/** An instance whose start function never ends is ended by this. */
const MAX_LIBRARY_CPU_MS = 50;
const TURNS = 3;
/** Turns of the event loop that a killed process may take to be over: none but those of its promises. */
const TURNS_TO_END = 1_000;
const SOURCE: HostInterface = {
  name: "kinode:script/source@0.1.0",
  functions: {
    get: { params: [], result: option(string) },
    compiled: { params: [], result: option(bytes) },
    keep: { params: [bytes], result: undefined },
  },
};
const SCRIPT =
  "kinode.main(async () => { for (;;) kinode.sendResponse(await kinode.receive()); });";

const options = {
  clock: realClock,
  random: createSeededRandom(1),
  limits: { startFuel: 10_000, maxTableElements: 10_000 },
  interfaces: [SOURCE],
  memory: new MemoryBudget(256 << 20),
};

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

async function unlessRefused<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ComponentError) return undefined;
    throw error;
  }
}

/**
 * @throws {Error} loading failed otherwise than by a `ComponentError`, a call otherwise than by what it may fail with, or the
 * process outlived its end
 */
export function runCase(bytes: Uint8Array, way: Way): Promise<Outcome> {
  return way === "library" ? runLibrary(bytes) : runProcess(bytes, way);
}

async function runProcess(bytes: Uint8Array, way: "main" | "general"): Promise<Outcome> {
  const path = way === "general" ? { path: "general" as const } : {};
  const program = await unlessRefused(loadComponent(bytes, { ...options, ...path }));
  if (program === undefined) return "refused";
  const host = new DirectLink().createHost(address("fuzzed"));
  host.sliceOver = true;
  host.turn = (resume) => void setImmediate(resume);
  const provide = { [SOURCE.name]: { get: () => SCRIPT, compiled: () => undefined } };
  const process = program.start(host, LIMITS, { provide });
  const blob = { mime: undefined, bytes: new Uint8Array(100) };
  host.request(address("x"), new Uint8Array(40), {}, blob);
  for (let turns = 0; turns < TURNS; turns++) await turn();
  process.kill();
  return await endOf(process.ended.then(outcomeOf));
}

/** @throws {Error} the reason is a fault of the node's own code */
function outcomeOf(ending: Ending): Outcome {
  if (ending.kind === "trapped" && FAULT_OF_OURS.test(ending.reason))
    throw new Error(ending.reason);
  return ending.kind;
}

async function endOf(ended: Promise<Outcome>): Promise<Outcome> {
  let kind: Outcome | undefined;
  let failure: Error | undefined;
  void ended.then(
    (outcome) => (kind = outcome),
    (error: Error) => (failure = error),
  );
  for (let turns = 0; turns < TURNS_TO_END && kind === undefined; turns++) {
    if (failure !== undefined) throw failure;
    await turn();
  }
  if (kind === undefined) throw new Error("It lives on after it was killed");
  return kind;
}

/** How endings begin that nobody has foreseen. */
const FAULT_OF_OURS = /^it failed: /;

/** What the components of the corpus import besides the process interface, which a library has not. */
const GIVEN = {
  log: () => undefined,
  "demo:x/things": {
    Thing: class Thing {
      readonly number: number;
      constructor(number: number) {
        this.number = number;
      }
      name(): number {
        return this.number;
      }
      static merge(a: Thing, b: Thing): Thing {
        return new Thing(a.number + b.number);
      }
    },
  },
};

/** Texts of the engine for faults in code: ours must not have any. */
const BUG = /\(evaluating '|\(In '|is not (a function|an object|defined)/;

const isExpected = (error: unknown): boolean =>
  error instanceof InstanceError ||
  error instanceof ComponentError ||
  (error instanceof TypeError && !BUG.test(error.message));

async function runLibrary(bytes: Uint8Array): Promise<Outcome> {
  const component = await unlessRefused(compileComponent(bytes, options));
  if (component === undefined) return "refused";
  const limits = {
    maxMemoryBytes: LIMITS.maxMemoryBytes,
    maxCpuMs: MAX_LIBRARY_CPU_MS,
    sliceMs: 1,
  };
  const expected = (error: unknown): undefined => {
    if (!isExpected(error)) throw error;
  };
  // a start function may wait for ever, or until its time is used up
  const instance = await component.instantiate(GIVEN, limits).catch(expected);
  if (instance === undefined) return "refused";
  const calls = component.exports.map(({ name, interface: from }) => {
    const exported = from === undefined ? instance.exports[name] : instance.exports[from]?.[name];
    return Promise.resolve(exported?.(5)).catch(expected);
  });
  for (let turns = 0; turns < TURNS; turns++) await turn();
  instance.kill();
  const outcome = await endOf(
    instance.ended.then(({ kind }) => (kind === "closed" ? "returned" : kind)),
  );
  await Promise.all(calls);
  return outcome;
}
