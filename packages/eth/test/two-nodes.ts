/**
 * Two nodes whose eth modules exchange messages: what one sends reaches the other as the kernels would hand it over.
 */
import { createModuleHarness, type ModuleHarness } from "@kinode-ts/testing/module-harness";
import { createSeededRandom, type VirtualClock } from "@kinode-ts/testing";
import {
  type Address,
  ETH_PROCESS,
  type KernelMessage,
  type RuntimeModule,
  type U64,
} from "@kinode-ts/types";
import { createEth, type EthLimits, type RpcTransport } from "../src/index.ts";

/** One message between the nodes, for a person to read. */
export interface Passed {
  readonly from: string;
  readonly kind: "request" | "response";
  readonly id: U64;
  readonly body: unknown;
  readonly rsvp: string | undefined;
  readonly expects: U64 | undefined;
}

export interface TwoNodes {
  readonly consumer: ModuleHarness;
  readonly provider: ModuleHarness;
  /** Everything that went from node to node. */
  readonly passed: Passed[];
  /** Stops one direction: requests are told to be undeliverable. */
  readonly cut: { isCut: boolean };
  /** Delivers a message to a node as if it came from another. */
  inject(to: "consumer" | "provider", message: Partial<KernelMessage> & { body: unknown }): void;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const CONSUMER = "alice.os";
const PROVIDER = "bob.os";

export async function startTwoNodes(
  clock: VirtualClock,
  transport: RpcTransport,
  providers: { readonly consumer: readonly unknown[]; readonly provider: readonly unknown[] },
  limits: Partial<EthLimits> = {},
): Promise<TwoNodes> {
  const passed: Passed[] = [];
  const cut = { isCut: false };
  const create = (seed: number, list: readonly unknown[]): RuntimeModule => {
    const random = createSeededRandom(seed);
    return createEth({
      clock,
      // Ids that survive JSON in tests.
      random: { bytes: (length) => random.bytes(length), u64: () => random.below(2 ** 40) },
      transport,
      limits,
      files: {
        read: async (name) =>
          name === ".eth_providers"
            ? JSON.stringify(list)
            : JSON.stringify({ public: true, allow: [], deny: [] }),
        write: async () => {},
      },
    });
  };
  const modules: Readonly<Record<string, RuntimeModule>> = {
    [CONSUMER]: create(1, providers.consumer),
    [PROVIDER]: create(2, providers.provider),
  };
  const harnesses = {
    [CONSUMER]: createModuleHarness(modules[CONSUMER]!, { our: CONSUMER }),
    [PROVIDER]: createModuleHarness(modules[PROVIDER]!, { our: PROVIDER }),
  };
  const show = (address: Address | undefined): string | undefined =>
    address && `${address.node}@${address.process}`;
  const carry = (from: string, message: KernelMessage): void => {
    const { kind, body } = message.message;
    const expects =
      message.message.kind === "request" ? message.message.expectsResponse : undefined;
    const parsed = JSON.parse(decoder.decode(body)) as unknown;
    passed.push({ from, kind, id: message.id, body: parsed, rsvp: show(message.rsvp), expects });
    clock.afterTurn(() => {
      const target = modules[message.target.node];
      if (target !== undefined && !cut.isCut) return target.handle(message);
      if (kind === "request") modules[from]!.sendError?.(message, "offline");
    });
  };
  for (const [node, harness] of Object.entries(harnesses)) {
    const source = { node, process: ETH_PROCESS };
    harness.onSend(({ id, target, body, expectsResponse, rsvp }) => {
      if (target.node === node) return;
      carry(node, {
        id,
        source,
        target,
        rsvp,
        message: {
          kind: "request",
          inherit: false,
          expectsResponse,
          body,
          metadata: undefined,
          capabilities: [],
        },
        blob: undefined,
      });
    });
    const { respondTo } = harness.context;
    const context = harness.context as { respondTo: typeof respondTo };
    context.respondTo = (target, id, answer) => {
      if (target.node === node) return respondTo(target, id, answer);
      carry(node, {
        id,
        source,
        target,
        rsvp: undefined,
        message: {
          kind: "response",
          inherit: false,
          body: answer.body,
          metadata: undefined,
          capabilities: [],
        },
        blob: undefined,
      });
    };
    await harness.start();
  }
  return {
    consumer: harnesses[CONSUMER]!,
    provider: harnesses[PROVIDER]!,
    passed,
    cut,
    inject(to, { body, ...message }) {
      const node = to === "consumer" ? CONSUMER : PROVIDER;
      const isResponse = message.message?.kind === "response";
      modules[node]!.handle({
        id: 1,
        source: { node: "mallory.os", process: ETH_PROCESS },
        target: { node, process: ETH_PROCESS },
        rsvp: undefined,
        blob: undefined,
        ...message,
        message: {
          kind: isResponse ? "response" : "request",
          inherit: false,
          expectsResponse: undefined,
          body: encoder.encode(JSON.stringify(body)),
          metadata: undefined,
          capabilities: [],
        } as KernelMessage["message"],
      });
    },
  };
}
