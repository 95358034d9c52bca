/**
 * Reads the logs of a range of blocks, in pieces as large as the provider gives.
 * @module
 */
import {
  decodeLog,
  mintFilter,
  NODE_NOTES,
  noteFilter,
  type PlacedEvent,
  readHexOf,
  readQuantity,
  type RegistryConfig,
} from "@kinode-ts/kimap";
import { sleep } from "@kinode-ts/stdlib/timer";
import { type EthClient, EthError } from "./eth-client.ts";

const LARGEST = 100_000;
const FIRST = 20_000;
/** Logs that are read without a pause, so that messages are answered between them. */
const BATCH = 250;

export class RangeReader {
  readonly #eth: EthClient;
  readonly #config: RegistryConfig;
  #span = FIRST;

  constructor(eth: EthClient, config: RegistryConfig) {
    this.#eth = eth;
    this.#config = config;
  }

  /**
   * Events from `from` up to a block that the provider was willing to go to, at most `to`.
   * @throws {EthError} it refuses even a single block
   */
  async read(from: number, to: number): Promise<{ events: PlacedEvent[]; upTo: number }> {
    for (;;) {
      const upTo = Math.min(to, from + this.#span - 1);
      try {
        // oxlint-disable-next-line no-await-in-loop -- one try after the other
        const events = await this.#readOnce(from, upTo);
        if (upTo - from + 1 === this.#span) this.#span = Math.min(LARGEST, this.#span * 2);
        return { events, upTo };
      } catch (thrown) {
        if (!(thrown instanceof EthError) || thrown.kind === "none" || upTo === from) throw thrown;
        this.#span = Math.max(1, Math.floor((upTo - from + 1) / 2));
      }
    }
  }

  async #readOnce(from: number, to: number): Promise<PlacedEvent[]> {
    const mints = await this.#eth.logs(mintFilter(this.#config), from, to);
    const notes = await this.#eth.logs(noteFilter(this.#config, NODE_NOTES), from, to);
    const events: PlacedEvent[] = [];
    let count = 0;
    for (const log of [...mints, ...notes]) {
      if (!isAskedFor(log, this.#config, from, to)) {
        // Half an answer would be a hole in the index for good.
        throw new EthError("refused", "eth_getLogs: the answer has logs that nobody asked for");
      }
      const event = decodeLog(log, this.#config);
      if (event !== undefined && !event.removed) events.push(event);
      // oxlint-disable-next-line no-await-in-loop -- the point of it
      if (++count % BATCH === 0) await sleep(1);
    }
    return events;
  }
}

/** Of the registry, and of these blocks. What it says may still be something that is no name or note of today. */
function isAskedFor(log: unknown, { registry }: RegistryConfig, from: number, to: number): boolean {
  if (typeof log !== "object" || log === null) return false;
  const { address, blockNumber } = log as Readonly<Record<string, unknown>>;
  const block = readQuantity(blockNumber);
  const isOurs = readHexOf(address, 20) === registry.toLowerCase();
  return isOurs && block !== undefined && block >= from && block <= to;
}
