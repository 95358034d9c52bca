/**
 * Snapshots: which tree, of what, when, and by whom.
 * Source: restic's design document, "Snapshots".
 * @module
 */
import { assertSound } from "./errors.ts";
import { asCount, asList, asRecord, type JsonRecord } from "./json.ts";
import { assertObjectId, isObjectId, type ObjectId } from "./object-id.ts";
import { formatTime, parseTime } from "./times.ts";

/** What one snapshot did. */
export interface SnapshotSummary {
  readonly startedNs: bigint;
  readonly endedNs: bigint;
  readonly newFileCount: number;
  readonly changedFileCount: number;
  readonly unchangedFileCount: number;
  readonly newFolderCount: number;
  readonly changedFolderCount: number;
  readonly unchangedFolderCount: number;
  /** Blobs that the repository did not have. */
  readonly dataBlobCount: number;
  readonly treeBlobCount: number;
  /** Their content, and what it takes in the repository. */
  readonly addedBytes: number;
  readonly addedPackedBytes: number;
  readonly totalFileCount: number;
  readonly totalBytes: number;
}

export interface SnapshotInfo {
  /** Nanoseconds since 1970. */
  readonly timeNs: bigint;
  readonly tree: ObjectId;
  /** What it is a snapshot of; snapshots of the same paths and host belong together. */
  readonly paths: readonly string[];
  readonly hostname: string;
  readonly username: string;
  readonly tags: readonly string[];
  readonly parent: ObjectId | undefined;
  readonly programVersion: string;
  readonly summary: SnapshotSummary | undefined;
}

export interface Snapshot extends SnapshotInfo {
  readonly id: ObjectId;
}

const SUMMARY = [
  ["files_new", "newFileCount"],
  ["files_changed", "changedFileCount"],
  ["files_unmodified", "unchangedFileCount"],
  ["dirs_new", "newFolderCount"],
  ["dirs_changed", "changedFolderCount"],
  ["dirs_unmodified", "unchangedFolderCount"],
  ["data_blobs", "dataBlobCount"],
  ["tree_blobs", "treeBlobCount"],
  ["data_added", "addedBytes"],
  ["data_added_packed", "addedPackedBytes"],
  ["total_files_processed", "totalFileCount"],
  ["total_bytes_processed", "totalBytes"],
] as const;

/** The JSON of a snapshot, to be sealed. */
export function encodeSnapshot(info: SnapshotInfo): JsonRecord {
  const { parent, summary } = info;
  return {
    time: formatTime(info.timeNs),
    ...(parent === undefined ? {} : { parent }),
    tree: info.tree,
    paths: info.paths,
    hostname: info.hostname,
    username: info.username,
    ...(info.tags.length === 0 ? {} : { tags: info.tags }),
    program_version: info.programVersion,
    ...(summary === undefined ? {} : { summary: encodeSummary(summary) }),
  };
}

function encodeSummary(summary: SnapshotSummary): JsonRecord {
  return {
    backup_start: formatTime(summary.startedNs),
    backup_end: formatTime(summary.endedNs),
    ...Object.fromEntries(SUMMARY.map(([theirs, ours]) => [theirs, summary[ours]])),
  };
}

/** @throws {BackupError} `backup.damaged` */
export function decodeSnapshot(value: unknown, id: ObjectId): Snapshot {
  const what = `snapshot ${id.slice(0, 8)}`;
  const fields = asRecord(value, what);
  const text = (field: unknown): string => {
    assertSound(typeof field === "string", what, "a text was expected");
    return field;
  };
  return {
    id,
    timeNs: parseTime(fields["time"], what),
    tree: assertObjectId(fields["tree"], what),
    paths: asList(fields["paths"], what).map(text),
    hostname: text(fields["hostname"] ?? ""),
    username: text(fields["username"] ?? ""),
    tags: asList(fields["tags"], what).map(text),
    parent: isObjectId(fields["parent"]) ? fields["parent"] : undefined,
    programVersion: text(fields["program_version"] ?? ""),
    summary: decodeSummary(fields["summary"], what),
  };
}

function decodeSummary(value: unknown, what: string): SnapshotSummary | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = asRecord(value, what);
  const counts = SUMMARY.map(([theirs, ours]) => [ours, asCount(fields[theirs] ?? 0, what)]);
  return {
    startedNs: parseTime(fields["backup_start"], what),
    endedNs: parseTime(fields["backup_end"], what),
    ...(Object.fromEntries(counts) as Omit<SnapshotSummary, "startedNs" | "endedNs">),
  };
}
