/**
 * In which order a node is tried.
 * Source: spec/network-identity.md §2.2.
 * @module
 */
import type { Ports } from "@kinode-ts/codec/net";
import type { NodeId, Random } from "@kinode-ts/types";
import { type KnownNode, type KnownNodes, portOf, type Protocol } from "../identity/known-nodes.ts";

/** One way to a node: a socket to it, or to a router that joins us. */
export interface DialStep {
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
  /** The node at that address when it is not the one we want. */
  readonly router: NodeId | undefined;
}

interface Place {
  readonly ip: string;
  readonly ports: Ports;
}

/** Where a node listens, if it does. */
export function placeOf({ identity: { routing } }: KnownNode): Place | undefined {
  return routing.kind === "routers" ? undefined : routing;
}

/** A fair order. */
export function shuffle<T>(items: readonly T[], random: Random): T[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = Number(BigInt(random.u64()) % BigInt(last + 1));
    [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
  }
  return shuffled;
}

function step({ ip, ports }: Place, protocol: Protocol, router: NodeId | undefined): DialStep[] {
  const port = portOf(ports, protocol);
  return port === undefined ? [] : [{ protocol, host: ip, port, router }];
}

/**
 * Steps to a direct node: TCP when it has a port for it and nothing else, else web socket. To an indirect one: its routers in
 * random order, each by TCP and then by web socket, because a router joins only sockets of one kind and the other side
 * prefers TCP. Empty: there is no way.
 */
export function planDial(
  target: KnownNode,
  known: KnownNodes,
  our: NodeId,
  random: Random,
): DialStep[] {
  const place = placeOf(target);
  if (place !== undefined) {
    const tcp = step(place, "tcp", undefined);
    return tcp.length > 0 ? tcp : step(place, "ws", undefined);
  }
  const { routing } = target.identity;
  const routers = routing.kind === "direct" ? [] : routing.routers;
  return shuffle(routers, random).flatMap((name) => {
    const router = name === our ? undefined : known.find(name);
    const at = router === undefined ? undefined : placeOf(router);
    return at === undefined ? [] : [...step(at, "tcp", name), ...step(at, "ws", name)];
  });
}
