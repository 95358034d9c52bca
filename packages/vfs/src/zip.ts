/**
 * What the VFS needs of a zip reader, and which entries it takes.
 * Source: spec/runtime-modules.md §2.6, spec/packages-and-tools.md §8 ("Must fix").
 * @module
 */
import { KinodeError } from "@kinode-ts/types";
import type { ZipLimits } from "./limits.ts";

export interface ZipEntry {
  /** Relative, normalised, `/` between segments, none at the end. */
  readonly path: string;
  readonly kind: "file" | "directory";
  /** Empty for directories. Owned by the receiver. */
  readonly bytes: Uint8Array;
}

/** Reads the entries of a zip in archive order, each checked and inflated when its turn comes. */
export type OpenZip = (bytes: Uint8Array, limits: ZipLimits) => AsyncIterable<ZipEntry>;

export type ZipFault =
  /** The bytes are no zip archive. */
  | { readonly code: "zip.not-a-zip" }
  /** The name would leave the target folder, or is no name. */
  | { readonly code: "zip.unsafe-name"; readonly entry: string }
  /** A link, a device, or encrypted. */
  | { readonly code: "zip.unsupported-entry"; readonly entry: string; readonly what: string }
  | { readonly code: "zip.damaged"; readonly entry: string }
  | { readonly code: "zip.too-many-entries"; readonly count: number; readonly bound: number }
  | { readonly code: "zip.too-large"; readonly entry: string; readonly boundBytes: number }
  | { readonly code: "zip.ratio"; readonly entry: string; readonly bound: number };

/** A zip that is not taken: damaged, dangerous, or above a limit. */
export class ZipError extends KinodeError<ZipFault> {
  override name = "ZipError";
  constructor(fault: ZipFault, options: { cause?: unknown } = {}) {
    super(fault, textOf(fault), options);
  }
}

function textOf(fault: ZipFault): string {
  switch (fault.code) {
    case "zip.not-a-zip":
      return "Cannot read the bytes as a zip archive: its directory is missing or damaged";
    case "zip.unsafe-name":
      return `Refused the zip entry ${quote(fault.entry)}: its name leaves the target folder or is not a plain path`;
    case "zip.unsupported-entry":
      return `Refused the zip entry ${quote(fault.entry)}: it is ${fault.what}, only files and directories are taken`;
    case "zip.damaged":
      return `Cannot unpack the zip entry ${quote(fault.entry)}: its content is damaged`;
    case "zip.too-many-entries":
      return `Refused the zip: it has ${fault.count} entries, at most ${fault.bound} are taken`;
    case "zip.too-large":
      return `Refused the zip at entry ${quote(fault.entry)}: more than ${fault.boundBytes} bytes in all`;
    case "zip.ratio":
      return `Refused the zip entry ${quote(fault.entry)}: it is compressed more than ${fault.bound} times`;
  }
}

function quote(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}

/** The path of an entry, or `undefined` when its name is dangerous. */
export function safeEntryPath(name: string): string | undefined {
  if (name.includes("\0") || name.includes("\\") || !name.isWellFormed()) return undefined;
  if (name.startsWith("/") || /^[A-Za-z]:/.test(name)) return undefined;
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
  return segments.length === 0 || segments.includes("..") ? undefined : segments.join("/");
}
