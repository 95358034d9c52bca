/**
 * Questions of other processes.
 * Source: spec/network-identity.md §3.6, spec/packages-and-tools.md §17.
 * @module
 */
import {
  fromHex,
  type Hex,
  isReachable,
  isValidName,
  nameHash,
  type NodeInfo,
  readHexOf,
} from "@kinode-ts/kimap";
import type { Answer, IncomingRequest } from "@kinode-ts/stdlib";
import { Capability, our } from "@kinode-ts/stdlib";
import { readName } from "./ask-registry.ts";
import type { Follower } from "./follow.ts";
import type { IndexState } from "./index-state.ts";
import { nodeInfoOf } from "./net-feed.ts";

/** Look-ups at the registry that run at once; others are answered with what is known. */
const MAX_LOOK_UPS = 16;

/** Hashing a name costs in proportion to its labels. */
const MAX_NAME_LENGTH = 1_024;

/** As it goes over the wire: ports as a list of pairs. */
function toJson({ name, publicKey, ips, ports, routers }: NodeInfo): object {
  return { name, public_key: publicKey, ips, ports: [...ports], routers };
}

function permitsReset(message: IncomingRequest): boolean {
  if (message.source.packageId().equals(our().packageId())) return true;
  const wanted = Capability.withJson(our(), { root: true });
  return message.capabilities.some((attached) => wanted.equals(attached));
}

interface Question {
  readonly block: number;
  readonly [field: string]: unknown;
}

/** @throws {TypeError} it is none */
function readQuestion(request: unknown, kind: string): Question {
  const content = (request as Readonly<Record<string, unknown>>)[kind];
  if (typeof content !== "object" || content === null)
    throw new TypeError(`"${kind}" is no record`);
  const { block = 0 } = content as { block?: unknown };
  const number = Number(block);
  if (!Number.isSafeInteger(number) || number < 0) throw new TypeError('"block" is no number');
  return { ...content, block: number };
}

export class Answers {
  readonly #index: IndexState;
  readonly #follower: Follower;
  #lookUps = 0;

  constructor(index: IndexState, follower: Follower) {
    this.#index = index;
    this.#follower = follower;
  }

  /** @throws {TypeError} not one of the questions */
  async answer(message: IncomingRequest): Promise<Answer | undefined> {
    const request = message.json();
    if (request === "Reset") return await this.#reset(message);
    if (request === "GetProgress") return this.#progress();
    if (typeof request !== "object" || request === null) throw new TypeError("unknown question");
    if ("NamehashToName" in request) {
      const { hash, block } = readQuestion(request, "NamehashToName");
      const wanted = readHexOf(hash, 32);
      if (wanted === undefined) throw new TypeError('"hash" is not 32 bytes as hex');
      await this.#untilBlock(block, message);
      return { Name: this.#index.ledger.nameOf(wanted) ?? null };
    }
    if ("NodeInfo" in request) {
      const { name, block } = readQuestion(request, "NodeInfo");
      if (typeof name !== "string") throw new TypeError('"name" is no text');
      await this.#untilBlock(block, message);
      const info = await this.#nodeInfo(name, message);
      return { NodeInfo: info === undefined ? null : toJson(info) };
    }
    if ("GetState" in request) {
      await this.#untilBlock(readQuestion(request, "GetState").block, message);
      return { GetState: this.#state() };
    }
    throw new TypeError("unknown question");
  }

  /** Seconds for work before the asker gives up. */
  #patience(message: IncomingRequest): number {
    const seconds = message.expectsResponse;
    return seconds === undefined ? 0 : Math.max(0, Number(seconds) - 1);
  }

  async #untilBlock(block: number, message: IncomingRequest): Promise<void> {
    const seconds = this.#patience(message);
    if (block === 0 || seconds === 0) return;
    await this.#index.untilBlock(block, seconds);
  }

  async #nodeInfo(name: string, message: IncomingRequest): Promise<NodeInfo | undefined> {
    const { ledger, feed, config, eth } = this.#index;
    if (name.length > MAX_NAME_LENGTH || !isValidName(name)) return undefined;
    const hash = nameHash(name);
    const known = nodeInfoOf(ledger, hash);
    const seconds = this.#patience(message);
    const mayLookUp = seconds > 0 && this.#lookUps < MAX_LOOK_UPS;
    if ((known !== undefined && isReachable(known)) || !mayLookUp) return known;
    const { generation } = this.#index;
    this.#lookUps++;
    try {
      const found = await readName(eth.within(seconds), config, name);
      if (found === undefined || generation !== this.#index.generation) return known;
      ledger.put(name, found.record, found.block);
      await feed.tell(ledger);
    } catch {
      // No provider, or none that answers: what is known has to do.
    } finally {
      this.#lookUps--;
    }
    return nodeInfoOf(this.#index.ledger, hash);
  }

  #state(): object {
    const { ledger, config, lastBlock } = this.#index;
    const names: [Hex, string][] = [];
    const nodes: [string, object][] = [];
    for (const hash of ledger.entries.keys()) {
      const info = nodeInfoOf(ledger, hash);
      if (info === undefined) continue;
      names.push([hash, info.name]);
      if (info.publicKey !== "") nodes.push([info.name, toJson(info)]);
    }
    const address = [...fromHex(config.registry)];
    const contract = { chain_id: config.chainId, contract_address: address };
    return { ...contract, names, nodes, last_block: lastBlock };
  }

  #progress(): Answer {
    const { status, problem, lastBlock, head, ledger, feed } = this.#index;
    const counts = { names: ledger.size, nodes: feed.nodeCount };
    return {
      Progress: { status, problem: problem ?? null, last_block: lastBlock, head, ...counts },
    };
  }

  async #reset(message: IncomingRequest): Promise<Answer> {
    if (!permitsReset(message)) return { Reset: { Err: "NoRootCap" } };
    try {
      await this.#follower.reset();
      return { Reset: "Success" };
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      return { Reset: { Err: { DbError: why } } };
    }
  }
}
