/**
 * One damaged component from bytes to its end: loaded, and if that works started with little fuel, spoken to, killed.
 * @module
 */
import { createSeededRandom } from "@kinode-ts/testing";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import type { ProcessLimits } from "@kinode-ts/types";
import type { HostInterface, LoadedComponent } from "../../src/api.ts";
import { ComponentError } from "../../src/errors.ts";
import { option, string } from "../../src/index.ts";
import { loadComponent } from "../../src/load-component.ts";
import { MemoryBudget } from "../../src/memory-budget.ts";
import { address, realClock } from "../run-guest.ts";

/** How a case ended; anything else is a failure. */
export type Outcome = "refused" | "returned" | "trapped" | "killed";

const LIMITS: ProcessLimits = { maxMemoryBytes: 4 << 20, fuelPerCheck: 1_000 };
const TURNS = 3;
/** Turns of the event loop that a killed process may take to be over: none but those of its promises. */
const TURNS_TO_END = 1_000;
const SOURCE: HostInterface = {
  name: "kinode:script/source@0.1.0",
  functions: { get: { params: [], result: option(string) } },
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

async function load(bytes: Uint8Array, general: boolean): Promise<LoadedComponent | undefined> {
  try {
    return await loadComponent(bytes, general ? { ...options, path: "general" } : options);
  } catch (error) {
    if (error instanceof ComponentError) return undefined;
    throw error;
  }
}

/** @throws {Error} loading failed otherwise than by a `ComponentError`, or the process outlived its end */
export async function runCase(bytes: Uint8Array, general: boolean): Promise<Outcome> {
  const program = await load(bytes, general);
  if (program === undefined) return "refused";
  const host = new DirectLink().createHost(address("fuzzed"));
  host.sliceOver = true;
  host.turn = (resume) => void setImmediate(resume);
  const provide = { [SOURCE.name]: { get: () => SCRIPT } };
  const process = program.start(host, LIMITS, { provide });
  const blob = { mime: undefined, bytes: new Uint8Array(100) };
  host.request(address("x"), new Uint8Array(40), {}, blob);
  for (let turns = 0; turns < TURNS; turns++) await turn();
  process.kill();
  let kind: Outcome | undefined;
  void process.ended.then((ending) => void (kind = ending.kind));
  for (let turns = 0; turns < TURNS_TO_END && kind === undefined; turns++) await turn();
  if (kind === undefined) throw new Error("The process lives on after it was killed");
  return kind;
}
