/**
 * `bun run fixtures [name …]`: rebuilds the committed binaries from our sources and records what made them.
 * `--check`: changes nothing; compares sources and binaries with the record, and where the tools are here, rebuilds
 * and compares the bytes. Exit code 1 when anything differs.
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installMissing } from "./install-missing.ts";
import type { Fixture } from "./fixture-list.ts";
import type { FixtureRecord } from "./fixture-record.ts";
import { ROOT } from "./workspace.ts";

if (import.meta.main) {
  installMissing();
  process.exit(await main(process.argv.slice(2)));
}

async function main(args: readonly string[]): Promise<number> {
  const { fixtures } = await import("./fixture-list.ts");
  const { describe, readRecord, writeRecord } = await import("./fixture-record.ts");
  const names = args.filter((argument) => !argument.startsWith("--"));
  const all = fixtures();
  const unknown = names.filter((name) => all.every((fixture) => fixture.name !== name));
  if (unknown.length > 0) {
    console.error(
      `No fixture is called ${unknown.join(", ")}; there are: ${all.map((f) => f.name).join(", ")}`,
    );
    return 2;
  }
  const chosen = all.filter((fixture) => names.length === 0 || names.includes(fixture.name));
  if (args.includes("--check")) return check(chosen, readRecord());
  let record = readRecord();
  for (const fixture of chosen) {
    const before = bytesOf(fixture);
    await fixture.build();
    const same = sameBytes(before, bytesOf(fixture));
    record = { ...record, [fixture.name]: describe(fixture) };
    console.log(`${fixture.name}: ${same ? "same bytes as before" : "new bytes"}`);
  }
  writeRecord(record);
  return 0;
}

async function check(chosen: readonly Fixture[], record: FixtureRecord): Promise<number> {
  const { compareWithRecord } = await import("./fixture-record.ts");
  const { toolVersion } = await import("./toolchain.ts");
  let failed = 0;
  for (const fixture of chosen) {
    const faults = compareWithRecord(fixture, record[fixture.name]);
    const missing = fixture.tools.filter((command) => toolVersion(command) === undefined);
    const note =
      missing.length > 0
        ? `record and hashes fit; not rebuilt, ${missing.map((command) => command[0]).join(" and ")} not here`
        : "rebuilt, same bytes";
    if (missing.length === 0) faults.push(...(await rebuild(fixture)));
    for (const fault of faults) console.error(fault);
    if (faults.length > 0) failed += 1;
    console.log(`${fixture.name}: ${faults.length > 0 ? "differs" : note}`);
  }
  return failed === 0 ? 0 : 1;
}

/** Builds, compares, and puts the committed bytes back. */
async function rebuild(fixture: Fixture): Promise<string[]> {
  const before = bytesOf(fixture);
  try {
    await fixture.build();
    return sameBytes(before, bytesOf(fixture))
      ? []
      : [
          `${fixture.name} built here differs from the committed one; compare the recorded tools with yours`,
        ];
  } catch (error) {
    return [
      `${fixture.name} cannot be built: ${error instanceof Error ? error.message : String(error)}`,
    ];
  } finally {
    fixture.outputs.forEach((file, at) => {
      const bytes = before[at];
      if (bytes !== undefined) writeFileSync(join(ROOT, file), bytes);
    });
  }
}

function bytesOf(fixture: Fixture): (Buffer | undefined)[] {
  return fixture.outputs.map((file) =>
    existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file)) : undefined,
  );
}

function sameBytes(
  a: readonly (Buffer | undefined)[],
  b: readonly (Buffer | undefined)[],
): boolean {
  return a.every((bytes, at) => bytes !== undefined && b[at]?.equals(bytes) === true);
}
