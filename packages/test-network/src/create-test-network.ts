/**
 * A network of whole nodes for tests: see `createTestNetwork`.
 * @module
 */
import {
  createSeededRandom,
  createVirtualClock,
  type SeededRandom,
  type VirtualClock,
} from "@kinode-ts/testing";
import { type KernelMessage, TERMINAL_PROCESS } from "@kinode-ts/types";
import { Internet } from "./internet.ts";
import {
  fullName,
  type NodePlan,
  processId,
  SimulatedNode,
  type SimulatedProgram,
} from "./simulated-node.ts";

export interface TestNetworkOptions {
  /** Everything random is drawn from it; the same seed gives the same run. Default 1. */
  readonly seed?: number;
  /** Each piece of data takes between these milliseconds. Default 1 to 20. */
  readonly minDelayMs?: number;
  readonly maxDelayMs?: number;
}

/** What `ask` settles with. */
export type TestAnswer =
  | {
      readonly ok: true;
      readonly body: Uint8Array;
      readonly text: string;
      readonly blob: KernelMessage["blob"];
    }
  | { readonly ok: false; readonly error: "offline" | "timeout" };

export class TestNetwork {
  /** Time stands still until it is moved: by `run`, or by waiting for an answer. */
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly seed: number;
  readonly #internet: Internet;
  readonly #nodes = new Map<string, SimulatedNode>();

  constructor(plans: readonly NodePlan[], options: TestNetworkOptions) {
    const { seed = 1, minDelayMs = 1, maxDelayMs = 20 } = options;
    this.seed = seed;
    this.clock = createVirtualClock();
    this.random = createSeededRandom(seed);
    const { clock, random } = this;
    this.#internet = new Internet({ clock, random, minDelayMs, maxDelayMs });
    for (const [index, plan] of plans.entries()) {
      const node = new SimulatedNode({ plan, index, clock, internet: this.#internet, seed });
      if (this.#nodes.has(node.name)) throw new RangeError(`Two nodes are called ${node.name}`);
      this.#nodes.set(node.name, node);
    }
  }

  get nodes(): readonly SimulatedNode[] {
    return [...this.#nodes.values()];
  }

  /** @throws {RangeError} there is none of this name */
  node(name: string): SimulatedNode {
    const node = this.#nodes.get(fullName(name));
    if (node !== undefined) return node;
    const names = [...this.#nodes.keys()].join(", ");
    throw new RangeError(`There is no node "${name}"; there is ${names}`);
  }

  /** Boots all nodes; every one knows every other. */
  async boot(): Promise<this> {
    for (const node of this.nodes) {
      node.know(this.nodes.filter((other) => other !== node));
      await this.until(node.boot());
    }
    return this;
  }

  /** Starts a process on a node: `chat` is `chat:test:sys`. */
  async start(node: string, name: string, program: SimulatedProgram): Promise<void> {
    await this.until(this.node(node).start(name, program));
  }

  /** Asks a process, as the person who owns `from` would; time moves until the answer has come. */
  async ask(
    from: string,
    target: { readonly node: string; readonly process: string },
    body: string | Uint8Array,
    timeoutSeconds = 30,
  ): Promise<TestAnswer> {
    const answer = await this.until(
      this.node(from).kernel.ask({
        source: TERMINAL_PROCESS,
        target: { node: fullName(target.node), process: processId(target.process) },
        body: typeof body === "string" ? new TextEncoder().encode(body) : body,
        timeoutSeconds,
      }),
    );
    if (!answer.ok) return answer;
    return { ...answer, text: new TextDecoder().decode(answer.body) };
  }

  /** Moves time until it settles. */
  until<T>(promise: Promise<T>): Promise<T> {
    return this.clock.runUntil(promise);
  }

  /** Lets milliseconds pass. */
  run(milliseconds: number): Promise<void> {
    return this.clock.advance(milliseconds);
  }

  /**
   * Nodes of different groups do not reach each other; those in no group reach all. What is on its way stands still; a
   * connection that stands still for a minute breaks.
   */
  partition(...groups: readonly (readonly string[])[]): void {
    this.#internet.partition(groups.map((group) => group.map((name) => this.node(name).ip)));
  }

  /** Pulls a node's cable. */
  unplug(name: string): void {
    this.#internet.unplug(this.node(name).ip);
  }

  plug(name: string): void {
    this.#internet.plug(this.node(name).ip);
  }

  /** All ways are open again. */
  heal(): void {
    this.#internet.heal();
  }

  /**
   * Breaks connections: what is on its way on them is lost, and one end knows it before the other.
   * @param names - of one node: all of its; of two: those between them; none: all. @returns how many
   */
  cut(...names: readonly string[]): number {
    const hosts = names.map((name) => this.node(name).ip);
    return this.#internet.cut((one, other) =>
      hosts.every((host) => host === one || host === other),
    );
  }

  /** From one moment to the next nothing of the node is there but what it has on disk. */
  crash(name: string): void {
    this.node(name).crash();
  }

  /** Starts a crashed node again, with its records and processes. */
  async restart(name: string): Promise<void> {
    await this.until(this.node(name).boot());
  }

  /** Shuts all nodes down. */
  async stop(): Promise<void> {
    for (const node of this.nodes) if (node.isRunning) await this.until(node.stop());
  }
}

/**
 * Boots many nodes in one program, on a virtual clock and a network that does what it is told: delays, partitions, broken
 * connections, crashes, nodes that nobody can dial (`behind` routers). All that is random comes from the seed.
 *
 * @param nodes - names (`alice` is `alice.os`), or plans
 */
export async function createTestNetwork(
  nodes: readonly (string | NodePlan)[],
  options: TestNetworkOptions = {},
): Promise<TestNetwork> {
  const plans = nodes.map((node) => (typeof node === "string" ? { name: node } : node));
  return await new TestNetwork(plans, options).boot();
}
