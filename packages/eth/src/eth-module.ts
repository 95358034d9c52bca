/**
 * The runtime module `eth:distro:sys`: calls and subscriptions of processes and of other nodes, and who may configure it.
 * Source: spec/network-identity.md §5.
 * @module
 */
import {
  type Clock,
  errorText,
  ETH_PROCESS,
  type KernelMessage,
  type ModuleContext,
  type ProcessId,
  type Random,
  type RuntimeModule,
  type U64,
} from "@kinode-ts/types";
import {
  type ActionBounds,
  type CallAction,
  type EthAction,
  readAction,
  type SubscribeAction,
} from "./actions.ts";
import { CallService } from "./calls/call-service.ts";
import { Deadline } from "./calls/deadline.ts";
import { NodeAsks } from "./calls/node-asks.ts";
import { RemoteGate } from "./calls/remote-gate.ts";
import { Configuration } from "./configuration.ts";
import { EthError, errorJson, tooMany } from "./errors.ts";
import { DEFAULT_ETH_LIMITS, type EthLimits } from "./limits.ts";
import { mayUse } from "./providers/access-settings.ts";
import type { EndpointPowers } from "./providers/endpoint.ts";
import type { NodeRecord, ProviderConfig } from "./providers/provider-config.ts";
import { ProviderBook } from "./providers/provider-book.ts";
import type { RpcTransport } from "./rpc/transport.ts";
import { Settings, type SettingsFiles } from "./settings-files.ts";
import { Subscriptions } from "./subscriptions/subscriptions.ts";

export interface EthOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: RpcTransport;
  readonly files: SettingsFiles;
  /** Used while there is no file of providers. Default: none, and nothing is connected to. */
  readonly defaults?: readonly ProviderConfig[];
  /** A server that the person named at this start: put first and saved. */
  readonly rpc?: ProviderConfig | undefined;
  /** Told of each node that is a provider, at the start and when one is added, so that it can be reached. */
  readonly introduce?: (record: NodeRecord) => void;
  readonly limits?: Partial<EthLimits>;
}

/** Not public: local processes need the messaging capability, other nodes permission. */
export function createEth(options: EthOptions): RuntimeModule {
  return new EthModule(options);
}

/** What exists once the module has started. */
interface Parts {
  readonly context: ModuleContext;
  readonly asks: NodeAsks;
  readonly calls: CallService;
  readonly subscriptions: Subscriptions;
  readonly configuration: Configuration;
}

const PERMISSION_DENIED = '"PermissionDenied"';
const encoder = new TextEncoder();

class EthModule implements RuntimeModule {
  readonly id = ETH_PROCESS;
  readonly #options: EthOptions;
  readonly #limits: EthLimits;
  readonly #bounds: ActionBounds;
  readonly #book: ProviderBook;
  readonly #gate: RemoteGate;
  readonly #outstanding = new Set<{ readonly id: U64 }>();
  readonly #counts = new Map<string, number>();
  #parts: Parts | undefined;

  constructor(options: EthOptions) {
    const limits = { ...DEFAULT_ETH_LIMITS, ...options.limits };
    const { clock, transport } = options;
    const { maxDepth, maxRequestParts, maxProvidersCount } = limits;
    this.#options = options;
    this.#limits = limits;
    this.#bounds = { maxDepth, maxParts: maxRequestParts, maxProvidersCount };
    const say = (verbosity: number, text: string): void =>
      this.#parts?.context.print(verbosity, `eth: ${text}`);
    this.#book = new ProviderBook({ transport, clock, limits, say });
    this.#gate = new RemoteGate(clock, limits);
  }

  async start(context: ModuleContext): Promise<void> {
    const { clock, random, transport, files, defaults = [], introduce, rpc } = this.#options;
    const limits = this.#limits;
    const say = (verbosity: number, text: string): void => context.print(verbosity, `eth: ${text}`);
    const powers: EndpointPowers = { transport, clock, limits, say };
    const freshId = (): U64 => random.u64();
    const book = this.#book;
    const asks = new NodeAsks(clock, context, freshId);
    const calls = new CallService(book, asks, context.our, powers);
    const subscriptions = new Subscriptions({ context, book, asks, powers, freshId });
    const settings = new Settings({
      files,
      defaults,
      maxProvidersCount: limits.maxProvidersCount,
      say: (text) => say(0, text),
    });
    const configuration = new Configuration({
      book,
      settings,
      limits,
      introduce: introduce ?? (() => {}),
      onProviders: () => calls.reset(),
      onAccess: (access) => subscriptions.dropNodes((node) => !mayUse(access, node)),
      stateJson: () => this.#stateJson(subscriptions),
    });
    this.#parts = { context, asks, calls, subscriptions, configuration };
    await configuration.load(rpc);
  }

