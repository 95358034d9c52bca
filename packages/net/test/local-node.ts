/**
 * Nodes with local identities on the network in memory: what they keep survives their restarts.
 * @module
 */
import {
  createNodeSigner,
  createReplaceableSigner,
  type ReplaceableSigner,
} from "@kinode-ts/crypto";
import { createSeededRandom } from "@kinode-ts/testing";
import {
  type Clock,
  type KernelMessage,
  type ModuleContext,
  NET_PROCESS,
  parseAddress,
  type SendErrorKind,
  type StoreChange,
  type StoreRow,
} from "@kinode-ts/types";
import {
  createNet,
  INVITATIONS_SPACE,
  LocalIdentity,
  type Net,
  PEERS_SPACE,
  SELF_SPACE,
  signSuccession,
  successionRow,
} from "../src/index.ts";
import type { MemoryInternet } from "./memory-internet.ts";

export interface LocalNodeOptions {
  /** Where it listens; without it nobody can dial it. */
  readonly host?: string;
  readonly tcp?: number;
  readonly maxPassthroughs?: number;
  readonly seed?: number;
  /** How far its clock is ahead of the true time. */
  readonly aheadMs?: number;
}

/** Rows by space and key. */
export class Rows {
  readonly #spaces = new Map<string, Map<string, string>>();
  isBroken = false;
  commitCount = 0;

  of(space: string): StoreRow[] {
    return Array.from(this.#spaces.get(space) ?? [], ([key, value]) => ({ key, value }));
  }

  async commit(changes: readonly StoreChange[]): Promise<void> {
    if (this.isBroken) throw new Error("the disk is full");
    this.commitCount += 1;
    for (const change of changes) {
      if (change.kind !== "put-record" && change.kind !== "delete-record") continue;
      const rows = this.#spaces.getOrInsertComputed(change.space, () => new Map<string, string>());
      if (change.kind === "put-record") rows.set(change.key, change.value);
      else rows.delete(change.key);
    }
  }
}

export class LocalNode {
  readonly name: string;
  readonly net: Net;
  readonly local: LocalIdentity;
  readonly rows: Rows;
  readonly texts: string[] = [];
  readonly failed: SendErrorKind[] = [];
  readonly prints: string[] = [];
  /** Of its machine at this time. */
  addresses: readonly string[];
  readonly #internet: MemoryInternet;
  readonly #options: LocalNodeOptions;
  readonly #signer: ReplaceableSigner;

  constructor(
    internet: MemoryInternet,
    name: string,
    options: LocalNodeOptions = {},
    rows: Rows = new Rows(),
  ) {
    this.#internet = internet;
    this.#options = options;
    this.name = name;
    this.rows = rows;
    this.addresses = options.host === undefined ? [] : [options.host];
    const seed =
      options.seed ?? [...name].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) & 255, 7);
    const signer = createReplaceableSigner(new Uint8Array(32).fill(seed));
    this.#signer = signer;
    const random = createSeededRandom(seed);
    const { aheadMs = 0 } = options;
    const clock: Clock = {
      nowMs: () => internet.clock.nowMs() + aheadMs,
      monotonicMs: () => internet.clock.monotonicMs(),
      after: (delayMs, fire) => internet.clock.after(delayMs, fire),
      afterTurn: (turn) => internet.clock.afterTurn(turn),
    };
    this.local = new LocalIdentity({
      our: name,
      signer,
      clock,
      random,
      rows: {
        self: rows.of(SELF_SPACE),
        peers: rows.of(PEERS_SPACE),
        invitations: rows.of(INVITATIONS_SPACE),
      },
      commit: (changes) => rows.commit(changes),
      addresses: () => this.addresses,
    });
    const { tcp, host, maxPassthroughs = 0 } = options;
    this.net = createNet({
      identity: { our: name, signer, random },
      our: { name, networkingKey: "", routing: { kind: "routers", routers: [] } },
      local: this.local,
      transport: internet.transport(host),
      clock,
      listen: tcp === undefined ? [] : [{ protocol: "tcp", first: tcp, last: tcp }],
      maxPassthroughs,
    });
    this.net.connect({
      received: (message) => {
        if (message.target.process === NET_PROCESS) this.net.handle(message);
        else this.texts.push(new TextDecoder().decode(message.message.body));
      },
      failed: (_, kind) => void this.failed.push(kind),
    });
  }

  async start(): Promise<this> {
    await this.net.start!(this.#context());
    return this;
  }

  /** Takes another key while it runs. */
  async changeKey(seed: number): Promise<void> {
    const bytes = new Uint8Array(32).fill(seed);
    const next = createNodeSigner(bytes).publicKey;
    const succession = signSuccession(this.name, this.#signer, next);
    const { publicKey } = this.#signer;
    await this.rows.commit([successionRow(this.rows.of(SELF_SPACE), publicKey, succession)]);
    this.#signer.replace(bytes);
    this.local.keyChanged(this.rows.of(SELF_SPACE));
  }

  /** Ends this node; the next one has what it kept. */
  async restart(options: LocalNodeOptions = {}): Promise<LocalNode> {
    await this.net.stop!();
    const next = { ...this.#options, ...options };
    return await new LocalNode(this.#internet, this.name, next, this.rows).start();
  }

  /** As an end of the machine's power: nothing is written any more. */
  crash(): Promise<LocalNode> {
    this.rows.isBroken = true;
    const kept = new Rows();
    for (const space of [SELF_SPACE, PEERS_SPACE, INVITATIONS_SPACE]) {
      void kept.commit(
        this.rows.of(space).map((row) => ({ kind: "put-record", space, ...row }) as const),
      );
    }
    this.net.stop!()?.catch(() => {});
    return new LocalNode(this.#internet, this.name, this.#options, kept).start();
  }

  say(to: string, text: string): void {
    const source = parseAddress(`${this.name}@a:chat:x.os`);
    void this.net.send({
      id: 1,
      source,
      target: parseAddress(`${to}@b:chat:x.os`),
      rsvp: undefined,
      message: {
        kind: "request",
        inherit: false,
        expectsResponse: 5,
        body: new TextEncoder().encode(text),
        metadata: undefined,
        capabilities: [],
      },
      blob: undefined,
    } satisfies KernelMessage);
  }

  get known(): string[] {
    return this.local
      .peers()
      .map(({ peer }) => peer.name)
      .toSorted();
  }

  /** Settles with the outcome of `work` while time passes on the network. */
  async during<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const mark = (): void => void (isOver = true);
    work.then(mark, mark);
    for (let turn = 0; turn < 2_000 && !isOver; turn += 1) await this.#internet.clock.advance(10);
    return await work;
  }

  #context(): ModuleContext {
    return {
      our: this.name,
      address: { node: this.name, process: NET_PROCESS },
      send: (request) => {
        if (request.target.node !== this.name) {
          void this.net.send({
            id: 77,
            source: { node: this.name, process: NET_PROCESS },
            target: request.target,
            rsvp: undefined,
            message: {
              kind: "request",
              inherit: false,
              expectsResponse: request.expectsResponse,
              body: request.body,
              metadata: undefined,
              capabilities: [],
            },
            blob: undefined,
          });
        }
        return 77;
      },
      respond: () => {},
      respondTo: () => {},
      holds: () => false,
      grant: () => Promise.resolve(true),
      exists: () => true,
      print: (_, text) => void this.prints.push(text),
    };
  }
}
