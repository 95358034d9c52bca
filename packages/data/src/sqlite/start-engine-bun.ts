/**
 * SQLite in the sandbox: a component of ours that is metered like every program, so that a statement can neither hold the node's
 * thread nor reach anything but its own three files. docs/decisions/0006-sql-in-the-sandbox.md says why.
 * @module
 */
import {
  type CompiledComponent,
  compileComponent,
  machineMemoryBytes,
  MemoryBudget,
  systemMemories,
} from "@kinode-ts/component";
import type { Clock, Random } from "@kinode-ts/types";
import type { EngineFiles, SqlEngine, StartEngine } from "./engine.ts";
import { ENGINE_SLICE_MS, EngineTurns } from "./engine-turns.ts";

const ENGINE = new URL("../../sqlite-engine/sqlite-engine.wasm", import.meta.url);
/** Of one database: its cache, and what a statement needs. The engine takes it in two steps, and uses it as it needs it. */
const MAX_MEMORY_BYTES = 128 * 1024 * 1024;
/** Of all databases together: a part of the machine's, or of its container's, beside the half that processes may have. */
const MAX_TOTAL_MEMORY_BYTES = Math.max(2 * MAX_MEMORY_BYTES, machineMemoryBytes() / 4);

type Exports = Readonly<
  Record<"open" | "execute" | "executeEach" | "close", (...args: unknown[]) => Promise<unknown>>
>;

/** The functions of `kinode:sqlite-engine/files`. */
function filesOf(files: EngineFiles): Readonly<Record<string, (...args: never[]) => unknown>> {
  return {
    read: (file: number, offset: bigint, length: number) =>
      files.read(file, Number(offset), length),
    write: (file: number, offset: bigint, bytes: Uint8Array) =>
      files.write(file, Number(offset), bytes),
    truncate: (file: number, size: bigint) => files.truncate(file, Number(size)),
    sync: (file: number) => files.sync(file),
    size: (file: number) => BigInt(files.size(file)),
    exists: (file: number) => files.exists(file),
    delete: (file: number) => files.delete(file),
  };
}

/** Engines that take turns. */
export interface SqlEngines {
  readonly turns: EngineTurns;
  readonly start: StartEngine;
}

/** The engine is compiled at the first use, once. */
export function createSqlEngines(powers: {
  readonly clock: Clock;
  readonly random: Random;
}): SqlEngines {
  const { clock, random } = powers;
  const turns = new EngineTurns(clock);
  let compiled: Promise<CompiledComponent> | undefined;
  const heaps = new MemoryBudget(MAX_TOTAL_MEMORY_BYTES);
  // What counts is the part in use, of which the engine tells.
  const memory = new MemoryBudget(Infinity);
  const compile = async (): Promise<CompiledComponent> =>
    compileComponent(await Bun.file(ENGINE).bytes(), {
      clock: turns,
      random,
      memory,
      memories: systemMemories(),
    });
  const limits = { maxMemoryBytes: MAX_MEMORY_BYTES, sliceMs: ENGINE_SLICE_MS };
  const start: StartEngine = async (files, shouldStop): Promise<SqlEngine> => {
    const engine = await (compiled ??= compile());
    let heapBytes = 0;
    const use = (bytes: number): void => {
      heaps.account(heapBytes, bytes);
      heapBytes = bytes;
    };
    const mayHave = (bytes: number): boolean => {
      const fits = bytes - heapBytes <= heaps.leftBytes;
      if (fits) use(bytes);
      return fits;
    };
    const imports = {
      "kinode:sqlite-engine/files": filesOf(files),
      "kinode:sqlite-engine/watch": { shouldStop, mayHave },
    };
    const instance = await engine.instantiate(imports, limits);
    void instance.ended.then(() => use(0));
    const exports = instance.exports as unknown as Exports;
    return {
      open: async () => (await exports.open()) as Uint8Array,
      execute: async (flags, sql, parameters) =>
        (await exports.execute(flags, sql, parameters)) as Uint8Array,
      executeEach: async (flags, sql, sets) =>
        (await exports.executeEach(flags, sql, sets)) as Uint8Array,
      memoryBytes: () => heapBytes,
      async close() {
        await exports.close();
        await instance.close();
      },
      kill: () => instance.kill(),
    };
  };
  return { turns, start };
}
