/**
 * `scripts.json`: programs of a package that a person starts from the terminal.
 * Source: spec/packages-and-tools.md §5.
 * @module
 */
import type { Problem } from "./errors.ts";
import { type CapabilityEntry, readCapabilityEntries } from "./manifest.ts";
import { FileReader, type ReadOptions } from "./problems.ts";
import { scriptEntrySchema } from "./schema.ts";

export interface ScriptEntry {
  /** File name in `pkg/`, e.g. `send.wasm`. */
  readonly file: string;
  /** Receives every capability the terminal holds. */
  readonly root: boolean;
  readonly public: boolean;
  readonly requestNetworking: boolean;
  readonly requestCapabilities: readonly CapabilityEntry[];
  readonly grantCapabilities: readonly CapabilityEntry[];
  readonly witVersion: 0 | 1 | undefined;
}

export interface Scripts {
  readonly entries: readonly ScriptEntry[];
  /** What was skipped in lax mode. */
  readonly problems: readonly Problem[];
}

const FILE_NAME = /^[a-z0-9-]+\.(?:wasm|js)$/;

function readEntry(reader: FileReader, file: string, value: unknown): ScriptEntry | undefined {
  if (!FILE_NAME.test(file)) {
    reader.report(
      [file],
      `"${file}" is not a script file: a name of a-z, 0-9 and - with .wasm or .js`,
    );
    return undefined;
  }
  const entry = reader.check(scriptEntrySchema, [file], value);
  if (entry === undefined) return undefined;
  return {
    file,
    root: entry.root,
    public: entry.public,
    requestNetworking: entry.request_networking,
    requestCapabilities: readCapabilityEntries(
      reader,
      [file, "request_capabilities"],
      entry.request_capabilities ?? [],
    ),
    grantCapabilities: readCapabilityEntries(
      reader,
      [file, "grant_capabilities"],
      entry.grant_capabilities ?? [],
    ),
    witVersion: entry.wit_version ?? undefined,
  };
}

/** @throws {PackageError} not JSON or not an object; in strict mode any problem */
export function parseScripts(text: string, options: ReadOptions = {}): Scripts {
  const reader = new FileReader(options.file ?? "scripts.json", text);
  const value = reader.source.value;
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    reader.report([], "an object of file names is expected");
    reader.finish({ mode: "strict" });
  }
  const entries = Object.entries(value as object).flatMap(
    ([file, entry]) => readEntry(reader, file, entry) ?? [],
  );
  return { entries, problems: reader.finish(options) };
}
