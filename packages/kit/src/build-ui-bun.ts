/**
 * The web interface of a package: an npm project `ui/` whose script `build:copy` writes `pkg/ui`.
 * Source: spec/packages-and-tools.md §7.
 * @module
 */
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { BuildRecord } from "./build-record-bun.ts";
import { PackageError } from "./errors.ts";
import type { ToolRunner } from "./languages/contract.ts";
import { FileReader } from "./problems.ts";
import { filesBelow, sourceFiles } from "./read-files-bun.ts";

/** Name of the web interface in the record of what was built. */
export const UI_PART = "ui";
const SCRIPT = "build:copy";
const MANIFEST = "ui/package.json";

/** Whether a package has a web interface that is built. */
export function hasUi(folder: string): boolean {
  return existsSync(join(folder, "ui/package.json"));
}

function checkScript(folder: string): void {
  const { source } = new FileReader(MANIFEST, readFileSync(join(folder, MANIFEST), "utf8"));
  const { scripts } = (source.value ?? {}) as { scripts?: Record<string, unknown> };
  if (typeof scripts?.[SCRIPT] === "string") return;
  throw new PackageError(
    { code: "kit.build-failed", entry: "ui", reason: `no script ${SCRIPT}` },
    `ui/package.json has no script "${SCRIPT}"`,
    { hint: "It builds the pages and puts them into ../pkg/ui" },
  );
}

/** npm where the project was made with it and it is there, else the Bun that runs this. */
function packageManager(folder: string, tools: ToolRunner): readonly string[] {
  const npm = existsSync(join(folder, "ui/package-lock.json")) ? tools.find("npm") : undefined;
  return npm === undefined ? [process.execPath] : [npm];
}

/** When each file below a folder was last written, whatever its own time says. */
function changeTimes(folder: string): Map<string, bigint> {
  return new Map(
    filesBelow(folder).map((path) => [
      path,
      statSync(join(folder, path), { bigint: true }).ctimeNs,
    ]),
  );
}

/**
 * Builds `ui/` if anything in it has changed since `pkg/ui` was made.
 * @returns whether it was built
 * @throws {PackageError} `kit.build-failed` with what the tools printed
 */
export async function buildUi(
  folder: string,
  tools: ToolRunner,
  record: BuildRecord,
  force: boolean,
): Promise<boolean> {
  const manager = packageManager(folder, tools);
  const toolchain = manager[0] === process.execPath ? `bun ${Bun.version}` : "npm";
  const inputs = sourceFiles(join(folder, "ui"));
  if (!force && record.isCurrent(UI_PART, toolchain, inputs)) return false;
  checkScript(folder);
  const cwd = join(folder, "ui");
  await tools.run([...manager, "install"], { cwd });
  const target = join(folder, "pkg/ui");
  // What an older build made under other names must not stay; what a person put there must.
  for (const path of record.outputsOf(UI_PART)) rmSync(path, { force: true });
  const before = changeTimes(target);
  await tools.run([...manager, "run", SCRIPT], { cwd });
  const made = [...changeTimes(target)].flatMap(([path, time]) =>
    before.get(path) === time ? [] : [join(target, path)],
  );
  if (made.length === 0) {
    throw new PackageError(
      { code: "kit.build-failed", entry: "ui", reason: "no output" },
      `The script "${SCRIPT}" of ui/package.json put nothing into pkg/ui`,
    );
  }
  record.set(UI_PART, toolchain, sourceFiles(join(folder, "ui")), made);
  return true;
}
