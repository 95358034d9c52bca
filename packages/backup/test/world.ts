/**
 * What the tests of repositories share: cheap passwords, trees in memory, targets in memory.
 * @module
 */
import { createSeededRandom, createVirtualClock, type VirtualClock } from "@kinode-ts/testing";
import type { Clock } from "@kinode-ts/types";
import {
  type BackupPowers,
  createLocalEngine,
  type EntryDetails,
  type RestoreTarget,
  type SnapshotSource,
  type SourceEntry,
} from "../src/index.ts";

export const PASSWORD = "correct horse";

export interface TestClock extends Clock {
  wallMs: number;
}

/** A real loop, and a wall clock that can be set. */
export function testClock(startMs = Date.UTC(2026, 0, 1)): TestClock {
  return {
    wallMs: startMs,
    nowMs() {
      return this.wallMs;
    },
    monotonicMs: () => performance.now(),
    after(delayMs, fire) {
      const timer = setTimeout(fire, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
    afterTurn: (turn) => void setImmediate(turn),
  };
}

export function testPowers(options: Partial<BackupPowers> & { seed?: number } = {}): BackupPowers {
  const { seed = 1, ...rest } = options;
  const clock = rest.clock ?? testClock();
  const random = rest.random ?? createSeededRandom(seed);
  return {
    clock,
    random,
    identity: { hostname: "alice.os", username: "alice", pid: 1 },
    engine: createLocalEngine({ clock, random }),
    scrypt: { N: 16, r: 1, p: 1 },
    settleMs: 0,
    ...rest,
  };
}

export const details = (modifiedMs = 0): EntryDetails => ({
  permissions: 0o644,
  modifiedNs: BigInt(modifiedMs) * 1_000_000n,
  changedNs: BigInt(modifiedMs) * 1_000_000n,
  uid: 0,
  gid: 0,
  inode: 0,
});

/** Folders are objects, files are bytes or text, links are `{ link }` in an array. */
export interface Tree {
  readonly [name: string]: Tree | Uint8Array | string;
}

/** @param onRead - called with the path of each file that is read */
export function treeSource(
  tree: Tree,
  onRead: (path: string) => void = () => {},
  modifiedMs = 0,
): SnapshotSource {
  async function* entries(of: Tree, at: string): AsyncGenerator<SourceEntry> {
    for (const [name, value] of Object.entries(of)) {
      const path = at === "" ? name : `${at}/${name}`;
      const common = { name, ...details(modifiedMs) };
      if (typeof value === "string" || value instanceof Uint8Array) {
        const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
        yield {
          ...common,
          kind: "file",
          sizeBytes: bytes.length,
          async *read() {
            onRead(path);
            for (let from = 0; from < bytes.length; from += 1 << 20) {
              yield bytes.slice(from, from + (1 << 20));
            }
          },
        };
      } else {
        yield { ...common, kind: "folder", entries: () => entries(value, path) };
      }
    }
  }
  return { paths: ["test"], entries: () => entries(tree, "") };
}

/** What was restored: content by path, "/" for folders. */
export function memoryTarget(): RestoreTarget & { readonly files: Map<string, Uint8Array | "/"> } {
  const files = new Map<string, Uint8Array | "/">();
  return {
    files,
    async makeFolder(path) {
      files.set(path, "/");
    },
    async createFile(path, sizeBytes) {
      files.set(path, new Uint8Array(sizeBytes));
    },
    async write(path, offset, bytes) {
      (files.get(path) as Uint8Array).set(bytes, offset);
    },
    async finishFile() {},
    async removeFile(path) {
      files.delete(path);
    },
    async makeLink(path, target) {
      files.set(path, new TextEncoder().encode(`-> ${target}`));
    },
    async finishFolder() {},
  };
}

/** What was restored, or a tree that should have been, in a form that is quick to compare. */
export function contents(
  files: ReadonlyMap<string, Uint8Array | "/"> | Tree,
): Record<string, string> {
  const flat = files instanceof Map ? files : flatten(files as Tree);
  const shown = [...flat].map(([path, bytes]) => [
    path,
    bytes === "/" ? "folder" : `${bytes.length} bytes, ${Bun.hash(bytes)}`,
  ]);
  return Object.fromEntries(shown);
}

function flatten(tree: Tree, at = ""): Map<string, Uint8Array | "/"> {
  const files = new Map<string, Uint8Array | "/">();
  for (const [name, value] of Object.entries(tree)) {
    const path = at === "" ? name : `${at}/${name}`;
    if (typeof value === "string") files.set(path, new TextEncoder().encode(value));
    else if (value instanceof Uint8Array) files.set(path, value);
    else {
      files.set(path, "/");
      for (const [inside, content] of flatten(value, path)) files.set(inside, content);
    }
  }
  return files;
}

export { createSeededRandom, createVirtualClock, type VirtualClock };
