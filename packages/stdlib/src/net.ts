/**
 * Client of `net:distro:sys`: signatures by the node's key, and who the other nodes are.
 * Source: spec/packages-and-tools.md §25.7, spec/network-identity.md §2.6.
 * @module
 */
import {
  decodeNetResponse,
  encodeNetAction,
  type NetAction,
  type NetResponse,
  type NodeIdentity,
  type NodeRouting,
} from "@kinode-ts/codec/net";
import { errorText, KinodeError, type NodeId, parseAddress } from "@kinode-ts/types";
import { Address } from "./address.ts";
import type { Duration } from "./duration.ts";
import { SendError } from "./errors.ts";
import { resolveName } from "./kimap/kimap-logs.ts";
import type { AbortSignalLike } from "./send.ts";
import { request } from "./send.ts";

export type {
  KnsUpdate,
  NetAction,
  NetResponse,
  NodeIdentity as Identity,
  NodeRouting,
} from "@kinode-ts/codec/net";

const NET = "our@net:distro:sys";
const SIGNATURE_BYTES = 64;

type NetCode =
  /** It did not answer in time, or may not be messaged. */
  | "NoAnswer"
  /** It answered something else than was asked for. */
  | "UnexpectedAnswer";

/** A question to the network part that has no answer. */
export class NetError extends KinodeError<{ readonly code: NetCode; readonly detail: string }> {
  override name = "NetError";
  constructor(code: NetCode, detail: string, cause?: unknown) {
    super({ code, detail }, `${code}: ${detail}`, { cause });
  }
}

/** How long the network part may take. */
export interface NetOptions {
  /** Default 30 s. */
  readonly timeout?: Duration | undefined;
  /** Stops waiting with its reason. */
  readonly signal?: AbortSignalLike | undefined;
}

async function ask<K extends NetResponse["kind"]>(
  kind: K,
  action: NetAction,
  { timeout = "30s", signal }: NetOptions,
  bytes?: Uint8Array,
): Promise<{ answer: Extract<NetResponse, { kind: K }>; blob: Uint8Array | undefined }> {
  const blob = bytes === undefined ? {} : { blob: bytes };
  const response = await request(NET, encodeNetAction(action), { timeout, signal, ...blob }).catch(
    (thrown: unknown) => {
      if (!(thrown instanceof SendError)) throw thrown;
      throw new NetError("NoAnswer", `to ${action.kind}: ${thrown.message}`, thrown);
    },
  );
  let answer: NetResponse;
  try {
    answer = decodeNetResponse(response.body);
  } catch (thrown) {
    throw new NetError("UnexpectedAnswer", `to ${action.kind}: ${errorText(thrown)}`, thrown);
  }
  if (answer.kind !== kind) {
    throw new NetError("UnexpectedAnswer", `to ${action.kind}: ${answer.kind}`);
  }
  return {
    answer: answer as Extract<NetResponse, { kind: K }>,
    blob: response.blob()?.bytes,
  };
}

/**
 * Signs with the node's networking key: what is signed is the text of our own address, then the bytes.
 * @returns 64 bytes (Ed25519)
 */
async function sign(bytes: Uint8Array, options: NetOptions = {}): Promise<Uint8Array> {
  const { blob } = await ask("Signed", { kind: "Sign" }, options, bytes);
  if (blob?.length === SIGNATURE_BYTES) return blob;
  throw new NetError("UnexpectedAnswer", "to Sign: no signature of 64 bytes came with it");
}

/**
 * Whether the process `from` signed these bytes with the key of its node, as this node knows it.
 * An unknown node: `false`.
 * @throws {AddressParseError} `from` is no address
 */
async function verify(
  from: Address | string,
  bytes: Uint8Array,
  signature: Uint8Array,
  options: NetOptions = {},
): Promise<boolean> {
  const address = typeof from === "string" ? Address.parse(from) : from;
  const action = { kind: "Verify", from: parseAddress(address.toString()), signature } as const;
  return (await ask("Verified", action, options, bytes)).answer.valid;
}

/** Other nodes with a connection, or to which one is being made. */
async function peers(options: NetOptions = {}): Promise<readonly NodeIdentity[]> {
  return (await ask("Peers", { kind: "GetPeers" }, options)).answer.peers;
}

/** What this node knows of another one, connected or not; of itself too. `undefined`: nothing. */
async function peer(node: NodeId, options: NetOptions = {}): Promise<NodeIdentity | undefined> {
  return (await ask("Peer", { kind: "GetPeer", node }, options)).answer.peer;
}

/** The state of the network in words, for a person. */
async function diagnostics(options: NetOptions = {}): Promise<string> {
  return (await ask("Diagnostics", { kind: "GetDiagnostics" }, options)).answer.text;
}

/** Every function rejects with a `NetError`. The manifest must request messaging to `net:distro:sys`. */
export const net = { sign, verify, peers, peer, diagnostics } as const;

/** The name of a hash, asked of the name index; `undefined`: it knows none. Rejects with a `KimapError`. `block`: waits until it has read so far. */
async function fromHash(
  hash: `0x${string}`,
  options: NetOptions & { readonly block?: bigint | number | undefined } = {},
): Promise<string | undefined> {
  const { block = 0, timeout = "30s", signal } = options;
  return await resolveName(hash, block, { timeout, signal });
}

/** The manifest must request messaging to `kns-indexer:kns-indexer:sys`. */
export const names = { fromHash } as const;

/** Whether it can be dialled itself. */
export function isDirect({ routing }: { readonly routing: NodeRouting }): boolean {
  return routing.kind === "direct";
}

/** Its port for a protocol; `undefined`: it has none, or cannot be dialled itself. */
export function getProtocolPort(
  { routing }: { readonly routing: NodeRouting },
  protocol: "tcp" | "ws",
): number | undefined {
  if (routing.kind === "routers") return undefined;
  const port = routing.ports.get(protocol);
  return port === 0 ? undefined : port;
}

/** Who joins it with others; empty for a direct node. */
export function routers({ routing }: { readonly routing: NodeRouting }): readonly NodeId[] {
  return routing.kind === "direct" ? [] : routing.routers;
}
