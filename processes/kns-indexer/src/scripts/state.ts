/**
 * `state`: what the indexer knows.
 * @module
 */
import { toHex } from "@kinode-ts/kimap";
import { defineScript } from "@kinode-ts/stdlib/scripting";
import { askIndexer } from "../ask-indexer.ts";

interface State {
  readonly chain_id: number;
  readonly contract_address: readonly number[];
  readonly names: readonly (readonly [string, string])[];
  readonly last_block: number;
}

interface Progress {
  readonly status: string;
  readonly problem: string | null;
  readonly head: number;
}

export default defineScript(async () => {
  const state = (await askIndexer({ GetState: { block: 0 } }, "GetState")) as State;
  const progress = (await askIndexer("GetProgress", "Progress")) as Progress;
  const address = toHex(Uint8Array.from(state.contract_address));
  const why = progress.problem === null ? "" : ` (${progress.problem})`;
  return [
    `chain id: ${state.chain_id}`,
    `contract: ${address}`,
    `names: ${state.names.length}`,
    `last block: ${state.last_block}`,
    `status: ${progress.status}${why}, newest block: ${progress.head}`,
    ...state.names.map(([, name]) => name).toSorted(),
  ].join("\n");
});
