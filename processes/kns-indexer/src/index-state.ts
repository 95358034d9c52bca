/**
 * Everything the indexer holds, for those who read the chain and those who answer.
 * @module
 */
import type { Hex, RegistryConfig } from "@kinode-ts/kimap";
import { EMPTY_RECORD } from "@kinode-ts/kimap";
import { sleep } from "@kinode-ts/stdlib/timer";
import type { EthClient } from "./eth-client.ts";
import { type Entry, Ledger } from "./ledger.ts";
import { NetFeed } from "./net-feed.ts";

interface Waiter {
  readonly block: number;
  ticksLeft: number;
  readonly done: () => void;
}

const TICK_MS = 250;
/** The chain is asked again while somebody waits for a block it has not. */
const TICKS_PER_LOOK = 4;
/** Who wait for a block at once; others are answered with what is known. */
const MAX_WAITERS = 1_000;

/** `waiting`: no provider answers. */
export type Status = "waiting" | "catching-up" | "following";

export class IndexState {
  readonly config: RegistryConfig;
  readonly eth: EthClient;
  readonly feed: NetFeed = new NetFeed();
  ledger: Ledger;
  status: Status = "waiting";
  /** Why it waits. */
  problem: string | undefined = undefined;
  /** Everything up to here was read. */
  lastBlock: number;
  /** The newest block a provider told of. */
  head = 0;
  /** Counts resets, so that work begun before one ends unheard. */
  generation = 0;
  /** Called when a block is wanted that was not read yet. */
  hurry: () => void = () => {};
  readonly #blockWaiters = new Set<Waiter>();

  constructor(config: RegistryConfig, eth: EthClient) {
    this.config = config;
    this.eth = eth;
    this.lastBlock = config.firstBlock - 1;
    this.ledger = this.#emptyLedger();
  }

  restore(block: number, entries: Iterable<readonly [Hex, Entry]>): void {
    this.ledger = new Ledger(block, entries);
    this.lastBlock = block;
  }

  /** Back to before the first block. */
  reset(): void {
    this.generation++;
    this.ledger = this.#emptyLedger();
    this.lastBlock = this.config.firstBlock - 1;
    this.feed.forget();
  }

  /** Blocks up to here are read. */
  reached(block: number): void {
    this.lastBlock = Math.max(this.lastBlock, block);
    for (const waiter of this.#blockWaiters) if (waiter.block <= block) waiter.done();
  }

  /** Settles when a block is read, or after that time. */
  async untilBlock(block: number, seconds: number): Promise<void> {
    if (block <= this.lastBlock || this.#blockWaiters.size >= MAX_WAITERS) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { block, ticksLeft: (seconds * 1_000) / TICK_MS, done: resolve };
    this.#blockWaiters.add(waiter);
    if (this.#blockWaiters.size === 1) void this.#tick();
    await promise;
    this.#blockWaiters.delete(waiter);
  }

  // Short waits one after the other: an answer is not sent before the last request ends that was made for it.
  async #tick(): Promise<void> {
    for (let tick = 0; this.#blockWaiters.size > 0; tick++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await sleep(TICK_MS);
      if (tick % TICKS_PER_LOOK === 0) this.hurry();
      for (const waiter of this.#blockWaiters) if (--waiter.ticksLeft <= 0) waiter.done();
    }
  }

  #emptyLedger(): Ledger {
    const ledger = new Ledger(this.config.firstBlock - 1);
    for (const name of this.config.namesWithoutLogs) ledger.put(name, EMPTY_RECORD, 0);
    return ledger;
  }
}
