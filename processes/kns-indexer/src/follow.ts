/**
 * Follows the chain: catches up in the background, listens to new logs, and reads the last blocks again and again, so
 * that neither a missed log nor one that was taken back stays unnoticed.
 * Source: spec/network-identity.md §3.6, §6 W14.
 * @module
 */
import { decodeLog, mintFilter, NODE_NOTES, noteFilter, type PlacedEvent } from "@kinode-ts/kimap";
import { print } from "@kinode-ts/stdlib";
import { sleep } from "@kinode-ts/stdlib/timer";
import { loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { EthError } from "./eth-client.ts";
import type { IndexState } from "./index-state.ts";
import type { Ledger } from "./ledger.ts";
import { RangeReader } from "./read-range.ts";

/** Blocks that may still be taken back. */
const REORG_DEPTH = 128;
/** Fewer blocks than these are read without a word. */
const QUIET_BLOCKS = 5_000;
const SUBSCRIPTIONS = { mints: 1, notes: 2 } as const;
const LOOK_AGAIN_MS = { subscribed: 60_000, alone: 10_000 } as const;
const RETRY_MS = { first: 5_000, last: 60_000 } as const;
const CHECKPOINT_MS = 300_000;
/** Pieces of a long catch-up between two checkpoints. */
const PIECES_PER_CHECKPOINT = 20;

export class Follower {
  readonly #index: IndexState;
  #reader: RangeReader;
  #isSubscribed = false;
  #wake: () => void = () => {};
  #savedBlock = -1;
  #verifiedChain = false;

  constructor(index: IndexState) {
    this.#index = index;
    this.#reader = new RangeReader(index.eth, index.config);
    index.hurry = () => this.#wake();
  }

  /** Takes up where the last run ended and tells `net` what is known. */
  async restore(): Promise<void> {
    const kept = await loadCheckpoint(this.#index.config);
    if (kept !== undefined) {
      this.#index.restore(kept.block, kept.entries);
      this.#savedBlock = kept.block;
      this.#expectedHash = kept.blockHash;
    }
    await this.#index.feed.tell(this.#index.ledger);
  }

  /** Hash that the block of the checkpoint had. */
  #expectedHash: string | undefined = undefined;

  /** Never ends, whatever providers do. */
  async run(): Promise<never> {
    void this.#saveNowAndThen();
    let retryMs: number = RETRY_MS.first;
    for (;;) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- for ever
        await this.#round();
        retryMs = RETRY_MS.first;
        // oxlint-disable-next-line no-await-in-loop
        await this.#pause(this.#isSubscribed ? LOOK_AGAIN_MS.subscribed : LOOK_AGAIN_MS.alone);
      } catch (thrown) {
        this.#failed(thrown);
        // oxlint-disable-next-line no-await-in-loop
        await this.#pause(retryMs);
        retryMs = Math.min(RETRY_MS.last, retryMs * 2);
      }
    }
  }

  /** An update of a subscription, or the news that there will be none. */
  async update(
    id: unknown,
    result: { readonly log: unknown } | { readonly error: string },
  ): Promise<void> {
    if (id !== SUBSCRIPTIONS.mints && id !== SUBSCRIPTIONS.notes) return;
    if ("error" in result) {
      this.#isSubscribed = false;
      this.#wake();
      return;
    }
    const { ledger, config, feed } = this.#index;
    const event = decodeLog(result.log, config);
    if (event === undefined) return;
    ledger.add(event);
    await feed.tell(ledger);
  }

  /** Forgets everything and begins again. */
  async reset(): Promise<void> {
    this.#index.reset();
    this.#reader = new RangeReader(this.#index.eth, this.#index.config);
    this.#savedBlock = -1;
    this.#expectedHash = undefined;
    await this.#save();
    this.#wake();
  }

  async #round(): Promise<void> {
    const { eth } = this.#index;
    this.#index.head = await eth.blockNumber();
    if (!this.#verifiedChain) await this.#verifyChain();
    if (!this.#isSubscribed) await this.#subscribe();
    await this.#catchUp();
    await this.#readLastBlocks();
    this.#index.status = "following";
    this.#index.problem = undefined;
  }

  #failed(thrown: unknown): void {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    const isNews = this.#index.problem === undefined && this.#index.status !== "waiting";
    this.#index.status = "waiting";
    this.#index.problem = why;
    this.#isSubscribed = false;
    // It may be another provider, or another chain, that answers next.
    this.#verifiedChain = false;
    print(`names on chain: waiting for a provider (${why})`, isNews ? 0 : 2);
  }

  /** Whether the chain still has the block that the checkpoint ends with. */
  async #verifyChain(): Promise<void> {
    const { ledger, eth, config, head } = this.#index;
    const expected = this.#expectedHash;
    if (expected !== undefined && ledger.settledBlock >= config.firstBlock) {
      const hash = await eth.blockHash(ledger.settledBlock);
      if (hash === undefined && config.namesWithoutLogs.length === 0) {
        throw new EthError("refused", `the provider is behind: it is at block ${head}`);
      }
      if (hash !== expected) {
        print("names on chain: this is another chain than before; reading it from the start");
        await this.reset();
      }
    }
    this.#verifiedChain = true;
  }

  async #subscribe(): Promise<void> {
    const { eth, config } = this.#index;
    try {
      await Promise.all(Object.values(SUBSCRIPTIONS).map((id) => eth.unsubscribe(id)));
      await eth.subscribe(SUBSCRIPTIONS.mints, mintFilter(config));
      await eth.subscribe(SUBSCRIPTIONS.notes, noteFilter(config, NODE_NOTES));
      this.#isSubscribed = true;
    } catch (thrown) {
      // Reading now and then is enough to go on.
      if (!(thrown instanceof EthError) || thrown.kind === "none") throw thrown;
      print(`names on chain: no subscription (${thrown.message})`, 2);
    }
  }

  /** Everything that cannot be taken back any more. */
  async #catchUp(): Promise<void> {
    const index = this.#index;
    const { generation } = index;
    const end = index.head - REORG_DEPTH;
    const start = index.ledger.settledBlock;
    const total = end - start;
    if (total <= 0) return;
    index.status = "catching-up";
    const isLong = total > QUIET_BLOCKS;
    if (isLong) print(`names on chain: reading ${total} blocks`);
    let told = 0;
    for (let piece = 1; index.ledger.settledBlock < end; piece++) {
      // oxlint-disable-next-line no-await-in-loop -- one piece after the other
      const { events, upTo } = await this.#reader.read(index.ledger.settledBlock + 1, end);
      if (generation !== index.generation) return;
      takeIn(index.ledger, events);
      index.ledger.settle(upTo);
      index.reached(upTo);
      // oxlint-disable-next-line no-await-in-loop
      await index.feed.tell(index.ledger);
      const percent = Math.floor(((upTo - start) * 100) / total);
      if (isLong && percent >= told + 10 && percent < 100) {
        told = percent - (percent % 10);
        print(`names on chain: ${percent} % read, at block ${upTo} of ${index.head}`);
      }
      // oxlint-disable-next-line no-await-in-loop
      if (piece % PIECES_PER_CHECKPOINT === 0) await this.#save();
    }
    await this.#save();
    if (isLong) {
      print(
        `names on chain: up to date, ${index.feed.nodeCount} nodes of ${index.ledger.size} names`,
      );
    }
  }

  /** Those that can: what is new comes in, what has gone is taken back. */
  async #readLastBlocks(): Promise<void> {
    const index = this.#index;
    const { generation, head } = index;
    const from = index.ledger.settledBlock + 1;
    const found: PlacedEvent[] = [];
    for (let at = from; at <= head;) {
      // oxlint-disable-next-line no-await-in-loop -- one piece after the other
      const { events, upTo } = await this.#reader.read(at, head);
      found.push(...events);
      at = upTo + 1;
    }
    if (generation !== index.generation) return;
    for (const event of found) index.ledger.add(event);
    const present = new Set(found.map(({ blockHash, index: at }) => `${blockHash} ${at}`));
    const missing = [...index.ledger.recentEvents()].filter(
      (event) => !present.has(`${event.blockHash} ${event.index}`),
    );
    await this.#takeBackGone(missing);
    if (generation !== index.generation) return;
    index.ledger.settle(head - REORG_DEPTH);
    index.reached(head);
    await index.feed.tell(index.ledger);
  }

  /** A log that is not there any more may have been forgotten by a provider: its block decides. */
  async #takeBackGone(missing: readonly PlacedEvent[]): Promise<void> {
    const { eth, config, head, ledger } = this.#index;
    const isLocal = config.namesWithoutLogs.length > 0;
    for (const block of new Set(missing.map((event) => event.block))) {
      // oxlint-disable-next-line no-await-in-loop -- rarely more than one
      const hash = await eth.blockHash(block);
      for (const event of missing) {
        if (event.block !== block) continue;
        // Real chains do not get shorter, providers fall behind; chains of a simulation are started again.
        const isGone = hash === undefined ? isLocal && block > head : hash !== event.blockHash;
        if (isGone) ledger.undo(event);
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    await Promise.race([woken, sleep(ms)]);
  }

  async #saveNowAndThen(): Promise<never> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- for ever
      await sleep(CHECKPOINT_MS);
      // oxlint-disable-next-line no-await-in-loop
      await this.#save().catch((thrown: unknown) => print(`names on chain: ${String(thrown)}`, 1));
    }
  }

  /** Writes the checkpoint if it has something new. */
  async #save(): Promise<void> {
    const { ledger, eth, config, generation } = this.#index;
    const block = ledger.settledBlock;
    if (block === this.#savedBlock) return;
    // The entries before the hash is asked for: what settles meanwhile belongs to the next one.
    const entries = [...ledger.settledEntries()];
    const blockHash =
      block < config.firstBlock ? undefined : await eth.blockHash(block).catch(() => undefined);
    if (generation !== this.#index.generation) return;
    await saveCheckpoint(config, { block, blockHash, entries });
    this.#savedBlock = block;
    this.#expectedHash = blockHash;
  }
}

/** In the order of the chain, and final wherever there is no room for more that are not. */
function takeIn(ledger: Ledger, events: readonly PlacedEvent[]): void {
  const ordered = events.toSorted((a, b) => a.block - b.block || a.index - b.index);
  for (const event of ordered) {
    if (ledger.add(event)) continue;
    ledger.settle(event.block - 1);
    ledger.add(event);
  }
}
