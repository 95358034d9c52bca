/**
 * Whole nodes as far as the network goes: the module with a stand-in for the kernel, on the network in memory.
 * @module
 */
import { createNodeSigner } from "@kinode-ts/crypto";
import { createSeededRandom } from "@kinode-ts/testing";
import type { NodeIdentity } from "@kinode-ts/codec/net";
import {
  type Address,
  type Answer,
  type KernelMessage,
  type ModuleContext,
  type ModuleRequest,
  NET_PROCESS,
  parseAddress,
  type ProcessId,
  type SendErrorKind,
  type U64,
} from "@kinode-ts/types";
import { createNet, type HandshakeIdentity, type Net } from "../src/index.ts";
import type { MemoryInternet } from "./memory-internet.ts";

export interface NetNodeOptions {
  readonly host?: string;
  readonly tcp?: number;
  readonly ws?: number;
  readonly routers?: readonly string[];
  readonly maxPassthroughs?: number;
  readonly maxPeers?: number;
  readonly revealIp?: boolean;
}

export class NetNode {
  readonly name: string;
  readonly identity: HandshakeIdentity;
  readonly our: NodeIdentity;
  readonly net: Net;
  /** Messages for processes of ours other than net. */
  readonly received: KernelMessage[] = [];
  readonly failed: { readonly id: U64; readonly kind: SendErrorKind }[] = [];
  readonly prints: string[] = [];
  /** What net sent to modules of this node. */
  readonly sentHere: ModuleRequest[] = [];
  /** What net answered to processes of this node. */
  readonly answers: (Answer & { readonly target: Address; readonly id: U64 })[] = [];
  /** Processes that hold `{"root":true}` of net. */
  readonly roots = new Set<string>();
  #nextId = 1_000;

  constructor(internet: MemoryInternet, name: string, options: NetNodeOptions = {}) {
    this.name = name;
    const sum = [...name].reduce((total, char) => total * 31 + char.charCodeAt(0), 7);
    const signer = createNodeSigner(new Uint8Array(32).map((_, at) => (sum >> (at % 24)) & 255));
    this.identity = { our: name, signer, random: createSeededRandom(sum % 1_000) };
    const ports = new Map<string, number>();
    for (const protocol of ["tcp", "ws"] as const) {
      const port = options[protocol];
      if (port !== undefined) ports.set(protocol, port);
    }
    this.our = {
      name,
      networkingKey: signer.publicKey.toHex(),
      routing:
        options.host === undefined
          ? { kind: "routers", routers: options.routers ?? [] }
          : { kind: "direct", ip: options.host, ports },
    };
    this.net = createNet({
      identity: this.identity,
      our: this.our,
      transport: internet.transport(options.host),
      clock: internet.clock,
      maxPassthroughs: options.maxPassthroughs ?? 0,
      ...(options.revealIp === undefined ? {} : { revealIp: options.revealIp }),
      ...(options.maxPeers === undefined ? {} : { limits: { maxPeers: options.maxPeers } }),
    });
    this.net.connect({
      received: (message) => {
        if (message.target.process === NET_PROCESS) this.net.handle(message);
        else this.received.push(message);
      },
      failed: ({ id }, kind) => void this.failed.push({ id, kind }),
    });
  }

  async start(): Promise<this> {
    await this.net.start!(this.#context());
    return this;
  }

  know(...others: readonly NetNode[]): void {
    for (const { our } of others) this.net.known.set(our);
  }

  /** A request of a process of ours to another node. */
  send(to: string, id: number, body: Uint8Array | string = "x"): void {
    void this.net.send(this.message(`${this.name}@a:chat:x.os`, `${to}@b:chat:x.os`, id, body));
  }

  /** A request to net, by default from a process of ours. */
  ask(
    body: Uint8Array,
    options: { readonly source?: string; readonly blob?: Uint8Array; readonly id?: number } = {},
  ): void {
    const source = options.source ?? `${this.name}@a:chat:x.os`;
    const message = this.message(source, `${this.name}@net:distro:sys`, options.id ?? 1, body);
    const blob = options.blob && { mime: undefined, bytes: options.blob };
    this.net.handle({ ...message, blob });
  }

  message(source: string, target: string, id: U64, body: Uint8Array | string): KernelMessage {
    return {
      id,
      source: parseAddress(source),
      target: parseAddress(target),
      rsvp: parseAddress(source),
      message: {
        kind: "request",
        inherit: false,
        expectsResponse: 5,
        body: typeof body === "string" ? new TextEncoder().encode(body) : body,
        metadata: undefined,
        capabilities: [],
      },
      blob: undefined,
    };
  }

  get ids(): U64[] {
    return this.received.map(({ id }) => id);
  }

  #context(): ModuleContext {
    const address: Address = { node: this.name, process: NET_PROCESS };
    const respondTo = (target: Address, id: U64, answer: Answer): void => {
      if (target.node === this.name) this.answers.push({ ...answer, target, id });
      else {
        void this.net.send({
          id,
          source: address,
          target,
          rsvp: undefined,
          message: {
            kind: "response",
            inherit: false,
            body: answer.body,
            metadata: undefined,
            capabilities: [],
          },
          blob: answer.blob,
        });
      }
    };
    return {
      our: this.name,
      address,
      send: (request) => {
        const id = this.#nextId++;
        if (request.target.node === this.name) this.sentHere.push(request);
        else {
          const text = (at: Address): string => `${at.node}@${at.process}`;
          void this.net.send(this.message(text(address), text(request.target), id, request.body));
        }
        return id;
      },
      respond: (request, answer) => respondTo(request.rsvp ?? request.source, request.id, answer),
      respondTo,
      holds: (process: ProcessId) => this.roots.has(process),
      grant: () => Promise.resolve(true),
      exists: () => true,
      print: (_, text) => void this.prints.push(text),
    };
  }
}
