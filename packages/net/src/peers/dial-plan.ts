/**
 * In which order a node is tried.
 * Source: spec/network-identity.md §2.2.
 * @module
 */
import type { NodeId, Random } from "@kinode-ts/types";
import { ONE_OF_SEVERAL_MS } from "../opening/open-socket.ts";
import {
  type KnownNode,
  type KnownNodes,
  type Place,
  placesOf,
  portOf,
  type Protocol,
} from "../identity/known-nodes.ts";

/** One way to a node: a socket to it, or to a router that joins us. */
export interface DialStep {
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
  /** The node at that address when it is not the one we want. */
  readonly router: NodeId | undefined;
  /** Milliseconds until the next one is tried; default: those of a whole attempt. */
  readonly openMs?: number;
}

/** Where a node listens first of all, if it does. */
export function placeOf(node: KnownNode): Place | undefined {
  return placesOf(node)[0];
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

/** One step for each place that has the protocol; all but the last are given up soon. */
function steps(
  places: readonly Place[],
  protocol: Protocol,
  router: NodeId | undefined,
): DialStep[] {
  const all = places.flatMap(({ ip, ports }): DialStep[] => {
    const port = portOf(ports, protocol);
    return port === undefined ? [] : [{ protocol, host: ip, port, router }];
  });
  return all.map((each, at) =>
    at === all.length - 1 ? each : { ...each, openMs: ONE_OF_SEVERAL_MS },
  );
}

/** To a router TCP wherever it listens, and then web socket: it joins only sockets of one kind, and the other side prefers TCP. */
function stepsToRouter(name: NodeId, target: KnownNode, known: KnownNodes): DialStep[] {
  const router = known.find(name);
  const places = (router === undefined ? target.routerPlaces?.get(name) : placesOf(router)) ?? [];
  return [...steps(places, "tcp", name), ...steps(places, "ws", name)];
}

/** To a direct node: TCP when it has a port for it and nothing else, else web socket. */
function stepsToDirect(places: readonly Place[]): DialStep[] {
  const tcp = steps(places, "tcp", undefined);
  return tcp.length > 0 ? tcp : steps(places, "ws", undefined);
}

/**
 * Ways to a node, in the order in which they are tried; empty: there is none.
 * To an indirect node its routers in random order.
 * @param via - our own routers, when direct nodes must not see where we are (W20)
 */
export function planDial(
  target: KnownNode,
  known: KnownNodes,
  our: NodeId,
  random: Random,
  via: readonly NodeId[] = [],
): DialStep[] {
  const { routing } = target.identity;
  const places = placesOf(target);
  const isHidden = via.length > 0 && !via.includes(target.name);
  if (places.length > 0 && !isHidden) return stepsToDirect(places);
  const its = routing.kind === "direct" ? [] : routing.routers;
  const routers = places.length > 0 ? via : its;
  return shuffle(
    routers.filter((name) => name !== our),
    random,
  ).flatMap((name) => stepsToRouter(name, target, known));
}
