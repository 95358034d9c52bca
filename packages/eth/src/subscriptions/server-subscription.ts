/**
 * A subscription at one of our RPC servers. When it is lost it is made again, at any of them, and what was missed is asked for;
 * only when that does not succeed is the subscriber told. Where no server can push, logs and heads are looked for now and then.
 * Source: spec/network-identity.md §5.1, §5.4 (only address and topics), W14.
 * @module
 */
import type { SubscribeAction } from "../actions.ts";
import { Deadline, sleep } from "../calls/deadline.ts";
import { askServers, type ServerOutcome } from "../calls/ask-servers.ts";
import { EthError } from "../errors.ts";
import { membersOf } from "../json/raw-json.ts";
import type { Endpoint, EndpointPowers, OpenFeed } from "../providers/endpoint.ts";
import type { ProviderBook } from "../providers/provider-book.ts";
import { RpcFailure } from "../rpc/failure.ts";
import { isMissingMethod } from "../rpc/json-rpc.ts";
import { quantity } from "../rpc/quantity.ts";
import { LogMemory } from "./log-memory.ts";
import type { RunningSubscription, SubscriptionSink } from "./subscription.ts";

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 15_000;
/** Items that come while it is found out what was missed. */
const MAX_HELD = 10_000;
const LOST = "the connection to the provider was lost";

export class ServerSubscription implements RunningSubscription {
  readonly provider = undefined;
  readonly #book: ProviderBook;
  readonly #action: SubscribeAction;
  readonly #sink: SubscriptionSink;
  readonly #powers: EndpointPowers;
  readonly #memory: LogMemory;
  #feed: OpenFeed | undefined;
  /** Items that wait while what was missed is asked for. */
  #held: string[] | undefined;
  #isOver = false;

  constructor(
    book: ProviderBook,
    action: SubscribeAction,
    sink: SubscriptionSink,
    powers: EndpointPowers,
  ) {
    this.#book = book;
    this.#action = action;
    this.#sink = sink;
    this.#powers = powers;
    this.#memory = new LogMemory(powers.limits.maxRememberedLogsCount);
  }

