/**
 * Capabilities in plain words, for the person who decides about them.
 * Source: spec/kernel.md §5.2; spec/runtime-modules.md for what each module lets its callers do.
 * @module
 */
import type { Address, Capability, CapabilityRisk, NodeId, ProcessId } from "@kinode-ts/types";
import {
  ETH_PROCESS,
  FD_MANAGER_PROCESS,
  formatAddress,
  HTTP_CLIENT_PROCESS,
  HTTP_SERVER_PROCESS,
  KERNEL_PROCESS,
  KV_PROCESS,
  LOG_PROCESS,
  MESSAGING_PARAMS,
  NET_PROCESS,
  NETWORK_PARAMS,
  packageOf,
  SCHEDULER_PROCESS,
  SQLITE_PROCESS,
  STATE_PROCESS,
  TERMINAL_PROCESS,
  TIMER_PROCESS,
  VFS_PROCESS,
} from "@kinode-ts/types";
import { jsonIdentity } from "./canonical-json.ts";

export interface CapabilityDescription {
  /** Completes the sentence "It may …", without a full stop. */
  readonly text: string;
  readonly risk: CapabilityRisk;
}

const usual = (text: string): CapabilityDescription => ({ text, risk: "usual" });
const powerful = (text: string): CapabilityDescription => ({ text, risk: "powerful" });
const full = (text: string): CapabilityDescription => ({ text, risk: "full-control" });

/** What messaging a system process lets one do. */
const MESSAGING = new Map<string, CapabilityDescription>([
  [KERNEL_PROCESS, full("start, stop and change any process (full control)")],
  // The terminal takes commands from its own package alone; others can only answer it.
  [TERMINAL_PROCESS, usual("answer the terminal")],
  ["main:app-store:sys", powerful("ask the app store to install and remove apps")],
  ["settings:settings:sys", powerful("change the settings of this node")],
  [NET_PROCESS, powerful("look up other nodes and sign in the name of this node")],
  [HTTP_SERVER_PROCESS, usual("show web pages on this node")],
  [HTTP_CLIENT_PROCESS, powerful("fetch from and send to any web site")],
  [TIMER_PROCESS, usual("set timers")],
  [SCHEDULER_PROCESS, usual("be woken at set times, also after a restart")],
  [ETH_PROCESS, usual("read blockchains and send signed transactions to them")],
  [VFS_PROCESS, usual("read and write its own files")],
  [KV_PROCESS, usual("keep its own key-value databases")],
  [SQLITE_PROCESS, usual("keep its own SQL databases")],
  [STATE_PROCESS, powerful("ask the store that keeps the state of all processes")],
  [FD_MANAGER_PROCESS, powerful("see and set how many files may be open")],
  // It answers the terminal's own package alone.
  [LOG_PROCESS, usual("ask for printed lines, which only the terminal gets")],
  ["homepage:homepage:sys", usual("put its icon on the home page")],
  ["kns-indexer:kns-indexer:sys", usual("look up names of other nodes")],
]);

/** Rights other than messaging, by issuer and canonical params. */
const SPECIAL = new Map<string, CapabilityDescription>([
  [
    `${KERNEL_PROCESS} ${NETWORK_PARAMS}`,
    powerful("send messages to other nodes and receive them"),
  ],
  [`${KERNEL_PROCESS} {"root":true}`, full("give any right to any process (full control)")],
  [`${VFS_PROCESS} {"root":true}`, full("read and write all files of this node (full control)")],
  [`${ETH_PROCESS} {"root":true}`, powerful("choose the blockchain providers of this node")],
  [`${NET_PROCESS} {"root":true}`, powerful("change what this node knows about other nodes")],
  [
    `kns-indexer:kns-indexer:sys {"root":true}`,
    powerful("change what this node knows about names of other nodes"),
  ],
  [`homepage:homepage:sys "RemoveOther"`, usual("remove other apps from the home page")],
  [`homepage:homepage:sys "SetStylesheet"`, usual("change how all pages look")],
]);

function parsed(params: string): unknown {
  return jsonIdentity(params) === undefined ? null : (JSON.parse(params) as unknown);
}

