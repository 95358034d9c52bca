/**
 * Files, databases and states: what each operation costs a process in Rust, beside the same operation in Bun itself.
 * @module
 */
import { join } from "node:path";
import { type Baseline, type Figure, figure, type Scenario } from "../figure.ts";
import { temporaryFolder } from "../node-program.ts";
import { directFiles, directPairs, directTable, openDirect, timed } from "./direct-storage.ts";
import { createModuleNode, type Job, type ModuleNode } from "./module-node.ts";

const ROUNDS = 7;
const MIB = 1 << 20;

const PAGE_CACHE =
  "Answered when the operating system has it: survives the end of the program, however sudden; not flushed to the disk (`SyncAll` does), as in the Rust implementation.";
const WRITTEN_AHEAD =
  "Answered when the commit is in the write-ahead log: survives the end of the program, however sudden; a loss of power may take the last ones. As in the Rust implementation for keys and values; its SQL waits for the disk, see sqlite-insert-power.";
const FLUSHED =
  "Answered when the disk has the commit: survives a loss of power, as in the Rust implementation.";
const IN_MEMORY =
  "Held in memory until the commit, which is as durable as any other; the baseline's figure includes its commit.";
const STATE =
  "The call returns when the change is in the node's journal; it is committed with the others of the same turn of the event loop, before any message that follows it leaves the process.";

const best = (values: readonly number[]): number => Math.min(...values);

/**
 * One measurement from each side per round, in turns, and the best of each: what other programs do in between only makes
 * both slower.
 */
async function compare(
  name: string,
  process: (round: number) => Promise<number>,
  direct: (round: number) => number,
  more: { readonly baseline: string; readonly reference?: string; readonly note?: string },
  unit = "µs",
): Promise<Figure> {
  const values: number[] = [];
  const bases: number[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const value = await process(round);
    const base = direct(round);
    if (round < 0) continue; // warm-up
    values.push(value);
    bases.push(base);
  }
  const baseline: Baseline = { name: more.baseline, value: best(bases) };
  return {
    ...figure(name, best(values), unit, baseline),
    ...(more.reference === undefined ? {} : { reference: more.reference }),
    ...(more.note === undefined ? {} : { note: more.note }),
  };
}

interface Bench {
  readonly modules: ModuleNode;
  readonly folder: string;
  /** Microseconds per operation. */
  micros(job: Job): Promise<number>;
}

function scenario(
  name: string,
  figures: readonly string[],
  run: (bench: Bench) => Promise<readonly Figure[]>,
  survives: "process" | "power" = "process",
): Scenario {
  return {
    name,
    figures,
    async run() {
      using folder = temporaryFolder();
      const modules = await createModuleNode(folder.path, survives);
      const micros = async (job: Job) => (await modules.run(job)).micros;
      return await run({ modules, folder: folder.path, micros });
    },
  };
}

export const FILES: Scenario = scenario(
  "files",
  ["vfs-create", "vfs-overwrite", "vfs-read", "vfs-append-1m", "vfs-read-1m"],
  async ({ micros, folder }) => {
    const direct = directFiles(join(folder, "direct"));
    const count = 500;
    const bytes = 100;
    const fresh = (round: number) => (round + 1) * count;
    const note = PAGE_CACHE;
    return [
      await compare(
        "vfs-create",
        (round) => micros({ run: "vfs-write", from: fresh(round), count, bytes }),
        (round) => direct.write(fresh(round), count, bytes),
        { baseline: "writeFileSync, new", reference: "168", note },
      ),
      await compare(
        "vfs-overwrite",
        () => micros({ run: "vfs-write", count, bytes }),
        () => direct.write(0, count, bytes),
        { baseline: "writeFileSync, there", reference: "216", note },
      ),
      await compare(
        "vfs-read",
        () => micros({ run: "vfs-read", count, bytes }),
        () => direct.read(count, bytes),
        { baseline: "readFileSync", reference: "99" },
      ),
      await compare(
        "vfs-append-1m",
        () => micros({ run: "vfs-append", count: 40, bytes: MIB }),
        () => direct.append(40, MIB),
        { baseline: "writeSync, open file", reference: "353", note },
      ),
      await compare(
        "vfs-read-1m",
        () => micros({ run: "vfs-read-one", count: 60, bytes: MIB }),
        () => direct.readOne(60, MIB),
        { baseline: "readSync, open file", reference: "200" },
      ),
    ];
  },
);

