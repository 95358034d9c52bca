/**
 * Groups of the local network that nodes near each other speak to: one of IPv4, one of IPv6.
 * @module
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import type { EventEmitter } from "node:events";
import { networkInterfaces } from "node:os";

/** Of the range for one site (RFC 2365); no router passes it on. */
export const LAN_GROUP = "239.255.75.78";
/** Of one link (RFC 4291, scope 2); no router passes it on. */
export const LAN_GROUP_6 = "ff02::4b4e:31";

export type LanFamily = "ipv4" | "ipv6";

export interface LanGroupEvents {
  heard(bytes: Uint8Array, address: string): void;
  /** Now it can be spoken to. */
  ready(): void;
  /** There is no such network, or it is gone: nothing is heard from now on. */
  failed(error: Error): void;
}

export interface LanGroup {
  /** To all that listen; what cannot be sent is lost. */
  send(bytes: Uint8Array): void;
  stop(): void;
}

/** Interfaces with an address of IPv6, by name: each has its own links. */
function linksOf(interfaces = networkInterfaces()): string[] {
  return Object.entries(interfaces).flatMap(([name, addresses]) =>
    addresses?.some(({ family, internal }) => family === "IPv6" && !internal) === true
      ? [name]
      : [],
  );
}

class SocketGroup implements LanGroup {
  readonly #socket: Socket;
  readonly #family: LanFamily;
  readonly #port: number;
  readonly #joined = new Set<string>();
  #isStopped = false;

  constructor(family: LanFamily, port: number, events: LanGroupEvents) {
    this.#family = family;
    this.#port = port;
    const kind =
      family === "ipv4"
        ? ({ type: "udp4", reuseAddr: true } as const)
        : ({ type: "udp6", reuseAddr: true, ipv6Only: true } as const);
    const socket = createSocket(kind, (bytes, { address }: RemoteInfo) =>
      events.heard(bytes, address),
    );
    this.#socket = socket;
    const fail = (error: Error): void => {
      this.stop();
      events.failed(error);
    };
    // The types of sockets lack what every emitter has.
    (socket as unknown as EventEmitter).on("error", fail);
    socket.bind(port, () => {
      try {
        this.#join();
        socket.setMulticastTTL(1);
        socket.setMulticastLoopback(true);
      } catch (error) {
        fail(error as Error);
        return;
      }
      events.ready();
    });
  }

  send(bytes: Uint8Array): void {
    if (this.#isStopped) return;
    if (this.#family === "ipv4") {
      // A network that is gone comes back; the next one tries again.
      this.#socket.send(bytes, this.#port, LAN_GROUP, () => {});
      return;
    }
    try {
      this.#join();
    } catch {
      // A cable that is out; the next one tries again.
    }
    for (const link of this.#joined) {
      this.#socket.send(bytes, this.#port, `${LAN_GROUP_6}%${link}`, () => {});
    }
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#socket.close();
  }

  /** IPv4 has one default way; of IPv6 every link, those that came since as well. @throws {Error} there is none */
  #join(): void {
    if (this.#family === "ipv4") {
      this.#socket.addMembership(LAN_GROUP);
      return;
    }
    const links = linksOf();
    for (const link of this.#joined) if (!links.includes(link)) this.#joined.delete(link);
    for (const link of links) {
      if (this.#joined.has(link)) continue;
      try {
        this.#socket.addMembership(LAN_GROUP_6, `::%${link}`);
      } catch (error) {
        // It is a member since it was there the last time.
        if ((error as { readonly code?: string }).code !== "EADDRINUSE") throw error;
      }
      this.#joined.add(link);
    }
  }
}

/** Joins a group; what happens is told, nothing throws. */
export function joinLanGroup(family: LanFamily, port: number, events: LanGroupEvents): LanGroup {
  return new SocketGroup(family, port, events);
}
