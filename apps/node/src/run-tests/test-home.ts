/**
 * Home folders of the nodes of a test: empty at the start, gone at the end.
 * Source: spec/packages-and-tools.md §20.3.
 * @module
 */
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { NodeError } from "../boot/errors.ts";
import { homeFolder } from "../boot/home-folder.ts";
import { refuseSecondNode } from "../boot/run-file.ts";
import { checkFakeHome } from "../simulation/fake-node.ts";

/** What a node has learnt; its key may stay. */
const FORGOTTEN = ["kernel", "kv", "sqlite", "vfs"] as const;

export interface TestHome {
  /** Removes it, and the folders that were made for it. */
  remove(): void;
}

/**
 * Makes the folder, or makes a simulated node that is there forget everything.
 * @throws {NodeError} it is something else, which has to stay: a real node, other files, a node that runs
 */
export async function prepareTestHome(path: string, password: string): Promise<TestHome> {
  const home = homeFolder(path);
  const names = existsSync(path) ? readdirSync(path) : [];
  if (existsSync(home.keyfile)) {
    await checkFakeHome(home, password);
    await refuseSecondNode(home);
    for (const name of FORGOTTEN) rmSync(join(path, name), { recursive: true, force: true });
  } else if (names.length > 0) {
    throw new NodeError(
      { code: "node.home-unusable", home: path },
      `"${path}" has files in it and is no home of a simulated node`,
      { hint: "Name a folder for the test alone: it is removed at the end" },
    );
  }
  const made = mkdirSync(path, { recursive: true, mode: 0o700 });
  return {
    remove() {
      rmSync(path, { recursive: true, force: true });
      if (made === undefined || made === path) return;
      for (let at = dirname(path); at.length >= made.length; at = dirname(at)) {
        // Other homes may be in it still: the last one takes it along.
        if (!existsSync(at)) continue;
        if (readdirSync(at).length > 0) return;
        rmdirSync(at);
      }
    },
  };
}