export const PAIRS: Scenario = scenario(
  "keys and values",
  ["kv-set", "kv-get", "kv-transaction-set", "kv-commit-50000"],
  async ({ micros, modules, folder }) => {
    const bytes = 100;
    const direct = directPairs(join(folder, "direct.sqlite"), bytes);
    const count = 4_000;
    const figures = [
      await compare(
        "kv-set",
        // A value that is there already would not be written.
        (round) => micros({ run: "kv-set", count, bytes: bytes + (round & 1) }),
        (round) => direct.set(count, round),
        { baseline: "bun:sqlite REPLACE", reference: "15–17", note: WRITTEN_AHEAD },
      ),
      await compare(
        "kv-get",
        () => micros({ run: "kv-get", count, bytes: bytes + ((ROUNDS - 1) & 1) }),
        () => direct.get(count, ROUNDS - 1),
        { baseline: "bun:sqlite SELECT", reference: "13" },
      ),
    ];
    const many = 50_000;
    const sets: number[] = [];
    const commits: number[] = [];
    const bases: number[] = [];
    for (let round = 0; round < 4; round++) {
      const { micros: perSet, endMs } = await modules.run({
        run: "kv-transaction",
        count: many,
        bytes: bytes + (round & 1),
      });
      const base = direct.transaction(many, round);
      if (round === 0) continue; // warm-up
      sets.push(perSet);
      commits.push(endMs);
      bases.push(base);
    }
    const base = best(bases);
    const set = figure("kv-transaction-set", best(sets), "µs", {
      name: "bun:sqlite, 50,000 in one",
      value: base,
    });
    const commit = figure("kv-commit-50000", best(commits), "ms", {
      name: "bun:sqlite, 50,000 in one",
      value: (base * many) / 1_000,
    });
    return [
      ...figures,
      { ...set, reference: "13.6", note: IN_MEMORY },
      { ...commit, reference: "115", note: WRITTEN_AHEAD },
    ];
  },
);

export const TABLES: Scenario = scenario(
  "SQL",
  ["sqlite-insert", "sqlite-transaction-insert", "sqlite-commit-10000", "sqlite-select"],
  async ({ micros, modules, folder }) => {
    const bytes = 20;
    const direct = directTable(join(folder, "direct.db"), bytes);
    const count = 1_500;
    let next = 0;
    const take = (amount: number): number => (next += amount) - amount;
    let from = 0;
    const insert = await compare(
      "sqlite-insert",
      () => micros({ run: "sqlite-insert", from: (from = take(count)), count, bytes }),
      () => direct.insert(from, count),
      { baseline: "bun:sqlite INSERT", reference: "142–156, flushed", note: WRITTEN_AHEAD },
    );
    const many = 10_000;
    const commits: number[] = [];
    const transaction = await compare(
      "sqlite-transaction-insert",
      async () => {
        const job = { run: "sqlite-transaction", from: (from = take(many)), count: many, bytes };
        const done = await modules.run(job);
        commits.push(done.endMs);
        return done.micros;
      },
      () => direct.transaction(from, many),
      { baseline: "bun:sqlite, 10,000 in one", reference: "10.6", note: IN_MEMORY },
    );
    const commit = figure("sqlite-commit-10000", best(commits.slice(1)), "ms", {
      name: "bun:sqlite, 10,000 in one",
      value: (transaction.baseline.value * many) / 1_000,
    });
    const select = await compare(
      "sqlite-select",
      () => micros({ run: "sqlite-select", count: 4_000, bytes }),
      () => direct.select(4_000),
      { baseline: "bun:sqlite SELECT", reference: "18" },
    );
    return [insert, transaction, { ...commit, note: WRITTEN_AHEAD }, select];
  },
);

export const FLUSHED_TABLES: Scenario = scenario(
  "SQL, flushed",
  ["sqlite-insert-power"],
  async ({ micros, folder }) => {
    const bytes = 20;
    const direct = directTable(join(folder, "direct.db"), bytes, "power");
    const count = 300;
    const from = (round: number): number => (round + 1) * count;
    return [
      await compare(
        "sqlite-insert-power",
        (round) => micros({ run: "sqlite-insert", from: from(round), count, bytes }),
        (round) => direct.insert(from(round), count),
        { baseline: "bun:sqlite INSERT, FULL", reference: "142–156", note: FLUSHED },
      ),
    ];
  },
  "power",
);

export const STATES: Scenario = scenario(
  "states and timers",
  ["state-set-1k", "state-get-1k", "timer-0"],
  async ({ micros, folder }) => {
    const database = openDirect(join(folder, "direct-state.sqlite"));
    database.run("CREATE TABLE state (process TEXT PRIMARY KEY, bytes BLOB)");
    const put = database.query("INSERT OR REPLACE INTO state VALUES ('driver', ?)");
    const get = database.query("SELECT bytes FROM state WHERE process = 'driver'");
    const bytes = 1_000;
    const state = new Uint8Array(bytes);
    const count = 5_000;
    return [
      await compare(
        "state-set-1k",
        () => micros({ run: "state-set", count, bytes }),
        () => timed(count, () => void put.run(state)),
        { baseline: "bun:sqlite REPLACE", reference: "18", note: STATE },
      ),
      await compare(
        "state-get-1k",
        () => micros({ run: "state-get", count, bytes }),
        () => timed(count, () => void get.get()),
        { baseline: "bun:sqlite SELECT", reference: "6.4" },
      ),
      await compare(
        "timer-0",
        () => micros({ run: "timer", count: 2_000 }),
        () => timed(2_000, () => void performance.now()),
        { baseline: "reading the clock" },
      ),
    ];
  },
);
