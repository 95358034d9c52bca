/**
 * This node's own record: written anew, with a higher number, whenever what it says has changed.
 * Rows: space `net.self`: `record` = base64 of the record, `routers` = JSON list of names, `successions` = base64.
 * @module
 */
import { equalBytes } from "@kinode-ts/crypto";
import type { NodeId, NodeSigner, StoreChange, StoreRow } from "@kinode-ts/types";
import {
  decodeSuccessions,
  encodeSuccessions,
  type IdentityRecord,
  MAX_SUCCESSIONS,
  readRecord,
  type SignedRecord,
  signRecord,
  type Succession,
} from "./identity-record.ts";

export const SELF_SPACE = "net.self";

type Content = Pick<IdentityRecord, "places" | "routers">;

const put = (key: string, value: string): StoreChange => ({
  kind: "put-record",
  space: SELF_SPACE,
  key,
  value,
});

/** Only as far as they lead to the key we have: a change that was prepared and not carried out is none. */
function readSuccessions(text: string | undefined, key: Uint8Array): readonly Succession[] {
  if (text === undefined) return [];
  const all = decodeSuccessions(Uint8Array.fromBase64(text));
  const last = all.findLastIndex(({ to }) => equalBytes(to, key));
  return all.slice(0, last + 1);
}

/** The row to write before the networking key becomes `next.to`. */
export function successionRow(
  rows: readonly StoreRow[],
  key: Uint8Array,
  next: Succession,
): StoreChange {
  const text = rows.find((row) => row.key === "successions")?.value;
  // A node that still has an older key than these has not heard of us for so many changes: it needs a new invitation.
  const kept = [...readSuccessions(text, key), next].slice(-MAX_SUCCESSIONS);
  return put("successions", encodeSuccessions(kept).toBase64());
}

const contentText = ({ places, routers }: Content): string =>
  JSON.stringify([places, routers], (_, value: unknown) =>
    value instanceof Map ? [...(value as Map<string, number>)].toSorted() : value,
  );

export class OwnRecord {
  readonly #name: NodeId;
  readonly #signer: NodeSigner;
  #successions: readonly Succession[];
  #routers: readonly NodeId[];
  #record: SignedRecord;

  constructor(name: NodeId, signer: NodeSigner, rows: readonly StoreRow[]) {
    this.#name = name;
    this.#signer = signer;
    const row = (key: string): string | undefined => rows.find((each) => each.key === key)?.value;
    this.#successions = readSuccessions(row("successions"), signer.publicKey);
    this.#routers = JSON.parse(row("routers") ?? "[]") as NodeId[];
    const text = row("record");
    this.#record =
      text === undefined
        ? this.#write({ places: [], routers: [] }, 0, 0)
        : readRecord(Uint8Array.fromBase64(text));
  }

  get record(): SignedRecord {
    return this.#record;
  }

  /** The signer has another key now. @param rows - with the old key's word about it */
  keyChanged(rows: readonly StoreRow[]): void {
    const text = rows.find(({ key }) => key === "successions")?.value;
    this.#successions = readSuccessions(text, this.#signer.publicKey);
  }

  get routers(): readonly NodeId[] {
    return this.#routers;
  }

  setRouters(routers: readonly NodeId[]): StoreChange {
    this.#routers = routers;
    return put("routers", JSON.stringify(routers));
  }

  /** What is to be kept when the record is another one now. */
  update(content: Content, nowMs: number): StoreChange | undefined {
    const before = this.#record;
    const isSame =
      before.name === this.#name &&
      before.sequence > 0 &&
      equalBytes(before.key, this.#signer.publicKey) &&
      contentText(before) === contentText(content);
    if (isSame) return undefined;
    // By the clock, so that a node that was restored from an old copy is believed again.
    const sequence = Math.max(before.sequence + 1, Math.floor(nowMs / 1_000));
    this.#record = this.#write(content, sequence, nowMs);
    return put("record", this.#record.bytes.toBase64());
  }

  #write(content: Content, sequence: number, timeMs: number): SignedRecord {
    const successions = this.#successions;
    return signRecord(
      { ...content, name: this.#name, sequence, timeMs, successions },
      this.#signer,
    );
  }
}
