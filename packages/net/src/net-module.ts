/**
 * `net:distro:sys`: the kernel's way to other nodes, and what processes may ask about it.
 * Source: spec/network-identity.md §2.
 * @module
 */
import {
  decodeNetAction,
  encodeNetAction,
  encodeNetResponse,
  type KnsUpdate,
  type NetAction,
  type NetResponse,
  decodeNetResponse,
  type NodeIdentity,
} from "@kinode-ts/codec/net";
import {
  type Capability,
  type Clock,
  errorText,
  FD_MANAGER_PROCESS,
  KERNEL_PROCESS,
  type KernelMessage,
  type ModuleContext,
  NET_PROCESS,
  type NetworkEvents,
  type NetworkPort,
  type NodeId,
  type ProcessId,
  type RuntimeModule,
} from "@kinode-ts/types";
import { describeNet } from "./diagnostics.ts";
import type { FindKey, HandshakeIdentity } from "./handshake.ts";
import { type HandshakeExtension, OUR_FEATURES, RUN_BYTES } from "./handshake-extension.ts";
import { Hellos } from "./hellos.ts";
import { identityOf, KnownNodes, portOf, type Protocol } from "./identity/known-nodes.ts";
import { IndirectNode } from "./indirect.ts";
import type { LocalIdentity } from "./local/local-identity.ts";
import { NOTES_PROCESS } from "./local/peer-note.ts";
import { looksLikeKey, signMessage, verifyMessage } from "./message-signature.ts";
import { HandshakeChannel } from "./opening/handshake-channel.ts";
import { answerVisitor } from "./opening/open-session.ts";
import { Peers, type PeersLimits } from "./peers/peers.ts";
import { VisitorGate, type VisitorLimits } from "./peers/visitor-gate.ts";
import { Router } from "./routing/router.ts";
import type { Listening, Socket, Transport } from "./transport.ts";

/** The process that reads the registry. */
export const INDEXER_PROCESS = "kns-indexer:kns-indexer:sys" as ProcessId;
const ACK = new TextEncoder().encode("ack");
const EMPTY = new Uint8Array(0);
const LOOPBACK = /^(127\.|::1$|::ffff:127\.|localhost$)/;

/** Where to listen: the first free port from `first` to `last`. */
export interface ListenOn {
  readonly protocol: Protocol;
  readonly first: number;
  readonly last: number;
  /** Tried before the others: where peers look for us. */
  readonly preferred?: number | undefined;
}

export interface NetOptions {
  readonly identity: HandshakeIdentity;
  /** How others reach us, as they are told. */
  readonly our: NodeIdentity;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Default: the ports of `our`. A port that is taken is a line for the person, and that protocol is off. */
  readonly listen?: readonly ListenOn[];
  /** Without a name on chain: who we are, and whom we trust. */
  readonly local?: LocalIdentity;
  readonly limits?: Partial<PeersLimits>;
  readonly visitors?: Partial<VisitorLimits>;
  /** Pairs of others we join; default 0: we are no router. */
  readonly maxPassthroughs?: number;
  /** False: as an indirect node we reach direct ones through our routers too, so that they do not see our address. Default true. */
  readonly revealIp?: boolean;
}

export interface Net extends NetworkPort, RuntimeModule {
  readonly known: KnownNodes;
  readonly peers: Peers;
  readonly router: Router;
  /** How others reach us at this time. */
  readonly our: NodeIdentity;
  /** From now on others reach us so. */
  become(our: NodeIdentity): void;
}

function* portsToTry({ first, last, preferred }: ListenOn): Generator<number> {
  if (preferred !== undefined) yield preferred;
  for (let port = first; port <= last; port += 1) if (port !== preferred) yield port;
}

function portsOf({ routing }: NodeIdentity): ListenOn[] {
  if (routing.kind === "routers") return [];
  return (["tcp", "ws"] as const).flatMap((protocol) => {
    const port = portOf(routing.ports, protocol);
    return port === undefined ? [] : [{ protocol, first: port, last: port }];
  });
}

export function createNet(options: NetOptions): Net {
  return new NetModule(options);
}

