/**
 * A node with the real storage modules on a folder of this machine, and one process in Rust that drives them.
 * @module
 */
import { openFolderKv, openFolderSqlite } from "@kinode-ts/data";
import { openSqliteStore } from "@kinode-ts/store/sqlite";
import { createFdManager, createState } from "@kinode-ts/system";
import { guestBytes } from "@kinode-ts/testing/guests";
import { openFolderVfs } from "@kinode-ts/vfs";
import { join } from "node:path";
import { type BenchNode, clock, createBenchNode, random } from "../bench-node.ts";

const DRIVEN = [
  "vfs:distro:sys",
  "kv:distro:sys",
  "sqlite:distro:sys",
  "timer:distro:sys",
  "state:distro:sys",
];
const SECONDS = 300;

/** What the process is to do: `packages/testing/guests/rust-modules`. */
export interface Job {
  readonly run: string;
  /** First item; each operation takes the next. */
  readonly from?: number;
  readonly count: number;
  /** Of one file, value or state. */
  readonly bytes?: number;
}

export interface Done {
  /** Microseconds per operation, by the process's own clock. */
  readonly micros: number;
  /** Milliseconds of what ended them all: a commit. */
  readonly endMs: number;
}

export interface ModuleNode {
  readonly node: BenchNode;
  run(job: Job): Promise<Done>;
}

interface Answer {
  readonly count: number;
  readonly nanoseconds: number;
  readonly end_nanoseconds: number;
  readonly error?: string;
}

/**
 * Starts the node on `folder` and the process; both end with the program.
 * @param survives - what a commit of SQL survives
 */
export async function createModuleNode(
  folder: string,
  survives: "process" | "power" = "process",
): Promise<ModuleNode> {
  const store = await openSqliteStore({ path: join(folder, "store.sqlite") });
  const node: BenchNode = await createBenchNode({
    store,
    modules: [
      createFdManager({ budget: { kind: "ulimit", softLimit: 1_024 } }),
      openFolderVfs({ folder: join(folder, "vfs") }),
      openFolderKv({ folder: join(folder, "kv"), clock, random }),
      openFolderSqlite({ folder: join(folder, "sqlite"), clock, random, survives }),
      createState({
        store,
        commit: (changes) => node.kernel.commit(changes),
        backup: () => store.backup(join(folder, "backup")),
      }),
    ],
  });
  const driver = await node.start("driver", "driver.wasm", guestBytes("rust-modules"), DRIVEN);
  return {
    node,
    async run(job) {
      const bytes = await node.ask(driver, JSON.stringify(job), SECONDS);
      const answer = JSON.parse(new TextDecoder().decode(bytes)) as Answer;
      if (answer.error !== undefined) throw new Error(`${job.run} failed: ${answer.error}`);
      return {
        micros: answer.nanoseconds / 1_000 / answer.count,
        endMs: answer.end_nanoseconds / 1e6,
      };
    },
  };
}
