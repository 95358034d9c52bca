/**
 * What was built from what, by content: `target/build-inputs.json`. Times of files say nothing, so touching a file
 * or cloning a folder builds nothing.
 * @module
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import * as v from "valibot";
import { hashFile } from "./read-files-bun.ts";

const hashesSchema = v.record(v.string(), v.string());
const partSchema = v.object({
  /** Kit, bundler or toolchain, and options. */
  toolchain: v.string(),
  /** Path relative to the package → SHA-256. */
  inputs: hashesSchema,
  outputs: hashesSchema,
});
const recordSchema = v.record(v.string(), partSchema);

type Part = v.InferOutput<typeof partSchema>;

const RECORD = "target/build-inputs.json";

function readRecord(folder: string): Record<string, Part> {
  try {
    return v.parse(recordSchema, JSON.parse(readFileSync(join(folder, RECORD), "utf8")));
  } catch {
    // No record, or one we cannot read: everything is built again.
    return {};
  }
}

export class BuildRecord {
  readonly #folder: string;
  readonly #parts: Record<string, Part>;
  #isChanged = false;

  /** @param folder - absolute */
  constructor(folder: string) {
    this.#folder = folder;
    this.#parts = readRecord(folder);
  }

  /** Hashes of files, given by absolute path; paths that are no files of their own (of the bundler) are left out. */
  hashesOf(paths: readonly string[]): Record<string, string> {
    const known = paths.filter((path) => existsSync(path)).sort();
    return Object.fromEntries(
      known.map((path) => [relative(this.#folder, path).replaceAll("\\", "/"), hashFile(path)]),
    );
  }

  /**
   * Whether a part's files are there and were made from what is there now.
   * @param toolchain - `undefined` when it is not known: then any is right
   * @param inputs - absolute paths, where they are known before building; else those of the last time
   */
  isCurrent(part: string, toolchain: string | undefined, inputs?: readonly string[]): boolean {
    const known = this.#parts[part];
    if (known === undefined || known.toolchain !== (toolchain ?? known.toolchain)) return false;
    const before = { ...known.inputs };
    const now = this.hashesOf(inputs ?? this.#absolute(before));
    return (
      isEqual(now, before) && isEqual(this.hashesOf(this.#absolute(known.outputs)), known.outputs)
    );
  }

  /** Absolute paths of what a part was built into the last time; empty when that is not known. */
  outputsOf(part: string): string[] {
    return this.#absolute(this.#parts[part]?.outputs ?? {});
  }

  /** Remembers a part that was built just now. Paths are absolute. */
  set(
    part: string,
    toolchain: string,
    inputs: readonly string[],
    outputs: readonly string[],
  ): void {
    this.#parts[part] = {
      toolchain,
      inputs: this.hashesOf(inputs),
      outputs: this.hashesOf(outputs),
    };
    this.#isChanged = true;
  }

  save(): void {
    if (!this.#isChanged) return;
    mkdirSync(join(this.#folder, "target"), { recursive: true });
    writeFileSync(join(this.#folder, RECORD), JSON.stringify(this.#parts));
    this.#isChanged = false;
  }

  #absolute(hashes: Readonly<Record<string, string>>): string[] {
    return Object.keys(hashes).map((path) => resolve(this.#folder, path));
  }
}

function isEqual(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
