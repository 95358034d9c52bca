/**
 * Calls a node: each way to it in turn, until one leads to a session.
 * Source: spec/network-identity.md §2.2.
 * @module
 */
import type { Clock, NodeId } from "@kinode-ts/types";
import type { HandshakeIdentity, Session } from "../handshake.ts";
import type { KnownNode, KnownNodes, Protocol } from "../identity/known-nodes.ts";
import { HandshakeChannel } from "../opening/handshake-channel.ts";
import { callNode } from "../opening/open-session.ts";
import { openSocket } from "../opening/open-socket.ts";
import type { Transport } from "../transport.ts";
import type { Connection } from "./connection.ts";
import { type DialStep, planDial } from "./dial-plan.ts";

/** Before the next attempt to find a node again that is silent, or whose connections break: at least and at most. */
export const REDIAL_PAUSE_MS = { least: 250, most: 750 } as const;
/** A node that is called by many at once turns some of them away: they come again after such a while. */
const CROWDED_PAUSE_MS = { least: 200, most: 1_500 } as const;
const MAX_CROWDED = 2;

/** The other side ended a call before it was through. */
class TurnedAway extends Error {}

/** How a session came about. */
export interface AdoptOptions {
  readonly initiator: NodeId;
  readonly servesUs: boolean;
  /** We told the other side that this one is over. */
  readonly replaces?: Connection | undefined;
}

export interface DialOptions {
  readonly proxyRequest: boolean;
  readonly timeoutMs: number;
  /** The silent connection that is to be replaced. */
  readonly replaces?: Connection;
  /** Nothing is to be tried any more. */
  readonly isReached: () => boolean;
}

export interface DiallerOptions {
  readonly identity: HandshakeIdentity;
  readonly known: KnownNodes;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly isStopped: () => boolean;
  readonly say: (verbosity: number, text: string) => void;
  /** Takes over a session. */
  readonly adopt: (session: Session, channel: HandshakeChannel, how: AdoptOptions) => void;
  readonly via?: (() => readonly NodeId[]) | undefined;
  readonly isOurs?: ((protocol: Protocol, host: string, port: number) => boolean) | undefined;
}

export class Dialler {
  readonly #options: DiallerOptions;

  constructor(options: DiallerOptions) {
    this.#options = options;
  }

  /** Tries each way until one leads to the node; once more a little later where somebody was there and had no time. */
  async dial(target: KnownNode, options: DialOptions): Promise<boolean> {
    for (let round = 0; ; round += 1) {
      const wasCrowded = await this.tryWays(target, options);
      if (options.isReached()) return true;
      if (!wasCrowded || round === MAX_CROWDED || this.#options.isStopped()) return false;
      await this.pause(CROWDED_PAUSE_MS);
    }
  }

  /** @returns whether somebody answered the call and ended it before anything was said */
  async tryWays(target: KnownNode, options: DialOptions): Promise<boolean> {
    const { known, identity, via, isOurs, say } = this.#options;
    let wasCrowded = false;
    for (const step of planDial(target, known, identity.our, identity.random, via?.())) {
      if (this.#options.isStopped() || options.isReached()) break;
      if (isOurs?.(step.protocol, step.host, step.port) === true) continue;
      try {
        await this.#tryStep(target, step, options);
        return false;
      } catch (error) {
        wasCrowded ||= error instanceof TurnedAway;
        const way =
          step.router === undefined ? step.protocol : `${step.router} by ${step.protocol}`;
        say(2, `${target.name} over ${way}: ${(error as Error).message}`);
      }
    }
    return wasCrowded;
  }

  /** Waits for a while between the two, so that not all come again in the same moment. */
  pause({ least, most }: { readonly least: number; readonly most: number }): Promise<void> {
    const { clock, identity } = this.#options;
    const more = Number(BigInt(identity.random.u64()) % BigInt(most - least + 1));
    return new Promise((resolve) => void clock.after(least + more, resolve));
  }

  async #tryStep(target: KnownNode, step: DialStep, options: DialOptions): Promise<void> {
    const { transport, clock, identity, adopt } = this.#options;
    if (target.key === undefined) throw new Error("its key cannot be read");
    const { timeoutMs, proxyRequest, replaces } = options;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const openMs = Math.min(step.openMs ?? timeoutMs, timeoutMs);
    const socket = await openSocket(transport, clock, step, openMs);
    const channel = new HandshakeChannel(
      socket,
      clock,
      Math.max(0, deadlineMs - clock.monotonicMs()),
    );
    const calling = callNode(channel, identity, {
      target: target.name,
      targetKey: target.key,
      proxyRequest,
      ...(replaces === undefined ? {} : { replaces: Uint8Array.fromHex(replaces.tag) }),
      ...(step.router === undefined ? {} : { router: step.router }),
    });
    const session = await calling.catch((error: Error) => {
      // A router that ends it does not serve the node.
      throw channel.isTurnedAway && step.router === undefined
        ? new TurnedAway(error.message)
        : error;
    });
    adopt(session, channel, {
      initiator: session.initiator,
      servesUs: proxyRequest,
      replaces,
    });
  }
}
