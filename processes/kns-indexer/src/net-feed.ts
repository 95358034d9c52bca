/**
 * Tells `net:distro:sys` which names are nodes.
 * Source: spec/network-identity.md §2.6, §3.6.
 * @module
 */
import { encodeNetAction, type KnsUpdate } from "@kinode-ts/codec/net";
import { type Hex, isReachable, type NodeInfo, toNodeInfo } from "@kinode-ts/kimap";
import { send } from "@kinode-ts/stdlib";
import type { Ledger } from "./ledger.ts";

const NET = "our@net:distro:sys";
/** Names in one message, so that none grows with the registry. */
const BATCH = 200;

/** What is known of a name; `undefined` while the name itself is not. */
export function nodeInfoOf(ledger: Ledger, hash: Hex): NodeInfo | undefined {
  const entry = ledger.entry(hash);
  const name = ledger.nameOf(hash);
  if (entry === undefined || name === undefined) return undefined;
  return toNodeInfo(name, entry.record, (router) => {
    const found = ledger.nameOf(router);
    if (found === undefined) ledger.awaitName(hash, router);
    return found;
  });
}

export class NetFeed {
  /** Nodes that `net` was told of, by hash. */
  readonly #told = new Map<Hex, string>();

  /** How many nodes `net` knows from here. */
  get nodeCount(): number {
    return this.#told.size;
  }

  /** Tells everything that has changed since the last call. */
  async tell(ledger: Ledger): Promise<void> {
    const updates: KnsUpdate[] = [];
    for (const hash of ledger.takeChanged()) {
      const info = nodeInfoOf(ledger, hash);
      const before = this.#told.get(hash);
      if (info !== undefined && isReachable(info)) {
        this.#told.set(hash, info.name);
        updates.push(info);
      } else if (before !== undefined) {
        // The chain took it back: without a key nobody can pass for it any more.
        this.#told.delete(hash);
        updates.push({ name: before, publicKey: "", ips: [], ports: new Map(), routers: [] });
      }
    }
    for (let at = 0; at < updates.length; at += BATCH) {
      // oxlint-disable-next-line no-await-in-loop -- in order; a mailbox that is full slows us down
      await sendUpdates(updates.slice(at, at + BATCH));
    }
  }

  /** The index starts again: what was told stays until the chain says something else. */
  forget(): void {
    this.#told.clear();
  }
}

async function sendUpdates(updates: readonly KnsUpdate[]): Promise<void> {
  const [update] = updates;
  const body =
    updates.length === 1
      ? encodeNetAction({ kind: "KnsUpdate", update: update! })
      : encodeNetAction({ kind: "KnsBatchUpdate", updates });
  await send(NET, body);
}