  handle(message: KernelMessage): void {
    const parts = this.#parts!;
    if (message.message.kind === "response") {
      parts.asks.answered(message);
      return;
    }
    const action = readAction(message.message.body, this.#bounds);
    const isLocal = message.source.node === parts.context.our;
    if (action === undefined) return this.#refuse(message, { code: "eth.malformed-request" });
    if (isLocal) this.#handleLocal(parts, message, action);
    else this.#handleRemote(parts, message, action);
  }

  sendError(message: KernelMessage): void {
    const parts = this.#parts!;
    if (parts.asks.failed(message)) return;
    parts.subscriptions.dropNodes((node) => node === message.target.node);
  }

  processEnded(process: ProcessId): void {
    this.#parts?.subscriptions.dropProcess(process);
  }

  async stop(): Promise<void> {
    this.#gate.close();
    this.#parts?.subscriptions.close();
    this.#parts?.asks.close();
    this.#book.close();
    this.#options.transport.close();
    await this.#parts?.configuration.written();
  }

  #handleLocal(parts: Parts, message: KernelMessage, action: EthAction): void {
    switch (action.kind) {
      case "call":
        return this.#call(parts, message, action, true);
      case "subscribe":
        return this.#subscribe(parts, message, action);
      case "unsubscribe":
        return this.#unsubscribe(parts, message, action.subId);
      case "config": {
        const { context, configuration } = parts;
        const root = { issuer: context.address, params: '{"root":true}' };
        if (!context.holds(message.source.process, root)) {
          return this.#answer(message, PERMISSION_DENIED);
        }
        void configuration.perform(action.action).then((json) => this.#answer(message, json));
        return;
      }
      // These come from other nodes alone.
      case "update":
      case "update-error":
      case "keepalive":
        return this.#refuse(message, { code: "eth.malformed-request" });
    }
  }

  #handleRemote(parts: Parts, message: KernelMessage, action: EthAction): void {
    const { subscriptions, configuration } = parts;
    const { node, process } = message.source;
    if (action.kind === "config") return this.#answer(message, PERMISSION_DENIED);
    if (action.kind === "update" || action.kind === "update-error") {
      if (process !== ETH_PROCESS) return;
      if (action.kind === "update") subscriptions.update(node, action.subId, action.result);
      else subscriptions.updateError(node, action.subId, action.error);
      return;
    }
    if (!mayUse(configuration.access, node)) {
      return this.#refuse(message, { code: "eth.permission-denied" });
    }
    if (action.kind === "keepalive") {
      if (subscriptions.heard(message.source, action.subId)) return;
      const error = { Err: { id: 0, error: "Subscription not found" } };
      return this.#answer(message, JSON.stringify(error).replace("0", String(action.subId)));
    }
    if (action.kind === "unsubscribe") return this.#unsubscribe(parts, message, action.subId);
    const isTaken = this.#gate.add(node, () => {
      if (action.kind === "call") this.#call(parts, message, action, false);
      else this.#subscribe(parts, message, action);
    });
    if (!isTaken) this.#refuse(message, tooMany("requests of this node are waiting").fault);
  }

  #call(parts: Parts, message: KernelMessage, action: CallAction, isLocal: boolean): void {
    const { id, source, message: request } = message;
    const who = isLocal ? source.process : `@${source.node}`;
    const count = this.#counts.get(who) ?? 0;
    const { maxCallsPerProcessCount, maxCallsCount, defaultBudgetMs } = this.#limits;
    if (count >= maxCallsPerProcessCount || this.#outstanding.size >= maxCallsCount) {
      return this.#refuse(message, tooMany("requests are under way").fault);
    }
    const seconds = request.kind === "request" ? request.expectsResponse : undefined;
    const deadline = Deadline.of(this.#options.clock, seconds, defaultBudgetMs);
    const token = { id };
    this.#counts.set(who, count + 1);
    this.#outstanding.add(token);
    const over = (): void => {
      this.#outstanding.delete(token);
      const left = (this.#counts.get(who) ?? 1) - 1;
      if (left > 0) this.#counts.set(who, left);
      else this.#counts.delete(who);
    };
    void parts.calls.serve({ action, id, deadline, isLocal }).then(
      (result) => {
        over();
        this.#answer(message, `{"Response":${result}}`);
      },
      (thrown: unknown) => {
        over();
        this.#failed(message, thrown);
      },
    );
  }

  #subscribe(parts: Parts, message: KernelMessage, action: SubscribeAction): void {
    const { clock } = this.#options;
    const seconds =
      message.message.kind === "request" ? message.message.expectsResponse : undefined;
    const { subscribeTimeoutMs } = this.#limits;
    const asked = Deadline.of(clock, seconds, subscribeTimeoutMs);
    const deadline = new Deadline(clock, Math.min(subscribeTimeoutMs, asked.leftMs));
    void parts.subscriptions.add(message, action, deadline).then(
      () => this.#answer(message, '"Ok"', true),
      (thrown: unknown) => this.#failed(message, thrown, true),
    );
  }

  #unsubscribe({ subscriptions }: Parts, message: KernelMessage, subId: U64): void {
    if (subscriptions.remove(message.source, subId)) return this.#answer(message, '"Ok"');
    this.#refuse(message, { code: "eth.malformed-request" }, true);
  }

  #failed(message: KernelMessage, thrown: unknown, toSource = false): void {
    if (thrown instanceof EthError) return this.#refuse(message, thrown.fault, toSource);
    this.#parts!.context.print(0, `eth: internal fault: ${errorText(thrown)}`);
    this.#refuse(message, { code: "eth.no-rpc-for-chain" }, toSource);
  }

  #refuse(message: KernelMessage, fault: EthError["fault"], toSource = false): void {
    const isLate = fault.code === "eth.rpc-timeout";
    this.#answer(message, `{"Err":${errorJson(fault)}}`, toSource || isLate);
  }

  /** §5.2: to rsvp or else source, and in some cases to the source in any case. */
  #answer(message: KernelMessage, json: string, toSource = false): void {
    const { message: request, rsvp, source, id } = message;
    const isExpected = request.kind === "request" && request.expectsResponse !== undefined;
    if (!isExpected && rsvp === undefined) return;
    const target = toSource ? source : (rsvp ?? source);
    this.#parts!.context.respondTo(target, id, { body: encoder.encode(json) });
  }

  #stateJson(subscriptions: Subscriptions): string {
    const ids = Array.from(this.#outstanding, ({ id }) => String(id));
    return `{"State":{"active_subscriptions":${subscriptions.stateJson()},"outstanding_requests":[${ids}]}}`;
  }
}
