/**
 * The process `kernel:distro:sys`: what each kernel command does and answers.
 * Source: spec/kernel.md §4.1–4.4. Who may send commands is decided by the router: whoever may message the kernel.
 * @module
 */
import {
  assertNever,
  type Capability,
  errorText,
  formatAddress,
  isNameSafeProcessId,
  KERNEL_PROCESS,
  type KernelMessage,
  type NodeId,
  type ProcessId,
  type SignedRequest,
} from "@kinode-ts/types";
import type { KernelCore } from "./core.ts";
import { describeCapabilities } from "./event-text.ts";
import { answerBytes, processJson, usageJson } from "./kernel-answer.ts";
import { type DebugQuery, type KernelCommand, parseKernelCommand } from "./kernel-command.ts";

type InitializeCommand = Extract<KernelCommand, { kind: "InitializeProcess" }>;

type GrantCommand = Extract<KernelCommand, { kind: "GrantCapabilities" | "DropCapabilities" }>;

/** The right to give any capability to any process. */
const rootOf = (our: NodeId): Capability => ({
  issuer: { node: our, process: KERNEL_PROCESS },
  params: '{"root":true}',
});

export class CommandHandler {
  readonly #core: KernelCore;

  constructor(core: KernelCore) {
    this.#core = core;
  }

