/**
 * One run of a test network with random talk and random trouble, and what must hold whatever happens: no message arrives twice,
 * out of order, or at the wrong node, and whoever was promised an error gets it or an answer.
 * Source: spec/network-identity.md §1.9; docs of the test network.
 * @module
 */
import type { NativeMain } from "@kinode-ts/kernel";
import { createSeededRandom, type SeededRandom } from "@kinode-ts/testing";
import { type Address, parseAddress, type Request } from "@kinode-ts/types";
import { createTestNetwork, type TestNetwork } from "./create-test-network.ts";
import type { NodePlan } from "./simulated-node.ts";

export interface SimulationOptions {
  readonly seed: number;
  /** Things that happen: messages and trouble. Default 60. */
  readonly steps?: number;
}

export interface SimulationReport {
  readonly seed: number;
  readonly sent: number;
  readonly arrived: number;
  readonly answered: number;
  readonly failed: number;
  readonly troubles: number;
  /** What must not be; each a sentence. Empty is good. */
  readonly faults: readonly string[];
}

const PROMISED_SECONDS = 20;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Sent {
  readonly from: string;
  readonly to: string;
  readonly process: string;
  readonly isPromised: boolean;
  /** Which life of the sender it was. */
  readonly life: number;
  outcomes: number;
  isAnswered: boolean;
}

const request = (text: string, length: number, isPromised: boolean): Request => {
  const body = encoder.encode(text.padEnd(length, "."));
  return {
    kind: "request",
    inherit: false,
    expectsResponse: isPromised ? PROMISED_SECONDS : undefined,
    body,
    metadata: undefined,
    capabilities: [],
  };
};

/** What everybody did, seen from above. */
class Ledger {
  readonly sent = new Map<number, Sent>();
  /** Nodes as those of the reference: across two connections there is no order with them (§1.9). */
  readonly foreign = new Set<string>();
  readonly faults: string[] = [];
  readonly #arrived = new Set<number>();
  /** Last number that a process had from another, by both. */
  readonly #last = new Map<string, number>();
  arrivedCount = 0;
  answered = 0;
  failed = 0;

  arrive(at: string, process: string, source: Address, text: string): void {
    const number = Number(text.split(" ")[0]);
    const sent = this.sent.get(number);
    const where = `message ${number} from ${source.node}@${source.process}`;
    if (sent === undefined) {
      this.faults.push(`${at} has ${where}, which nobody sent`);
      return;
    }
    this.arrivedCount += 1;
    if (sent.to !== at || sent.process !== process) {
      this.faults.push(`${where} to ${sent.process} of ${sent.to} arrived at ${process} of ${at}`);
    }
    if (sent.from !== source.node) this.faults.push(`${where} was sent by ${sent.from}`);
    if (this.#arrived.has(number)) this.faults.push(`${where} arrived twice`);
    this.#arrived.add(number);
    const way = `${source.node}@${source.process}>${at}@${process}`;
    const last = this.#last.get(way) ?? -1;
    const isOrdered = !this.foreign.has(at) && !this.foreign.has(source.node);
    if (number < last && isOrdered) this.faults.push(`${where} arrived at ${at} after ${last}`);
    this.#last.set(way, number);
  }

  /** An answer or an error. */
  settle(number: number, isAnswer: boolean): void {
    const sent = this.sent.get(number);
    if (sent === undefined) {
      this.faults.push(`something that nobody sent, ${number}, was settled`);
      return;
    }
    sent.outcomes += 1;
    sent.isAnswered ||= isAnswer;
    if (isAnswer) this.answered += 1;
    else this.failed += 1;
    if (sent.outcomes > 1) this.faults.push(`message ${number} was settled ${sent.outcomes} times`);
    if (isAnswer && !this.#arrived.has(number)) {
      this.faults.push(`message ${number} was answered and has not arrived`);
    }
  }
}

/** Notes what arrives, answers who expects it; sends when it is told to. */
function talker(ledger: Ledger, node: string, name: string, outgoing: Outgoing): NativeMain {
  return async (process) => {
    outgoing.send = (to, body, number, isPromised) => {
      void process.host.sendRequest(
        to,
        request(`${number} `, body, isPromised),
        encoder.encode(String(number)),
        undefined,
      );
    };
    for (;;) {
      const delivery = await process.receive();
      if (delivery.kind === "send-error") {
        ledger.settle(Number(decoder.decode(delivery.context)), false);
      } else if (delivery.message.kind === "response") {
        ledger.settle(Number(decoder.decode(delivery.context)), true);
      } else {
        const { body, expectsResponse } = delivery.message;
        ledger.arrive(node, name, delivery.source, decoder.decode(body));
        if (expectsResponse === undefined) continue;
        await process.host.sendResponse(
          {
            kind: "response",
            inherit: false,
            body: new Uint8Array(0),
            metadata: undefined,
            capabilities: [],
          },
          undefined,
        );
      }
    }
  };
}

interface Outgoing {
  send: (to: Address, length: number, number: number, isPromised: boolean) => void;
}

/** Three to five nodes, some of them as those of the reference; sometimes one is a router and others are behind it. */
function plan(random: SeededRandom): NodePlan[] {
  const count = 3 + random.below(3);
  const hasRouter = random.chance(0.4);
  return Array.from({ length: count }, (_, index): NodePlan => {
    const name = ["alice", "bob", "carol", "dave", "erin"][index]!;
    const isOurs = random.chance(0.85);
    if (hasRouter && index === 0) {
      return { name, isOurs, maxPassthroughs: 50, protocols: ["tcp", "ws"] };
    }
    if (hasRouter && random.chance(0.5)) return { name, isOurs, behind: ["alice"] };
    const protocols = random.pick([["tcp"], ["tcp"], ["tcp", "ws"], ["ws"]] as const);
    return { name, isOurs, protocols };
  });
}

const SIZES = [10, 10, 10, 100, 1_000, 20_000, 200_000] as const;

class Simulation {
  readonly #network: TestNetwork;
  readonly #random: SeededRandom;
  readonly #ledger = new Ledger();
  /** By node and process. */
  readonly #talkers = new Map<string, Outgoing>();
  readonly #lives = new Map<string, number>();
  #numbers = 0;
  #troubles = 0;

