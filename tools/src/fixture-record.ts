/**
 * The record of the committed binaries: which sources and which tools made which bytes.
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileHash, type Fixture, sourceHash } from "./fixture-list.ts";
import { toolVersion } from "./toolchain.ts";
import { ROOT } from "./workspace.ts";

const RECORD = join(ROOT, "packages/testing/guests/built/fixtures.json");

export interface FixtureEntry {
  /** SHA-256 of names and contents of the sources. */
  readonly sources: string;
  /** What each tool said about its version. */
  readonly tools: string;
  /** SHA-256 by file. */
  readonly outputs: Readonly<Record<string, string>>;
}

export type FixtureRecord = Readonly<Record<string, FixtureEntry>>;

export function readRecord(): FixtureRecord {
  return existsSync(RECORD) ? (JSON.parse(readFileSync(RECORD, "utf8")) as FixtureRecord) : {};
}

export function writeRecord(record: FixtureRecord): void {
  writeFileSync(RECORD, `${JSON.stringify(record, null, 2)}\n`);
}

/** The entry that describes the tree as it is now. */
export function describe(fixture: Fixture): FixtureEntry {
  return {
    sources: sourceHash(fixture),
    tools: fixture.tools
      .map((command) => toolVersion(command) ?? `${command[0]!}: not found`)
      .join("; "),
    outputs: Object.fromEntries(fixture.outputs.map((file) => [file, fileHash(file)])),
  };
}

/** What does not fit between the record and the tree; none is good. Needs no toolchain. */
export function compareWithRecord(fixture: Fixture, entry: FixtureEntry | undefined): string[] {
  if (entry === undefined) return [`${fixture.name} has no record; run "bun run fixtures"`];
  const faults: string[] = [];
  if (entry.sources !== sourceHash(fixture)) {
    faults.push(
      `The sources of ${fixture.name} changed since it was built; run "bun run fixtures"`,
    );
  }
  for (const file of fixture.outputs) {
    if (!existsSync(join(ROOT, file))) faults.push(`${file} is missing; run "bun run fixtures"`);
    else if (entry.outputs[file] !== fileHash(file)) {
      faults.push(`${file} is not what was recorded; run "bun run fixtures"`);
    }
  }
  return faults;
}
