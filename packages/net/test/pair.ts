/**
 * Two ends of a finished handshake.
 * @module
 */
import { InitiatorHandshake, ResponderHandshake, type Session } from "../src/index.ts";
import { ALICE, BOB, KEYS } from "./vectors.ts";

export interface Pair {
  readonly alice: Session;
  readonly bob: Session;
}

/** Alice calls Bob, with the secrets of the specification or fresh ones. */
export function connect(options: {
  readonly vectors: boolean;
  readonly proxyRequest?: boolean;
}): Pair {
  const initiator = new InitiatorHandshake(ALICE.identity, {
    target: "bob.os",
    targetKey: KEYS.get("bob.os")!,
    proxyRequest: options.proxyRequest ?? false,
    ...(options.vectors ? { secrets: ALICE.secrets } : {}),
  });
  const responder = new ResponderHandshake(BOB.identity, {
    findKey: (name) => KEYS.get(name),
    ...(options.vectors ? { secrets: BOB.secrets } : {}),
  });
  const { third, session: alice } = initiator.finish(responder.answer(initiator.start()));
  return { alice, bob: responder.finish(third) };
}
