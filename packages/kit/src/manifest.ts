/**
 * `manifest.json`: the long-lived processes of a package.
 * Source: spec/packages-and-tools.md §3.
 * @module
 */
import { parseAddress, type OnExit, type OnExitRequest, type ProcessId } from "@kinode-ts/types";
import type * as v from "valibot";
import type { Problem } from "./errors.ts";
import type { JsonPath } from "./json-source.ts";
import { FileReader, type ReadOptions } from "./problems.ts";
import { capabilityEntrySchema, manifestEntrySchema, type onExitSchema } from "./schema.ts";

/** One item of `request_capabilities` or `grant_capabilities`. */
export interface CapabilityEntry {
  readonly process: ProcessId;
  /** JSON text exactly as written; `undefined` is the short form, meaning messaging. */
  readonly params: string | undefined;
}

export interface ManifestEntry {
  readonly processName: string;
  /** Below `pkg/`, always with a leading `/`. */
  readonly path: string;
  readonly onExit: OnExit;
  readonly requestNetworking: boolean;
  readonly requestCapabilities: readonly CapabilityEntry[];
  readonly grantCapabilities: readonly CapabilityEntry[];
  readonly public: boolean;
}

export interface Manifest {
  readonly entries: readonly ManifestEntry[];
  /** What was skipped in lax mode. */
  readonly problems: readonly Problem[];
}

/** Reads a list of capability entries; a bad one is reported and left out. */
export function readCapabilityEntries(
  reader: FileReader,
  path: JsonPath,
  items: readonly unknown[],
): CapabilityEntry[] {
  return items.flatMap((item, index): CapabilityEntry[] => {
    const place = [...path, index];
    const entry = reader.check(capabilityEntrySchema, place, item);
    if (entry === undefined) return [];
    if (typeof entry === "string") return [{ process: entry, params: undefined }];
    return [
      { process: entry.process, params: reader.source.textOf([...place, "params"]) ?? "null" },
    ];
  });
}

function readOnExit(value: v.InferOutput<typeof onExitSchema>): OnExit {
  if (value === "None") return { kind: "none" };
  if (value === "Restart") return { kind: "restart" };
  const requests = value.Requests.map(([target, request, blob]): OnExitRequest => ({
    target: parseAddress(target),
    request: {
      kind: "request",
      inherit: request.inherit,
      expectsResponse: request.expects_response ?? undefined,
      body: Uint8Array.from(request.body),
      metadata: request.metadata ?? undefined,
      capabilities: request.capabilities.map(({ issuer, params }) => ({
        issuer: parseAddress(issuer),
        params,
      })),
    },
    blob: blob ? { mime: blob.mime ?? undefined, bytes: Uint8Array.from(blob.bytes) } : undefined,
  }));
  return { kind: "requests", requests };
}

function readEntry(reader: FileReader, index: number, value: unknown): ManifestEntry | undefined {
  const entry = reader.check(manifestEntrySchema, [index], value);
  if (entry === undefined) return undefined;
  if (entry.request_networking && (entry.remote ?? "any") !== "any") {
    // Ignoring a restriction would open what the author meant to close.
    reader.report(
      [index, "remote"],
      `this node cannot yet restrict remote senders ("${entry.remote}")`,
    );
    return undefined;
  }
  return {
    processName: entry.process_name,
    path: `/${entry.process_wasm_path.replace(/^\/+/, "")}`,
    onExit: readOnExit(entry.on_exit),
    requestNetworking: entry.request_networking,
    requestCapabilities: readCapabilityEntries(
      reader,
      [index, "request_capabilities"],
      entry.request_capabilities,
    ),
    grantCapabilities: readCapabilityEntries(
      reader,
      [index, "grant_capabilities"],
      entry.grant_capabilities,
    ),
    public: entry.public,
  };
}

/** @throws {PackageError} not JSON or not a list; in strict mode any problem */
export function parseManifest(text: string, options: ReadOptions = {}): Manifest {
  const reader = new FileReader(options.file ?? "manifest.json", text);
  const list = reader.source.value;
  const entries: ManifestEntry[] = [];
  if (Array.isArray(list)) {
    list.forEach((value, index) => {
      const entry = readEntry(reader, index, value);
      if (entry === undefined) return;
      if (entries.some((other) => other.processName === entry.processName)) {
        reader.report([index], `the process name "${entry.processName}" is used twice`);
        return;
      }
      entries.push(entry);
    });
  } else {
    reader.report([], "a list of processes is expected");
    reader.finish({ mode: "strict" });
  }
  return { entries, problems: reader.finish(options) };
}
