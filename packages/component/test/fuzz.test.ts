import { expect, setDefaultTimeout, test } from "bun:test";
import { createSeededRandom } from "@kinode-ts/testing";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import { guestBytes } from "@kinode-ts/testing/guests";
import { readCoreModule } from "../src/core-module/core-module.ts";
import { meterModule } from "../src/core-module/meter.ts";
import { ComponentError } from "../src/errors.ts";
import { bindingFinder, checkMainModule } from "../src/linked-program.ts";
import { loadComponent } from "../src/load-component.ts";
import { parseComponent } from "../src/parse-component.ts";
import { selectInterface } from "../src/select-interface.ts";
import { traceInit } from "../src/trace-init.ts";
import { LIMITS, address, options } from "./run-guest.ts";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(30_000);

const SEED = Number(process.env["KINODE_SEED"] ?? 1);
/** Of mutated components that are only prepared, and of those that are also run. */
const PREPARED = 5_000;
const RUN = 300;
const MAX_CASE_MS = 1_000;

type Pick = (bound: number) => number;

function pickerOf(seed: number): Pick {
  const random = createSeededRandom(seed);
  return (bound) => {
    const [a, b, c, d] = random.bytes(4);
    return ((a! | (b! << 8) | (c! << 16) | (d! << 24)) >>> 0) % bound;
  };
}

/** Changes a few bytes, cuts, doubles or removes a range. */
function mutate(original: Uint8Array, pick: Pick): Uint8Array {
  const bytes = original.slice();
  switch (pick(6)) {
    case 0:
      return bytes.slice(0, pick(bytes.length));
    case 1: {
      const start = pick(bytes.length);
      const end = start + pick(64);
      return new Uint8Array([...bytes.subarray(0, end), ...bytes.subarray(start)]);
    }
    case 2: {
      const start = pick(bytes.length);
      return new Uint8Array([...bytes.subarray(0, start), ...bytes.subarray(start + 1 + pick(16))]);
    }
    default:
      for (let left = 1 + pick(4); left > 0; left--) {
        const interesting = [0, 1, 0x7f, 0x80, 0xff, pick(256)];
        bytes[pick(bytes.length)] = interesting[pick(interesting.length)]!;
      }
      return bytes;
  }
}

/** Everything but compiling. */
function prepare(bytes: Uint8Array): Uint8Array {
  const structure = parseComponent(bytes);
  selectInterface(structure);
  const main = traceInit(structure);
  const core = readCoreModule(bytes, main.start, main.end);
  const bindings = checkMainModule(core, main, bindingFinder([]));
  const protocols = new Map(
    core.importedFuncs.map((item, i) => [item, bindings[i]!.protocol] as const),
  );
  return meterModule(core, {
    protocolOf: (item) => protocols.get(item)!,
    realloc: main.realloc,
    startFuel: 10_000,
    maxTableElements: 10_000,
  }).bytes;
}

test(`${PREPARED} mutated components are prepared or refused with a ComponentError, none slowly (seed ${SEED})`, () => {
  const pick = pickerOf(SEED);
  const originals = ["echo", "mirror", "sleep", "stderr-trap", "indirect", "probe-1.0.0"].map(
    guestBytes,
  );
  const counts = { refused: 0, prepared: 0 };
  for (let i = 0; i < PREPARED; i++) {
    // the large one seldom: it takes a hundred times as long
    const original = originals[pick(20) === 0 ? originals.length - 1 : pick(originals.length - 1)]!;
    const mutated = mutate(original, pick);
    const startedMs = performance.now();
    try {
      prepare(mutated);
      counts.prepared++;
    } catch (error) {
      if (!(error instanceof ComponentError))
        throw new Error(`Case ${i} of seed ${SEED}: ${String(error)}`, { cause: error });
      counts.refused++;
    }
    const tookMs = performance.now() - startedMs;
    if (tookMs > MAX_CASE_MS) throw new Error(`Case ${i} of seed ${SEED} took ${tookMs} ms`);
  }
  // both kinds must occur, else the mutations test nothing
  expect(counts.refused).toBeGreaterThan(PREPARED / 10);
  expect(counts.prepared).toBeGreaterThan(PREPARED / 10);
});

test(`${RUN} mutated components that load run to some end and can be killed (seed ${SEED})`, async () => {
  const pick = pickerOf(SEED + 1);
  const originals = ["echo", "mirror", "sleep", "stderr-trap", "indirect"].map(guestBytes);
  const kinds = new Set<string>();
  for (let i = 0; i < RUN; i++) {
    const mutated = mutate(originals[pick(originals.length)]!, pick);
    const program = await loadComponent(mutated, options({ limits: { startFuel: 100_000 } })).catch(
      (error: unknown) => {
        if (!(error instanceof ComponentError)) throw error;
      },
    );
    if (program === undefined) continue;
    const host = new DirectLink().createHost(address("fuzzed"));
    host.sliceOver = true;
    host.turn = (resume) => void setImmediate(resume);
    const process = program.start(host, LIMITS);
    host.request(
      address("x"),
      new Uint8Array(40),
      {},
      { mime: undefined, bytes: new Uint8Array(100) },
    );
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
    process.kill();
    const ending = await process.ended;
    kinds.add(ending.kind);
  }
  expect([...kinds].sort()).toContain("killed");
  expect([...kinds].sort()).toContain("trapped");
});
