/**
 * What can be wrong with a package, with the place in the file.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";
import type { MissingTool } from "./languages/contract.ts";

/** One fault in one file of a package. */
export interface Problem {
  /** Path inside the package, e.g. `manifest.json`. */
  readonly file: string;
  /** 1-based; 0 when the fault is about the whole file. */
  readonly line: number;
  /** What is wrong and what is expected. */
  readonly message: string;
}

export type KitFault =
  | { code: "kit.bad-package"; problems: readonly Problem[] }
  | { code: "kit.bad-zip"; reason: string }
  | { code: "kit.no-package"; folder: string }
  | { code: "kit.build-failed"; entry: string; reason: string }
  | { code: "kit.missing-tools"; missing: readonly MissingTool[] }
  | { code: "kit.bad-name"; name: string; reason: string }
  | { code: "kit.not-empty"; folder: string }
  | { code: "kit.no-template"; template: string }
  | { code: "kit.not-reproduced"; reasons: readonly string[] };

/** A package that cannot be read, built or packed. `fault.problems` lists every place. */
export class PackageError extends KinodeError<KitFault> {
  override name = "PackageError";
}

/** `file:line: message`, or `file: message` for a whole file. */
export function formatProblem(problem: Problem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}` : problem.file;
  return `${place}: ${problem.message}`;
}

/** An error that lists all problems; with one problem it is one line. */
export function badPackage(problems: readonly Problem[]): PackageError {
  const list = problems.map(formatProblem);
  const text =
    list.length === 1
      ? list[0]!
      : `The package has ${list.length} problems:\n${list.map((line) => `  ${line}`).join("\n")}`;
  return new PackageError({ code: "kit.bad-package", problems }, text);
}

/** Everything that is not installed, at once, each with what gets it. */
export function missingToolsError(missing: readonly MissingTool[]): PackageError {
  const list = missing.map(({ what, howTo }) => `  ${what}: ${howTo}`).join("\n");
  return new PackageError(
    { code: "kit.missing-tools", missing },
    `Something needed to build this package is not installed:\n${list}`,
  );
}
