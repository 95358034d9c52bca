/**
 * What a snapshot is taken of: an abstract tree. A folder of this machine is one (`./folder`); a node makes its own, so
 * that databases are copied consistently.
 * @module
 */
import type { EntryDetails } from "./tree.ts";

interface SourceDetails extends EntryDetails {
  /** Not empty, not "." or "..", without "/" and NUL. */
  readonly name: string;
}

export interface SourceFile extends SourceDetails {
  readonly kind: "file";
  /** What it had when it was looked at; what is read counts. */
  readonly sizeBytes: number;
  /** The content in pieces of any size, best of 1 MiB or so. Each piece belongs to the reader. */
  read(signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface SourceFolder extends SourceDetails {
  readonly kind: "folder";
  /** In any order. */
  entries(signal?: AbortSignal): AsyncIterable<SourceEntry>;
}

export interface SourceLink extends SourceDetails {
  readonly kind: "link";
  readonly target: string;
}

/** Something that is not backed up; it is reported and left out. */
export interface SourceProblem {
  readonly kind: "problem";
  readonly name: string;
  readonly why: string;
}

export type SourceEntry = SourceFile | SourceFolder | SourceLink | SourceProblem;

export interface SnapshotSource {
  /** What this is, for people and to find the previous snapshot of the same: "/home/alice" or "kinode". */
  readonly paths: readonly string[];
  /** The entries at the top. */
  entries(signal?: AbortSignal): AsyncIterable<SourceEntry>;
}
