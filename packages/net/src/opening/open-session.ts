/**
 * From an open socket to a session, as the one who calls, is called, or is asked to join two others.
 * Source: spec/network-identity.md §1.2–1.4, §2.3.
 * @module
 */
import type { NodeId } from "@kinode-ts/types";
import {
  type FindKey,
  type HandshakeIdentity,
  InitiatorHandshake,
  type InitiatorOptions,
  ResponderHandshake,
  type Session,
} from "../handshake.ts";
import { FIRST_MESSAGE_BYTES } from "../noise/xx-handshake.ts";
import { createRoutingRequest, type Join, readRoutingRequest } from "../routing/routing-request.ts";
import type { HandshakeChannel } from "./handshake-channel.ts";

/** Runs a handshake; whatever goes wrong ends the socket. */
async function guard<T>(channel: HandshakeChannel, run: () => Promise<T>): Promise<T> {
  try {
    const result = await run();
    channel.finish();
    return result;
  } catch (error) {
    channel.fail(error as Error);
    throw error;
  }
}

/**
 * Calls a node on a socket to it, or to a router when one is named.
 * @throws {NetError} `net.bad-handshake`
 */
export function callNode(
  channel: HandshakeChannel,
  identity: HandshakeIdentity,
  options: InitiatorOptions & { readonly router?: NodeId },
): Promise<CalledSession> {
  return guard(channel, async () => {
    const handshake = new InitiatorHandshake(identity, options);
    if (options.router !== undefined) {
      const more = identity.tellRouter?.(options.router);
      const said = more === undefined ? undefined : { features: [], ...more };
      channel.send(createRoutingRequest(identity, options.target, options.router, said));
    }
    // At once: a router answers nothing, the message waits there until the two ends are joined (§1.2).
    channel.send(handshake.start());
    let second = await channel.receive();
    if (options.router !== undefined && second.length === FIRST_MESSAGE_BYTES) {
      // Both called at once, and the router joined two callers. The node with the smaller name stays the one that calls.
      const { target, targetKey } = options;
      if (identity.our > target) {
        const findKey = (): Uint8Array => targetKey;
        const session = await answerFirst(channel, identity, second, { findKey, expected: target });
        return { ...session, initiator: target };
      }
      second = await channel.receive();
    }
    const { third, session } = handshake.finish(second);
    channel.send(third);
    return { ...session, initiator: identity.our };
  });
}

/** A session, and who began it: at a router it may be the one that was called. */
export interface CalledSession extends Session {
  readonly initiator: NodeId;
}

/**
 * Meets a node at a router: we dialled the router because it told us that `from` wants us.
 * @throws {NetError} `net.bad-handshake`
 */
export function meetAtRouter(
  channel: HandshakeChannel,
  identity: HandshakeIdentity,
  options: { readonly router: NodeId; readonly from: NodeId; readonly findKey: FindKey },
): Promise<Session> {
  const { router, from, findKey } = options;
  return guard(channel, async () => {
    channel.send(createRoutingRequest(identity, from, router));
    return await answerFirst(channel, identity, await channel.receive(), {
      findKey,
      expected: from,
    });
  });
}

async function answerFirst(
  channel: HandshakeChannel,
  identity: HandshakeIdentity,
  first: Uint8Array,
  options: { readonly findKey: FindKey; readonly expected?: NodeId },
  turn: Turn = atOnce,
): Promise<Session> {
  const handshake = new ResponderHandshake(identity, options);
  channel.send(handshake.answer(first));
  const third = await channel.receive();
  await turn();
  return handshake.finish(third);
}

/** Settles when a step of a handshake may be worked out: it takes a millisecond of the only thread. */
export type Turn = () => Promise<void>;
const atOnce: Turn = () => Promise.resolve();

export type Visit =
  | { readonly kind: "session"; readonly session: Session }
  /** Asks us, as a router, to join it with another node. */
  | { readonly kind: "join"; readonly join: Join };

/**
 * Answers whoever dialled us. What the first message is, its length tells (§1.2).
 * @param turn - waits before each step; default: none does
 * @throws {NetError} `net.bad-handshake`
 */
export function answerVisitor(
  channel: HandshakeChannel,
  identity: HandshakeIdentity,
  findKey: FindKey,
  turn: Turn = atOnce,
): Promise<Visit> {
  return guard(channel, async () => {
    const first = await channel.receive();
    await turn();
    if (first.length !== FIRST_MESSAGE_BYTES) {
      return { kind: "join", join: readRoutingRequest(first, identity.our, findKey) };
    }
    const session = await answerFirst(channel, identity, first, { findKey }, turn);
    return { kind: "session", session };
  });
}