class NetModule implements Net {
  readonly id = NET_PROCESS;
  readonly known = new KnownNodes();
  readonly peers: Peers;
  readonly router: Router;
  readonly #options: NetOptions;
  readonly #indirect: IndirectNode;
  readonly #gate: VisitorGate;
  readonly #listening: Listening[] = [];
  readonly #ports = new Map<Protocol, number>();
  readonly #hellos: Hellos;
  #our: NodeIdentity;
  #events: NetworkEvents | undefined;
  #context: ModuleContext | undefined;

  constructor(given: NetOptions) {
    const { local } = given;
    const identity: HandshakeIdentity = {
      features: OUR_FEATURES,
      run: given.identity.random.bytes(RUN_BYTES),
      ...(local === undefined
        ? {}
        : {
            tell: (peer: NodeId | undefined) => local.tell(peer),
            tellRouter: (router: NodeId) => local.tellRouter(router),
            follow: (peer: NodeId, said: HandshakeExtension) => local.follow(peer, said),
          }),
      ...given.identity,
    };
    const options = { ...given, identity };
    this.#options = options;
    const { our, transport, clock, limits, maxPassthroughs = 0 } = options;
    const say = (verbosity: number, text: string): void => this.#context?.print(verbosity, text);
    const { known } = this;
    this.#our = our;
    this.#gate = new VisitorGate(clock, options.visitors);
    this.#hellos = new Hellos(clock, say);
    known.set(our);
    const routers = (): readonly NodeId[] => this.#routers;
    const isOurs = (protocol: Protocol, host: string, port: number): boolean =>
      this.#ports.get(protocol) === port && LOOPBACK.test(host);
    this.peers = new Peers({
      identity,
      known,
      transport,
      clock,
      isPinned: (name) => routers().includes(name),
      isOurs,
      via: () => (options.revealIp === false ? routers() : []),
      ...(limits === undefined ? {} : { limits }),
      events: {
        received: (message) => this.#received(message),
        failed: (message, kind) => this.#events?.failed(message, kind),
        awaited: (node) => this.#events?.awaited?.(node) ?? [],
        say,
        lost: (name) => this.router.lost(name),
        opened: (session) => local?.opened(session),
      },
    });
    this.router = new Router({
      maxPassthroughs,
      known,
      transport,
      clock,
      say,
      serves: (name) => this.peers.list().some((peer) => peer.name === name && peer.isServed),
      callTarget: (target, source) => this.#callTarget(target, source),
    });
    const { peers } = this;
    this.#indirect = new IndirectNode({
      identity,
      routers,
      known,
      transport,
      clock,
      peers,
      say,
      findKey: (name, said) => this.#keyFor(name, said),
      isOurs,
      ...(local === undefined ? {} : { admitsStrangers: () => local.admitsStrangers() }),
    });
    local?.attach({ known, peers, say, become: (identityNow) => this.become(identityNow) });
  }

  #keyFor(name: NodeId, said: HandshakeExtension | undefined): Uint8Array | undefined {
    const { local } = this.#options;
    return local === undefined ? this.known.keyOf(name) : local.keyFor(name, said);
  }

  #received(message: KernelMessage): void | Promise<void> {
    const { local } = this.#options;
    if (message.target.process === NOTES_PROCESS) {
      local?.noted(message);
      return;
    }
    // Somebody who is let in only to hear why it is not let in says nothing here.
    if (local?.isKnown(message.source.node) === false) return;
    return this.#events?.received(message);
  }

  get our(): NodeIdentity {
    return this.#our;
  }

  get #routers(): readonly NodeId[] {
    const { routing } = this.#our;
    return routing.kind === "direct" ? [] : routing.routers;
  }

  become(our: NodeIdentity): void {
    const before = this.#routers;
    this.#our = our;
    this.known.set(our);
    if (this.#context !== undefined && before.join() !== this.#routers.join()) {
      this.#indirect.changed();
    }
  }

  // --- the kernel's side ------------------------------------------------------------------------

  connect(events: NetworkEvents): void {
    this.#events = events;
  }

  send(message: KernelMessage): void | Promise<void> {
    return this.peers.send(message);
  }

  async start(context: ModuleContext): Promise<void> {
    this.#context = context;
    const ports = this.#ports;
    for (const wanted of this.#options.listen ?? portsOf(this.#our)) {
      const port = await this.#listen(wanted);
      if (port !== undefined) ports.set(wanted.protocol, port);
    }
    this.#options.local?.listening(ports);
    context.send({
      target: { node: context.our, process: FD_MANAGER_PROCESS },
      body: new TextEncoder().encode('"RequestFdsLimit"'),
    });
    this.#indirect.start();
  }

  async stop(): Promise<void> {
    this.#indirect.stop();
    this.router.stop();
    this.peers.stop();
    for (const listening of this.#listening) await listening.stop();
    await this.#options.local?.stop();
  }

  /** The port, or `undefined` when none of them can be had: the node goes on without it. */
  async #listen(wanted: ListenOn): Promise<number | undefined> {
    const { transport } = this.#options;
    const { protocol, first, last } = wanted;
    let failure: unknown;
    for (const port of portsToTry(wanted)) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- the next one is tried only when this one is taken
        const listening = await transport.listen(protocol, port, (socket) => this.accept(socket));
        this.#listening.push(listening);
        return listening.port;
      } catch (error) {
        failure = error;
      }
    }
    const what = first === last ? "" : ` (nor on any port from ${first})`;
    const text = `${errorText(failure)}${what}; other nodes cannot dial this one by ${protocol}`;
    this.#context?.print(0, text);
    return undefined;
  }

  /** Somebody dialled us. */
  accept(socket: Socket): void {
    const { identity, clock } = this.#options;
    const leave = this.#gate.enter(socket);
    if (leave === undefined) {
      socket.close();
      return;
    }
    const channel = new HandshakeChannel(socket, clock);
    const findKey: FindKey = (name, said) => this.#keyFor(name, said);
    const answered = answerVisitor(channel, identity, findKey, () => this.#gate.turn());
    answered.finally(leave).then(
      (visit) => {
        if (visit.kind === "join") {
          this.#options.local?.joining(visit.join);
          this.router.join(channel, visit.join);
        } else this.peers.adopt(visit.session, channel, visit.session.peer);
      },
      (error: Error) => this.#context?.print(2, `${socket.remote}: ${error.message}`),
    );
  }

  // --- messages ---------------------------------------------------------------------------------

  handle(message: KernelMessage): void {
    const isOurs = message.source.node === this.#options.identity.our;
    if (message.message.kind === "response") {
      if (!isOurs) this.#readAnswer(message);
    } else if (isOurs) this.#answerProcess(message);
    else this.#answerNode(message);
  }

  /** A response is only looked at for a refusal (§2.6). */
  #readAnswer({ source, message }: KernelMessage): void {
    try {
      const response = decodeNetResponse(message.body);
      if (response.kind === "Rejected") this.router.rejected(source.node, response.node);
    } catch {
      // An answer of another kind is nobody's.
    }
  }

  #answerProcess(message: KernelMessage): void {
    if (message.source.process === FD_MANAGER_PROCESS) {
      this.#limit(message.message.body);
      return;
    }
    let action: NetAction;
    try {
      action = decodeNetAction(message.message.body);
    } catch {
      return;
    }
    const answer = this.#perform(action, message);
    if (answer !== undefined) this.#respond(message, answer.response, answer.blob);
  }

  #perform(
    action: NetAction,
    message: KernelMessage,
  ): { readonly response: NetResponse; readonly blob?: Uint8Array } | undefined {
    const { identity } = this.#options;
    const our = this.#our;
    switch (action.kind) {
      case "ConnectionRequest":
        return undefined;
      case "KnsUpdate":
        this.#learn(message.source.process, [action.update]);
        return undefined;
      case "KnsBatchUpdate":
        this.#learn(message.source.process, action.updates);
        return undefined;
      case "GetPeers":
        return { response: { kind: "Peers", peers: this.#peerIdentities() } };
      case "GetPeer": {
        const peer = action.node === our.name ? our : this.known.find(action.node)?.identity;
        return { response: { kind: "Peer", peer } };
      }
      case "GetDiagnostics":
        return { response: { kind: "Diagnostics", text: this.#describe() } };
      case "Sign": {
        const bytes = message.blob?.bytes ?? EMPTY;
        if (looksLikeKey(message.source, bytes)) {
          this.#context?.print(
            1,
            `Nothing was signed for ${message.source.process}: with the address it has the length of a key`,
          );
          return undefined;
        }
        const signature = signMessage(identity.signer, message.source, bytes);
        return { response: { kind: "Signed" }, blob: signature };
      }
      case "Verify": {
        const { from, signature } = action;
        const key =
          from.node === our.name ? identity.signer.publicKey : this.known.keyOf(from.node);
        const bytes = message.blob?.bytes ?? EMPTY;
        const valid = key !== undefined && verifyMessage(key, from, bytes, signature);
        return { response: { kind: "Verified", valid } };
      }
    }
  }

  #peerIdentities(): NodeIdentity[] {
    return this.peers.list().flatMap(({ name }) => {
      const known = this.known.find(name);
      return known === undefined ? [] : [known.identity];
    });
  }

  #describe(): string {
    const { clock } = this.#options;
    return describeNet({
      our: this.#our,
      peers: this.peers.list(),
      maxPeers: this.peers.maxPeers,
      maxPassthroughs: this.router.maxPassthroughs,
      pending: this.router.pending,
      active: this.router.active,
      knownCount: this.known.size,
      nowMs: clock.monotonicMs(),
    });
  }

  /** Names come from the registry alone: who else could say so could take over every peer (W10). */
  #learn(process: ProcessId, updates: readonly KnsUpdate[]): void {
    const context = this.#context;
    if (context === undefined) return;
    const root: Capability = { issuer: context.address, params: '{"root":true}' };
    const isTrusted = process === KERNEL_PROCESS || process === INDEXER_PROCESS;
    if (!isTrusted && !context.holds(process, root)) {
      context.print(1, `${process} may not change who is known: it lacks {"root":true} of net`);
      return;
    }
    for (const update of updates) this.known.set(identityOf(update));
  }

  #limit(body: Uint8Array): void {
    try {
      const json = JSON.parse(new TextDecoder().decode(body)) as { FdsLimit?: unknown };
      if (typeof json.FdsLimit !== "number") return;
      this.peers.limitTo(json.FdsLimit);
      this.router.limitTo(json.FdsLimit);
    } catch {
      // Not for us.
    }
  }

  #answerNode(message: KernelMessage): void {
    let action: NetAction | undefined;
    try {
      action = decodeNetAction(message.message.body);
    } catch {
      action = undefined;
    }
    switch (action?.kind) {
      case "KnsUpdate":
      case "KnsBatchUpdate":
        return;
      case "ConnectionRequest":
        this.#meet(message, action.node);
        return;
      default:
        this.#greet(message);
    }
  }

  /** Another node says hello: it is shown, and acknowledged (§2.7). */
  #greet(message: KernelMessage): void {
    this.#hellos.show(message.source.node, message.message.body);
    this.#context?.respond(message, { body: ACK });
  }

  /** A router tells us that `from` waits there. */
  #meet(message: KernelMessage, from: NodeId): void {
    const accepted = this.#indirect.meet(message.source.node, from);
    this.#respond(message, { kind: accepted ? "Accepted" : "Rejected", node: from });
  }

  #callTarget(target: NodeId, source: NodeId): void {
    this.#context?.send({
      target: { node: target, process: NET_PROCESS },
      body: encodeNetAction({ kind: "ConnectionRequest", node: source }),
      expectsResponse: 5,
    });
  }

  #respond(message: KernelMessage, response: NetResponse, blob?: Uint8Array): void {
    try {
      this.#context?.respond(message, {
        body: encodeNetResponse(response),
        ...(blob === undefined ? {} : { blob: { mime: undefined, bytes: blob } }),
      });
    } catch (error) {
      this.#context?.print(1, `An answer was not sent: ${errorText(error)}`);
    }
  }
}