  /**
   * Settles when it runs.
   * @returns false when no server of ours can
   * @throws {EthError}
   */
  async start(deadline: Deadline): Promise<boolean> {
    const isOpen = await this.#open(deadline);
    if (isOpen && this.#isOver) this.#feed?.close();
    return isOpen;
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#feed?.close();
  }

  async #open(deadline: Deadline): Promise<boolean> {
    if (this.#book.mustPoll(this.#action.chainId)) return this.#openPolled(deadline);
    const servers = this.#book
      .endpoints(this.#action.chainId, "eth_subscribe")
      .filter(({ canPush }) => canPush);
    let refusal: string | undefined;
    for (const [at, server] of servers.entries()) {
      if (deadline.isOver || this.#isOver) throw new EthError({ code: "eth.rpc-timeout" });
      const outcome = await this.#openAt(server, deadline.leftMs / (servers.length - at));
      if (outcome === true) return true;
      refusal = outcome ?? refusal;
    }
    if (refusal !== undefined) throw new EthError({ code: "eth.rpc-error", error: refusal });
    if (servers.length > 0 && deadline.isOver) throw new EthError({ code: "eth.rpc-timeout" });
    return false;
  }

  /** True, or the error that the server answered with, if any. */
  async #openAt(server: Endpoint, timeoutMs: number): Promise<true | string | undefined> {
    let isCurrent = true;
    const feed = {
      item: (result: string) => {
        if (isCurrent) this.#item(result);
      },
      alive: (block: number) => {
        if (this.#held === undefined) this.#memory.reached(block);
      },
      lost: () => {
        const wasCurrent = isCurrent;
        isCurrent = false;
        if (wasCurrent) this.#lost();
      },
    };
    try {
      const answer = await server.subscribe(subscribeParams(this.#action), feed, timeoutMs);
      if (answer.kind === "open") {
        server.health.succeeded();
        this.#feed = answer;
        return true;
      }
      if (isMissingMethod(answer)) server.health.lacks("eth_subscribe");
      return answer.kind === "error" ? answer.error : undefined;
    } catch (thrown) {
      isCurrent = false;
      if (!(thrown instanceof RpcFailure)) throw thrown;
      server.health.failed(thrown.kind);
      return undefined;
    }
  }

  /** @throws {EthError} */
  async #openPolled(deadline: Deadline): Promise<boolean> {
    const { what } = this.#action;
    if (what !== "logs" && what !== "newHeads") return false;
    const head = await this.#head(deadline);
    if (head === undefined) return false;
    this.#memory.reached(head);
    this.#poll(this.#powers.clock.monotonicMs());
    return true;
  }

  /** @param answeredMs - when a server last answered */
  #poll(answeredMs: number): void {
    const { clock, limits } = this.#powers;
    const timer = clock.after(limits.pollMs, () => {
      void this.#look().then((isAnswered) => {
        if (this.#isOver) return;
        const nowMs = clock.monotonicMs();
        if (!isAnswered && nowMs - answeredMs >= limits.resubscribeMs) this.#end(LOST);
        else this.#poll(isAnswered ? nowMs : answeredMs);
      });
    });
    this.#feed = { kind: "open", close: () => timer.cancel() };
  }

  /** Delivers what is new. False when no server answers. */
  async #look(): Promise<boolean> {
    const { clock, limits } = this.#powers;
    const deadline = new Deadline(clock, limits.subscribeTimeoutMs);
    if (this.#action.what === "logs") return this.#catchUp(deadline);
    const last = this.#memory.lastBlock;
    const head = await this.#head(deadline);
    if (head === undefined || last === undefined) return false;
    const first = Math.max(last + 1, head - limits.reorganisationBlocks + 1);
    for (let block = first; block <= head && !this.#isOver; block++) {
      const found = await this.#ask("eth_getBlockByNumber", `[${hex(block)},false]`, deadline);
      if (found.kind !== "result" || found.result === "null") return false;
      if (!this.#isOver) this.#sink.item(headerOf(found.result));
      this.#memory.reached(block);
    }
    return true;
  }

  async #head(deadline: Deadline): Promise<number | undefined> {
    const head = await this.#ask("eth_blockNumber", "[]", deadline);
    return head.kind === "result" ? quantity(head.result) : undefined;
  }

  #item(result: string): void {
    if (this.#isOver) return;
    if (this.#held === undefined) return this.#deliver(result);
    if (this.#held.length < MAX_HELD) this.#held.push(result);
    else this.#end("too much came while missed logs were asked for");
  }

  #deliver(result: string): void {
    if (this.#action.what === "logs") this.#memory.note(result);
    this.#sink.item(result);
  }

  #lost(): void {
    this.#feed = undefined;
    if (this.#isOver || this.#held !== undefined) return;
    this.#held = [];
    void this.#recover().catch(() => this.#end("the subscription could not be made again"));
  }

  async #recover(): Promise<void> {
    const { clock, limits } = this.#powers;
    const deadline = new Deadline(clock, limits.resubscribeMs);
    for (let waitMs = FIRST_WAIT_MS; !this.#isOver; waitMs = Math.min(MAX_WAIT_MS, waitMs * 2)) {
      this.#held = [];
      const attempt = new Deadline(clock, Math.min(limits.subscribeTimeoutMs, deadline.leftMs));
      const isOpen = this.#feed !== undefined || (await this.#open(attempt).catch(() => false));
      if (isOpen && this.#isOver) (this.#feed as OpenFeed | undefined)?.close();
      if (isOpen && (await this.#catchUp(attempt)) && this.#feed !== undefined)
        return this.#flush();
      if (deadline.isOver) return this.#end(LOST);
      await sleep(clock, Math.min(waitMs, deadline.leftMs));
    }
  }

  /** Delivers what was missed. False when it has to be tried again. */
  async #catchUp(deadline: Deadline): Promise<boolean> {
    if (this.#action.what !== "logs") return true;
    const from = this.#memory.fromBlock(this.#powers.limits.reorganisationBlocks);
    if (from === undefined) {
      // Nobody can say what was missed.
      this.#end(LOST);
      return true;
    }
    const to = await this.#head(deadline);
    if (to === undefined) return false;
    if (to < from) return true;
    const filter = logFilter(this.#action.params, { fromBlock: hex(from), toBlock: hex(to) });
    const found = await this.#ask("eth_getLogs", `[${filter}]`, deadline);
    if (found.kind !== "result") return false;
    const missed = this.#memory.missed(found.result, from, to);
    if (missed === undefined) return false;
    for (const log of missed) {
      if (this.#isOver) return true;
      this.#deliver(log);
    }
    this.#memory.reached(to);
    return true;
  }

  #ask(method: string, params: string, deadline: Deadline): Promise<ServerOutcome> {
    const action = { kind: "call", chainId: this.#action.chainId, method, params } as const;
    return askServers(this.#book, action, deadline, this.#powers).catch(() => ({
      kind: "none",
      refusal: undefined,
      failure: undefined,
    }));
  }

  #flush(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const item of held) {
      if (this.#isOver) return;
      if (this.#action.what !== "logs" || !this.#memory.knows(item)) this.#deliver(item);
    }
  }

  #end(error: string): void {
    if (this.#isOver) return;
    this.close();
    this.#sink.ended(error);
  }
}

const hex = (block: number): string => `"0x${block.toString(16)}"`;

/** JSON text of a filter that has only address and topics, and what is added; some servers refuse other members. */
function logFilter(params: string, more: Readonly<Record<string, string>> = {}): string {
  const fields = membersOf(params);
  const kept = ["address", "topics"].flatMap((name) => {
    const value = fields?.get(name) ?? "null";
    return value === "null" ? [] : [[name, value] as const];
  });
  const parts = [...kept, ...Object.entries(more)].map(([name, value]) => `"${name}":${value}`);
  return `{${parts.join()}}`;
}

/** A block without what the header of a pushed one has not. */
function headerOf(block: string): string {
  const fields = [...(membersOf(block) ?? [])].filter(
    ([name]) => !["transactions", "uncles", "withdrawals", "size"].includes(name),
  );
  return `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join()}}`;
}

function subscribeParams({ what, params }: SubscribeAction): string {
  if (what === "logs") return `["logs",${logFilter(params)}]`;
  return params === "true" ? `["${what}",true]` : `["${what}"]`;
}