  constructor(network: TestNetwork, random: SeededRandom) {
    this.#network = network;
    this.#random = random;
  }

  async prepare(): Promise<void> {
    for (const {
      name,
      plan: { isOurs },
    } of this.#network.nodes) {
      if (isOurs === false) this.#ledger.foreign.add(name);
      for (const process of ["one", "two"]) {
        const outgoing: Outgoing = { send: () => {} };
        this.#talkers.set(`${name} ${process}`, outgoing);
        await this.#network.start(name, process, talker(this.#ledger, name, process, outgoing));
      }
    }
  }

  async step(): Promise<void> {
    const random = this.#random;
    const chance = random.below(100);
    if (chance < 70) this.#talk();
    else if (chance < 90) await this.#network.run(random.below(300));
    else await this.#trouble();
  }

  #talk(): void {
    const random = this.#random;
    const alive = this.#network.nodes.filter(({ isRunning }) => isRunning);
    if (alive.length === 0) return;
    const from = random.pick(alive);
    const to = random.pick(this.#network.nodes.filter((node) => node !== from));
    const process = random.pick(["one", "two"]);
    const length = random.pick(SIZES);
    const outgoing = this.#talkers.get(`${from.name} ${random.pick(["one", "two"])}`)!;
    for (let left = 1 + random.below(5); left > 0; left -= 1) {
      const number = this.#numbers++;
      const isPromised = random.chance(0.6);
      this.#ledger.sent.set(number, {
        from: from.name,
        to: to.name,
        process,
        isPromised,
        life: this.#lives.get(from.name) ?? 0,
        outcomes: 0,
        isAnswered: false,
      });
      const target = parseAddress(`${to.name}@${process}:test:sys`);
      outgoing.send(target, length, number, isPromised);
    }
  }

  async #trouble(): Promise<void> {
    this.#troubles += 1;
    const [network, random] = [this.#network, this.#random];
    const names = network.nodes.map(({ name }) => name);
    switch (random.below(7)) {
      case 0:
        network.cut();
        return;
      case 1:
        network.cut(random.pick(names));
        return;
      case 2:
        network.partition([random.pick(names)], names.slice(0, 1 + random.below(2)));
        return;
      case 3:
        network.heal();
        return;
      case 4: {
        const name = random.pick(names);
        if (network.node(name).isRunning) network.crash(name);
        return;
      }
      case 5: {
        const dead = network.nodes.find(({ isRunning }) => !isRunning);
        if (dead !== undefined) await this.#revive(dead.name);
        return;
      }
      default:
        await network.run(random.below(20_000));
    }
  }

  async #revive(name: string): Promise<void> {
    this.#lives.set(name, (this.#lives.get(name) ?? 0) + 1);
    await this.#network.restart(name);
  }

  /** Everything is mended; after a while nobody waits any more, and everybody reaches everybody. */
  async end(): Promise<SimulationReport> {
    const network = this.#network;
    network.heal();
    for (const { name, isRunning } of network.nodes) if (!isRunning) await this.#revive(name);
    await network.run(PROMISED_SECONDS * 1_000 + 60_000);
    const before = this.#numbers;
    for (const from of network.nodes) {
      for (const to of network.nodes) if (from !== to) this.#say(from.name, to.name);
    }
    await network.run(PROMISED_SECONDS * 1_000 + 1_000);
    const { sent, faults } = this.#ledger;
    for (const [number, message] of sent) {
      const lived = message.life === (this.#lives.get(message.from) ?? 0);
      if (message.isPromised && lived && message.outcomes === 0) {
        faults.push(`message ${number} from ${message.from} to ${message.to} was lost in silence`);
      }
    }
    for (let number = before; number < this.#numbers; number += 1) {
      const { from, to, isAnswered } = sent.get(number)!;
      if (!isAnswered) faults.push(`${from} does not reach ${to} after the end of all trouble`);
    }
    await network.stop();
    return {
      seed: network.seed,
      sent: this.#numbers,
      arrived: this.#ledger.arrivedCount,
      answered: this.#ledger.answered,
      failed: this.#ledger.failed,
      troubles: this.#troubles,
      faults,
    };
  }

  #say(from: string, to: string): void {
    const number = this.#numbers++;
    const life = this.#lives.get(from) ?? 0;
    this.#ledger.sent.set(number, {
      from,
      to,
      process: "one",
      isPromised: true,
      life,
      outcomes: 0,
      isAnswered: false,
    });
    const target = parseAddress(`${to}@one:test:sys`);
    this.#talkers.get(`${from} one`)!.send(target, 10, number, true);
  }
}

/** Runs one seed. */
export async function simulate({ seed, steps = 60 }: SimulationOptions): Promise<SimulationReport> {
  const random = createSeededRandom(seed ^ 0x5eed);
  const network = await createTestNetwork(plan(random), {
    seed,
    minDelayMs: 1,
    maxDelayMs: random.pick([5, 50, 200]),
  });
  const simulation = new Simulation(network, random);
  await simulation.prepare();
  for (let step = 0; step < steps; step += 1) await simulation.step();
  return await simulation.end();
}
