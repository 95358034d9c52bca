/**
 * Who may talk to whom, and where a message goes.
 * Source: spec/kernel.md §3.9 (checks, in this order) and §3.10 (who is told about failures); W8, W9, W18, W27, W28.
 *
 * Routing is synchronous: a message is in the receiver's mailbox, with a module or with the network when the call returns.
 * @module
 */
import {
  type Address,
  formatAddress,
  KERNEL_PROCESS,
  type KernelMessage,
  type NodeId,
  type ProcessId,
  type SendErrorKind,
} from "@kinode-ts/types";
import type { CommandHandler } from "./command-handler.ts";
import type { KernelCore } from "./core.ts";
import { withKeptBlob } from "./kept-blob.ts";
import type { ModuleQueue } from "./module-queue.ts";
import type { ProcessEntry } from "./process-entry.ts";
import { NetworkRoom, type Room, waitForRoom } from "./room.ts";

export class Router {
  readonly #our: string;
  readonly #core: KernelCore;
  readonly #modules: ModuleQueue;
  readonly #commands: CommandHandler;
  /** Nodes that are asked to wait: what comes from them all the same is refused above their quota. */
  readonly #paused = new Set<NodeId>();

  constructor(core: KernelCore, modules: ModuleQueue, commands: CommandHandler) {
    this.#our = core.our;
    this.#core = core;
    this.#modules = modules;
    this.#commands = commands;
  }

