/**
 * Names of packages, processes and addresses, and their text forms.
 * Source: spec/kernel.md §2. The parsers check structure only; `isNameSafe…` check characters.
 * @module
 */
import { KinodeError } from "./errors.ts";

/** `package:publisher` */
export type PackageId = string & { readonly __brand: "PackageId" };
/** `process:package:publisher` */
export type ProcessId = string & { readonly __brand: "ProcessId" };
/** A node's name, e.g. `alice.os`; the literal `our` means this node where the kernel resolves it. */
export type NodeId = string;

/** Where a message comes from or goes to. Treat as immutable; compare with `sameAddress`. */
export interface Address {
  readonly node: NodeId;
  readonly process: ProcessId;
}

export interface ProcessIdParts {
  readonly processName: string;
  readonly packageName: string;
  readonly publisherNode: NodeId;
}

export type NameFault =
  | { code: "name.missing-field"; text: string; expected: string }
  | { code: "name.too-many-colons"; text: string; expected: string }
  | { code: "name.missing-node-id"; text: string; expected: string }
  | { code: "name.too-many-ats"; text: string; expected: string };

const NAME_FACT = {
  "name.missing-field": "a part is missing or empty",
  "name.too-many-colons": 'there are too many ":"',
  "name.missing-node-id": 'the node before "@" is missing',
  "name.too-many-ats": 'there is more than one "@"',
} as const;

/** A text that is not a package id, process id or address. */
export class NameError extends KinodeError<NameFault> {
  override name = "NameError";
  constructor(fault: NameFault) {
    super(
      fault,
      `Cannot read ${JSON.stringify(fault.text)} as ${fault.expected}: ${NAME_FACT[fault.code]}`,
    );
  }
}

const PACKAGE_FORM = "a package id (package:publisher)";
const PROCESS_FORM = "a process id (process:package:publisher)";
const ADDRESS_FORM = "an address (node@process:package:publisher)";

function splitParts(part: string, count: number, text: string, expected: string): string[] {
  const parts = part.split(":");
  if (parts.length > count) throw new NameError({ code: "name.too-many-colons", text, expected });
  if (parts.length < count || parts.includes("")) {
    throw new NameError({ code: "name.missing-field", text, expected });
  }
  return parts;
}

/** @throws {NameError} structure only: exactly one `:`, no empty part */
export function parsePackageId(text: string): PackageId {
  splitParts(text, 2, text, PACKAGE_FORM);
  return text as PackageId;
}

/** @throws {NameError} structure only: exactly two `:`, no empty part */
export function parseProcessId(text: string): ProcessId {
  splitParts(text, 3, text, PROCESS_FORM);
  return text as ProcessId;
}

/** @throws {NameError} structure only: exactly one `@`, node not empty, rest a process id */
export function parseAddress(text: string): Address {
  const at = text.indexOf("@");
  if (at <= 0) throw new NameError({ code: "name.missing-node-id", text, expected: ADDRESS_FORM });
  if (text.includes("@", at + 1)) {
    throw new NameError({ code: "name.too-many-ats", text, expected: ADDRESS_FORM });
  }
  const process = text.slice(at + 1);
  splitParts(process, 3, text, ADDRESS_FORM);
  return { node: text.slice(0, at), process: process as ProcessId };
}

export function isProcessId(text: string): text is ProcessId {
  const parts = text.split(":");
  return parts.length === 3 && !parts.includes("");
}

export function formatAddress(address: Address): string {
  return `${address.node}@${address.process}`;
}

export function sameAddress(a: Address, b: Address): boolean {
  return a === b || (a.process === b.process && a.node === b.node);
}

/** Splits without checking again: a `ProcessId` is well-formed by construction. */
export function processIdParts(id: ProcessId): ProcessIdParts {
  const first = id.indexOf(":");
  const second = id.indexOf(":", first + 1);
  return {
    processName: id.slice(0, first),
    packageName: id.slice(first + 1, second),
    publisherNode: id.slice(second + 1),
  };
}

/** Joins parts as they are; the kernel accepts any text here and compares ids as whole strings. */
export function formatProcessId(parts: ProcessIdParts): ProcessId {
  return `${parts.processName}:${parts.packageName}:${parts.publisherNode}` as ProcessId;
}

export function packageOf(id: ProcessId): PackageId {
  return id.slice(id.indexOf(":") + 1) as PackageId;
}

const SAFE_NAME = /^[a-z0-9-]+$/;
const SAFE_NODE = /^[a-z0-9.-]+$/;

/** "Kimap-safe": process and package `[a-z0-9-]+`, publisher `[a-z0-9.-]+` (spec/kernel.md §2). */
export function isNameSafeProcessId(text: string): text is ProcessId {
  const parts = text.split(":");
  return (
    parts.length === 3 &&
    SAFE_NAME.test(parts[0]!) &&
    SAFE_NAME.test(parts[1]!) &&
    SAFE_NODE.test(parts[2]!)
  );
}

/** Package `[a-z0-9-]+`, publisher `[a-z0-9.-]+`. */
export function isNameSafePackageId(text: string): text is PackageId {
  const parts = text.split(":");
  return parts.length === 2 && SAFE_NAME.test(parts[0]!) && SAFE_NODE.test(parts[1]!);
}

export function isNameSafeNode(text: string): boolean {
  return SAFE_NODE.test(text);
}

/** The system's own ids, compared as whole strings. */
export const KERNEL_PROCESS = "kernel:distro:sys" as ProcessId;
export const NET_PROCESS = "net:distro:sys" as ProcessId;
export const HTTP_SERVER_PROCESS = "http-server:distro:sys" as ProcessId;
export const HTTP_CLIENT_PROCESS = "http-client:distro:sys" as ProcessId;
export const TIMER_PROCESS = "timer:distro:sys" as ProcessId;
/** An extension: the reference has no scheduler. */
export const SCHEDULER_PROCESS = "scheduler:distro:sys" as ProcessId;
export const ETH_PROCESS = "eth:distro:sys" as ProcessId;
export const VFS_PROCESS = "vfs:distro:sys" as ProcessId;
export const STATE_PROCESS = "state:distro:sys" as ProcessId;
export const KV_PROCESS = "kv:distro:sys" as ProcessId;
export const SQLITE_PROCESS = "sqlite:distro:sys" as ProcessId;
/** An extension: the newest printed lines, for the terminal's own package. */
export const LOG_PROCESS = "log:distro:sys" as ProcessId;
export const FD_MANAGER_PROCESS = "fd-manager:distro:sys" as ProcessId;
export const TERMINAL_PROCESS = "terminal:terminal:sys" as ProcessId;