  handle(message: KernelMessage): void {
    const content = message.message;
    if (content.kind !== "request") return;
    let command: KernelCommand;
    try {
      command = parseKernelCommand(content.body);
    } catch (thrown) {
      this.#core.lines.kernelBounded(
        0,
        () => `Cannot read a command from ${formatAddress(message.source)}: ${errorText(thrown)}`,
      );
      return;
    }
    this.#carryOut(command, message, content);
  }

  #carryOut(command: KernelCommand, message: KernelMessage, content: SignedRequest): void {
    const { supervisor } = this.#core;
    switch (command.kind) {
      case "Booted":
        supervisor.runAll();
        return;
      case "Shutdown":
        this.#core.shutdown();
        return;
      case "InitializeProcess": {
        const fault = this.#initialize(command, message);
        if (fault !== undefined) this.#say(0, fault);
        this.#answer(
          message,
          fault === undefined ? "InitializedProcess" : "InitializeProcessError",
        );
        return;
      }
      case "GrantCapabilities":
        supervisor.grant(command.target, this.#grantable(command, message));
        return;
      case "DropCapabilities":
        supervisor.revoke(command.target, command.capabilities);
        return;
      case "SetOnExit": {
        const entry = this.#core.table.find(command.target);
        if (entry?.role === "process") supervisor.setOnExit(entry, command.onExit);
        return;
      }
      case "RunProcess":
        this.#answer(message, this.#run(command.target) ? "StartedProcess" : "RunProcessError");
        return;
      case "KillProcess":
        this.#kill(command.target, message, content);
        return;
      case "Debug":
        this.#answer(message, { Debug: this.#inspect(command.query) });
        return;
      default:
        assertNever(command);
    }
  }

  /**
   * The capabilities that the sender may give away: those it issues or holds, or all with the kernel's root capability.
   * Modules and the person's own tools may give any (spec/packages-and-tools.md §26 row 3).
   */
  #grantable(command: GrantCommand, { source }: KernelMessage): readonly Capability[] {
    const { our, table } = this.#core;
    const sender = source.node === our ? table.find(source.process) : undefined;
    if (sender?.role !== "process" || sender.holder.has(rootOf(our))) return command.capabilities;
    const issuer = formatAddress(source);
    const [given, refused] = [true, false].map((isGiven) =>
      command.capabilities.filter(
        (capability) =>
          (formatAddress(capability.issuer) === issuer || sender.holder.has(capability)) ===
          isGiven,
      ),
    ) as [Capability[], Capability[]];
    if (refused.length > 0) {
      this.#core.lines.kernelBounded(
        0,
        () =>
          `${source.process} neither holds nor issues ${describeCapabilities(refused)}; ${command.target} does not get it`,
      );
    }
    return given;
  }

  /** Returns what is wrong, or nothing (§4.3, in its order). */
  #initialize(command: InitializeCommand, message: KernelMessage): string | undefined {
    const { our, table, capabilities, supervisor } = this.#core;
    if (message.blob === undefined) return `Cannot initialize ${command.id}: no program was sent`;
    if (!isNameSafeProcessId(command.id)) {
      return `Cannot initialize ${command.id}: only a-z, 0-9 and "-" (in the publisher also ".") are allowed in its name`;
    }
    const source = message.source.process;
    const creator = message.source.node === our ? table.find(source) : undefined;
    const accepted = command.initialCapabilities.filter(
      (capability) => source === KERNEL_PROCESS || creator?.holder.has(capability) === true,
    );
    if (accepted.length < command.initialCapabilities.length) {
      const refused = command.initialCapabilities.filter(
        (capability) => !accepted.includes(capability),
      );
      this.#say(
        0,
        `${source} does not hold ${describeCapabilities(refused)}; ${command.id} does not get it`,
      );
    }
    const signed =
      source === KERNEL_PROCESS
        ? accepted.map((capability) => capabilities.sign(capability))
        : capabilities.filter(source, accepted);
    return supervisor.initialize({
      id: command.id,
      wasmBytesHandle: command.wasmBytesHandle,
      witVersion: command.witVersion,
      onExit: command.onExit,
      public: command.public,
      capabilities: signed,
      bytes: message.blob.bytes,
      creator: creator?.role === "kernel" ? undefined : creator,
    });
  }

  #run(id: ProcessId): boolean {
    const entry = this.#core.table.find(id);
    if (entry === undefined || entry.role !== "process") {
      this.#say(0, `Cannot run ${id}: there is no such process; initialize it first`);
      return false;
    }
    // A second run of a running process is swallowed (§3.11.1).
    void this.#core.supervisor.run(entry);
    return true;
  }

  #kill(id: ProcessId, message: KernelMessage, content: SignedRequest): void {
    const entry = this.#core.table.find(id);
    if (entry === undefined || entry.role !== "process") {
      this.#say(2, `Cannot kill ${id}: there is no such process`);
      return;
    }
    const expected = content.expectsResponse !== undefined;
    this.#core.supervisor.kill(entry, content.metadata !== "no-revoke");
    this.#say(expected ? 0 : 2, `Killed ${id}`);
    if (expected) this.#answer(message, { KilledProcess: id });
  }

  #inspect(query: DebugQuery): unknown {
    const { table } = this.#core;
    switch (query.kind) {
      case "ProcessMap":
        return {
          ProcessMap: Object.fromEntries(
            [...table.entries()].map((entry) => [entry.id, processJson(entry)]),
          ),
        };
      case "ProcessUsage":
        return {
          ProcessUsage: Object.fromEntries(
            table.processes().map((entry) => [entry.id, usageJson(entry)]),
          ),
        };
      case "Process": {
        const entry = table.find(query.id);
        return { Process: entry === undefined ? null : processJson(entry) };
      }
      case "HasCap":
        return { HasCap: table.find(query.on)?.holder.has(query.capability) ?? null };
      default:
        return assertNever(query);
    }
  }

  #answer(request: KernelMessage, answer: unknown): void {
    const kernel = this.#core.table.find(KERNEL_PROCESS)!;
    const target = request.rsvp ?? request.source;
    const response: KernelMessage = {
      id: request.id,
      source: kernel.address,
      target,
      rsvp: undefined,
      message: {
        kind: "response",
        inherit: false,
        body: answerBytes(answer),
        metadata: undefined,
        capabilities: [],
      },
      blob: undefined,
    };
    this.#core.router.fromProcess(kernel, response, false);
  }

  #say(verbosity: number, text: string): void {
    this.#core.lines.kernelBounded(verbosity, () => text);
  }
}