function field(value: unknown, name: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const found = (value as Record<string, unknown>)[name];
  return typeof found === "string" ? found : undefined;
}

/** `/chess:sys/pkg` as words; the holder's own drives are called its own. */
function driveWords(drive: string, holder: ProcessId | undefined): string {
  const [, owner = "", name = ""] = drive.split("/");
  if (owner === "" || name === "") return `the drive ${drive}`;
  if (holder !== undefined && packageOf(holder) === owner) return `its own drive "${name}"`;
  return `the drive "${name}" of ${owner}`;
}

function describeDrive(
  params: unknown,
  holder: ProcessId | undefined,
): CapabilityDescription | undefined {
  const [kind, drive] = [field(params, "kind"), field(params, "drive")];
  if (drive === undefined || (kind !== "read" && kind !== "write")) return undefined;
  const words = `${kind === "read" ? "read" : "write"} files in ${driveWords(drive, holder)}`;
  const isOwn = holder !== undefined && drive.startsWith(`/${packageOf(holder)}/`);
  return isOwn || kind === "read" ? usual(words) : powerful(words);
}

function describeDatabase(
  params: unknown,
  holder: ProcessId | undefined,
): CapabilityDescription | undefined {
  const kind = field(params, "kind");
  const database = readDatabaseKey(params);
  if ((kind !== "read" && kind !== "write") || database === undefined) return undefined;
  const isOwn = holder !== undefined && database.owner === packageOf(holder);
  const words = `${kind} ${isOwn ? "its own" : `${database.owner}'s`} database "${database.name}"`;
  return isOwn || kind === "read" ? usual(words) : powerful(words);
}

/** `"db_key": [{"package_name": …, "publisher_node": …}, "name"]` (spec/runtime-modules.md §1.5). */
function readDatabaseKey(params: unknown): { owner: string; name: string } | undefined {
  const key = (params as { db_key?: unknown } | null)?.db_key;
  if (!Array.isArray(key)) return undefined;
  const [id, name] = key as unknown[];
  const [packageName, publisher] = [field(id, "package_name"), field(id, "publisher_node")];
  if (packageName === undefined || publisher === undefined || typeof name !== "string") {
    return undefined;
  }
  return { owner: `${packageName}:${publisher}`, name };
}

function describeSpecific(
  issuer: ProcessId,
  params: unknown,
  holder: ProcessId | undefined,
): CapabilityDescription | undefined {
  switch (issuer) {
    case VFS_PROCESS:
      return describeDrive(params, holder);
    case KV_PROCESS:
    case SQLITE_PROCESS:
      return describeDatabase(params, holder);
    default:
      return undefined;
  }
}

function shortened(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 120)}…`;
}

function describeOther(issuer: Address, our: NodeId, identity: string): CapabilityDescription {
  const who = issuer.node === our ? issuer.process : formatAddress(issuer);
  if (identity === MESSAGING_PARAMS) return usual(`send messages to ${who}`);
  if (identity === '{"root":true}') return powerful(`do everything that ${who} offers`);
  return usual(`use ${shortened(identity)} of ${who}`);
}

/**
 * One line for a person, and how much is at stake.
 * @param our - this node; rights at other nodes are always named with their node
 * @param holder - who holds or asks for it; lets its own files be called its own
 */
export function describeCapability(
  capability: Capability,
  our: NodeId,
  holder?: ProcessId,
): CapabilityDescription {
  const { issuer } = capability;
  const identity = jsonIdentity(capability.params) ?? "null";
  if (issuer.node !== our) return describeOther(issuer, our, identity);
  if (holder === issuer.process && identity === MESSAGING_PARAMS) {
    return usual("send messages to itself");
  }
  if (identity === MESSAGING_PARAMS) {
    return MESSAGING.get(issuer.process) ?? describeOther(issuer, our, identity);
  }
  const special = SPECIAL.get(`${issuer.process} ${identity}`);
  if (special !== undefined) return special;
  return (
    describeSpecific(issuer.process, parsed(capability.params), holder) ??
    describeOther(issuer, our, identity)
  );
}
