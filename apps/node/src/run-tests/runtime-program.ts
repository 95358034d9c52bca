/**
 * `runtime` of `tests.toml`: this program runs the nodes, or another checkout of the same.
 * Source: spec/packages-and-tools.md §20.2.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import type { TestsFile } from "./tests-file.ts";

export interface RuntimeProgram {
  /** Absolute path of its main file. */
  readonly main: string;
  /** For the person, when what is written means nothing here. */
  readonly note: string | undefined;
}

const OUR_MAIN = join(import.meta.dir, "../main.ts");

/** The main file of a checkout of ours. */
function mainIn(folder: string): string | undefined {
  const main = join(folder, "apps/node/src/main.ts");
  try {
    const { name } = JSON.parse(
      readFileSync(join(folder, "apps/node/package.json"), "utf8"),
    ) as Readonly<Record<string, unknown>>;
    return name === manifest.name && existsSync(main) ? main : undefined;
  } catch {
    return undefined;
  }
}

export function chooseRuntime({
  runtime,
  runtimeBuildRelease,
}: Pick<TestsFile, "runtime" | "runtimeBuildRelease">): RuntimeProgram {
  if (runtime === undefined) return { main: OUR_MAIN, note: undefined };
  const path = "RepoPath" in runtime ? runtime.RepoPath : undefined;
  const main = path === undefined ? undefined : mainIn(path);
  if (main !== undefined) return { main, note: undefined };
  const written =
    path === undefined
      ? `FetchVersion = "${"FetchVersion" in runtime ? runtime.FetchVersion : ""}"`
      : `RepoPath = "${path}", no checkout of this one,`;
  const release = runtimeBuildRelease ? " and so does runtime_build_release" : "";
  return {
    main: OUR_MAIN,
    note: `The nodes run this program, ${manifest.version}; runtime ${written} means nothing to it${release}`,
  };
}