  /**
   * Routes a message of a local process, module or the kernel itself. `message.target` names our node by its name.
   * @param maySlow - whether the sender can be made to wait for the receiver
   * @returns what to wait for when the message was taken in but the sender should go on later
   */
  fromProcess(sender: ProcessEntry, message: KernelMessage, maySlow: boolean): Room | undefined {
    const core = this.#core;
    const target = message.target;
    if (target.node !== this.#our) {
      const room = this.#outgoing(sender, message);
      return maySlow ? room : undefined;
    }
    if (core.asks.count !== 0 && core.asks.takeResponse(message)) return undefined;
    const receiver = core.table.find(target.process);
    if (receiver === undefined || !receiver.exists) {
      this.#missing(sender, message);
      return undefined;
    }
    if (!receiver.public && !sender.exempt && !sender.holder.mayMessage(target.process)) {
      this.#refused(sender, message);
      return undefined;
    }
    if (core.observer.active) {
      core.observer.pass(message, () => void this.#handOver(receiver, message, false, sender));
      return undefined;
    }
    return this.#handOver(receiver, message, maySlow, sender);
  }

  /** A message from outside the process table: terminal input, tools. All checks apply (§8.3). */
  inject(message: KernelMessage): void {
    const source = this.#named(message.source);
    const named = { ...withKeptBlob(message), source, target: this.#named(message.target) };
    if (source.node !== this.#our) {
      void this.received(named);
      return;
    }
    const sender = this.#core.table.find(source.process);
    if (sender !== undefined) this.fromProcess(sender, named, false);
  }

  /** A request with the authority of the person who runs the node: no capability is asked for. */
  fromTool(question: KernelMessage): boolean {
    const message = withKeptBlob(question);
    if (message.target.node !== this.#our) {
      void this.#core.powers.network.send(message);
      return true;
    }
    const receiver = this.#core.table.find(message.target.process);
    if (receiver === undefined || !receiver.exists) return false;
    this.#core.observer.pass(message, () => void this.#handOver(receiver, message, false));
    return true;
  }

  /**
   * A message that came from another node; the network has proven `source.node`.
   * @returns a promise when nothing more of that node should come until it settles
   */
  received(arrived: KernelMessage): Promise<void> | undefined {
    const { source, target } = arrived;
    if (source.node === this.#our || source.node === "our" || target.node !== this.#our) {
      this.#drop(
        2,
        `a message from ${formatAddress(source)} to ${formatAddress(target)}`,
        "is not for this node",
      );
      return undefined;
    }
    // W27: a peer may direct answers only to its own node.
    const foreign = arrived.rsvp !== undefined && arrived.rsvp.node !== source.node;
    const message = withKeptBlob(foreign ? { ...arrived, rsvp: undefined } : arrived);
    if (this.#core.asks.count !== 0 && this.#core.asks.takeResponse(message)) return undefined;
    const receiver = this.#core.table.find(target.process);
    if (receiver === undefined || !receiver.exists) {
      this.#drop(2, `a message from ${formatAddress(source)}`, `${target.process} does not exist`);
    } else if (!receiver.holder.mayNetwork()) {
      this.#drop(
        0,
        `a message from ${formatAddress(source)}`,
        `${target.process} has no network capability`,
      );
    } else if (receiver.role === "kernel") {
      this.#drop(0, `a message from ${formatAddress(source)}`, "the kernel obeys no other node");
    } else if (this.#core.observer.active) {
      this.#core.observer.pass(message, () => void this.#handOver(receiver, message, false));
    } else {
      const room = this.#handOver(receiver, message, !this.#paused.has(source.node));
      if (room !== undefined) return this.#pause(room, message);
    }
    return undefined;
  }

  /**
   * The peer waits as a process of ours would, and with it what it has for others here: once, since a mailbox of which nothing was
   * taken in that time refuses.
   */
  #pause(room: Room, message: KernelMessage): Promise<void> {
    const { maxSlowedMs } = this.#core.limits;
    const { node } = message.source;
    this.#paused.add(node);
    return new Promise((resolve) => {
      waitForRoom(this.#core, room, message, maxSlowedMs, () => {
        this.#paused.delete(node);
        resolve();
      });
    });
  }

  /** The network could not deliver a message of ours. */
  failed(message: KernelMessage, kind: SendErrorKind): void {
    if (message.source.node !== this.#our) return;
    this.#core.observer.failure(message, kind);
    if (!this.#tellSender(message, kind, true)) {
      this.#drop(0, `a network error`, `${message.source.process} does not exist any more`);
    }
  }

  /** Requests of processes and tools to a node whose answers are waited for: those of modules end by their own means. */
  awaited(node: NodeId): readonly KernelMessage[] {
    const { table, asks } = this.#core;
    const ofProcesses = table.processes().flatMap(({ host }) => [...(host?.awaited(node) ?? [])]);
    return [...ofProcesses, ...asks.awaited(node)];
  }

  /** Tells the sender of a request that expects a response that it could not be delivered (§3.10 "inform"). */
  inform(message: KernelMessage): void {
    if (message.source.node !== this.#our) return;
    this.#core.observer.undelivered(message);
    this.#tellSender(message, "timeout");
  }

  #handOver(
    receiver: ProcessEntry,
    message: KernelMessage,
    maySlow: boolean,
    sender?: ProcessEntry,
  ): Room | undefined {
    const mailbox = receiver.mailbox;
    if (mailbox === undefined) {
      this.#handToNode(receiver, message, sender);
      return undefined;
    }
    const host = receiver.host;
    if (message.message.kind === "response") {
      host?.takeResponse(message);
      return undefined;
    }
    // A receiver that itself waits for room, or the sender itself, is not waited for: nobody waits in a circle.
    const slow = maySlow && receiver !== sender && !(host?.slowed ?? false);
    const offer = mailbox.offer(message, slow);
    if (offer === "refused") {
      this.#core.lines.refused(receiver);
      if (message.source.node === this.#our) this.#tellSender(message, "timeout", true);
      return undefined;
    }
    host?.notify();
    return offer === "slow" ? mailbox : undefined;
  }

  #handToNode(receiver: ProcessEntry, handed: KernelMessage, sender?: ProcessEntry): void {
    const message = withKeptBlob(handed);
    if (receiver.id === KERNEL_PROCESS) {
      this.#commands.handle(message);
    } else if (receiver.module === undefined) {
      this.#drop(
        0,
        `a message from ${formatAddress(message.source)}`,
        `${receiver.id} is not there`,
      );
      this.inform(message);
    } else {
      const later = sender !== undefined && sender.role !== "process";
      this.#modules.deliver(receiver.module, this.#pruned(message), later);
    }
  }

  #pruned(message: KernelMessage): KernelMessage {
    const { capabilities } = message.message;
    if (message.source.node === this.#our || capabilities.length === 0) return message;
    const kept = this.#core.capabilities.prune(capabilities, message.source.node);
    return { ...message, message: { ...message.message, capabilities: kept } };
  }

  #outgoing(sender: ProcessEntry, message: KernelMessage): Room | undefined {
    if (sender.state === "ended") return undefined;
    if (!sender.holder.mayNetwork()) {
      this.#core.lines.about(
        sender,
        0,
        () =>
          `${sender.id} lacks the network capability to message ${formatAddress(message.target)}`,
      );
      this.inform(message);
      return undefined;
    }
    const leaving = withKeptBlob(message);
    const { observer, powers } = this.#core;
    if (observer.active) {
      observer.pass(leaving, () => void powers.network.send(leaving));
      return undefined;
    }
    const sent = powers.network.send(leaving);
    return sent === undefined ? undefined : new NetworkRoom(sent);
  }

  #missing(sender: ProcessEntry, message: KernelMessage): void {
    this.#core.lines.about(
      sender,
      2,
      () => `${sender.id} messaged ${message.target.process}, which does not exist`,
    );
    this.inform(message);
  }

  #refused(sender: ProcessEntry, message: KernelMessage): void {
    this.#core.lines.about(
      sender,
      0,
      () => `${sender.id} lacks the capability to message ${message.target.process}`,
    );
    this.inform(message);
  }

  /**
   * @param always - modules are told of a request that expects no response too: who they serve is out of reach, or has no
   * room for it
   */
  #tellSender(message: KernelMessage, kind: SendErrorKind, always = false): boolean {
    const content = message.message;
    const expects = content.kind === "request" && content.expectsResponse !== undefined;
    if (expects && this.#core.asks.takeFailure(message, kind)) return true;
    const sender = this.#core.table.find(message.source.process);
    if (sender === undefined) return false;
    const isTold = expects || (always && content.kind === "request" && sender.host === undefined);
    if (!isTold) return true;
    if (sender.host !== undefined) sender.host.takeFailure(message, kind);
    else if (sender.module !== undefined) this.#modules.fail(sender.module, message, kind);
    return true;
  }

  #drop(verbosity: number, what: string, why: string): void {
    this.#core.lines.outside(verbosity, () => `Dropped ${what}: ${why}`);
  }

  #named(address: Address): Address {
    return address.node === "our" ? this.addressOf(address.process) : address;
  }

  /** The address of a local process; the one object of the table where there is one. */
  addressOf(process: ProcessId): Address {
    return this.#core.table.find(process)?.address ?? { node: this.#our, process };
  }
}
