/**
 * A local identity on this machine: what the control interface may do with it.
 * @module
 */
import { equalBytes } from "@kinode-ts/crypto";
import type { LocalIdentity, SignedRecord } from "@kinode-ts/net";
import type { Clock } from "@kinode-ts/types";
import { LanAnnouncer } from "./lan-announcer.ts";
import { rotateKey, type RotateParts } from "./rotate-key.ts";

/** A node that announces itself on the local network; nobody has said that it is to be trusted. */
export interface Nearby {
  readonly record: SignedRecord;
  /** Where its announcement came from. */
  readonly address: string;
}

export interface LocalNetwork {
  readonly identity: LocalIdentity;
  /** Whoever is near and not known. */
  nearby(): readonly Nearby[];
  /** Takes a new networking key; `undefined`: the password is wrong. Its public half otherwise. */
  rotateKey(password: string): Promise<Uint8Array | undefined>;
  start(): void;
  stop(): void;
}

export interface NetworkPowers {
  /** `undefined` while the name of the node is on chain. */
  readonly local: LocalNetwork | undefined;
  readonly maxPassthroughs: number;
}

export interface LocalNetworkParts extends RotateParts {
  readonly identity: LocalIdentity;
  readonly announceLan: boolean;
  readonly clock: Clock;
  readonly say: (text: string) => void;
}

export function createLocalNetwork(parts: LocalNetworkParts): LocalNetwork {
  const { identity, announceLan, clock, say } = parts;
  const announcer = new LanAnnouncer({ record: () => identity.record, clock, say });
  return {
    identity,
    nearby() {
      const known = new Map(identity.peers().map(({ peer }) => [peer.name, peer.key]));
      return announcer.nearby().filter(({ record: { name, key } }) => {
        const its = known.get(name);
        return its === undefined || !equalBytes(its, key);
      });
    },
    rotateKey: (password) => rotateKey(parts, password),
    start() {
      if (announceLan) announcer.start();
    },
    stop: () => announcer.stop(),
  };
}
