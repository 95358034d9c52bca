/**
 * Other nodes, as the control interface shows and changes them.
 * @module
 */
import { fingerprint, LocalIdentityError, type PeerView } from "@kinode-ts/net";
import type {
  ControlInvitation,
  ControlPeer,
  ControlPeers,
  ControlNearby,
  NodeId,
} from "@kinode-ts/types";
import * as v from "valibot";
import { ControlFault, readJson } from "./answers.ts";
import type { ControlPowers } from "./control-powers.ts";
import type { LocalNetwork } from "../network/local-network.ts";

const MAX_LIFE_SECONDS = 366 * 86_400;
const MAX_USES = 1_000;

const inviteSchema = v.object({
  expiresSeconds: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_LIFE_SECONDS)),
  ),
  uses: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_USES))),
});
const joinSchema = v.object({ text: v.pipe(v.string(), v.maxLength(64 * 1024)) });
const passwordSchema = v.object({ password: v.pipe(v.string(), v.maxLength(1_024)) });

const STATUS: Readonly<Record<string, number>> = {
  "net.unknown-peer": 404,
  "net.inviter-unreachable": 502,
  "net.invitation-refused": 409,
  "net.invitation-expired": 410,
  "net.other-key": 409,
};

function local({ network }: ControlPowers): LocalNetwork {
  if (network.local !== undefined) return network.local;
  throw new ControlFault(
    409,
    "control.name-on-chain",
    "The name of this node is on chain: others find it there, and invitations are for local names",
  );
}

/** What the network refuses, in its own words. */
async function asFault<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof LocalIdentityError)) throw thrown;
    throw new ControlFault(STATUS[thrown.code] ?? 400, thrown.code, thrown.message);
  }
}

function route({ peer: { record } }: PeerView): string {
  const [place] = record?.places ?? [];
  if (place !== undefined) return `direct at ${place.ip}`;
  const names = record?.routers.map(({ name }) => name) ?? [];
  return names.length > 0 ? `through ${names.join(", ")}` : "it calls us";
}

function showPeer(view: PeerView): ControlPeer {
  const { peer, isConnected, isOurRouter } = view;
  return {
    name: peer.name,
    fingerprint: fingerprint(peer.key),
    route: route(view),
    isConnected,
    lastSeenMs: peer.lastSeenMs,
    origin: peer.origin,
    by: peer.by ?? null,
    isOurRouter,
    mayRoute: (peer.record?.places.length ?? 0) > 0,
  };
}

const formatPlace = (ip: string, port: number): string =>
  ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;

function showNearby({ nearby, identity }: LocalNetwork): ControlNearby[] {
  return nearby().map(({ record, address }) => ({
    name: record.name,
    fingerprint: fingerprint(record.key),
    address,
    isImpostor: identity.peers().some(({ peer }) => peer.name === record.name),
  }));
}

export function listPeers(powers: ControlPowers): ControlPeers {
  const network = local(powers);
  const { record, routers } = network.identity;
  return {
    our: {
      name: record.name,
      fingerprint: fingerprint(record.key),
      addresses: record.places.flatMap(({ ip, ports }) => {
        const port = ports.get("tcp") ?? ports.get("ws");
        return port === undefined ? [] : [formatPlace(ip, port)];
      }),
      routers,
      maxPassthroughs: powers.network.maxPassthroughs,
    },
    peers: network.identity
      .peers()
      .map(showPeer)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    nearby: showNearby(network),
  };
}

function findPeer(powers: ControlPowers, name: NodeId): ControlPeer {
  return showPeer(
    local(powers)
      .identity.peers()
      .find(({ peer }) => peer.name === name)!,
  );
}

export async function invite(powers: ControlPowers, request: Request): Promise<ControlInvitation> {
  const { expiresSeconds, uses } = await readJson(request, inviteSchema);
  return await asFault(() =>
    local(powers).identity.invite({
      ...(expiresSeconds === undefined ? {} : { lifeMs: expiresSeconds * 1_000 }),
      ...(uses === undefined ? {} : { uses }),
    }),
  );
}

export async function join(powers: ControlPowers, request: Request): Promise<ControlPeer> {
  const { text } = await readJson(request, joinSchema);
  const { name } = await asFault(() => local(powers).identity.join(text));
  return findPeer(powers, name);
}

/** @param wanted - its name, or its fingerprint with or without spaces */
export async function acceptPeer(powers: ControlPowers, wanted: string): Promise<ControlPeer> {
  const { nearby, identity } = local(powers);
  const key = wanted.replaceAll(" ", "").toLowerCase();
  const found = nearby().filter(
    ({ record }) => record.name === wanted || fingerprint(record.key).replaceAll(" ", "") === key,
  );
  const [first, ...more] = found;
  if (first === undefined) {
    throw new ControlFault(
      404,
      "control.not-nearby",
      `No node "${wanted}" is near that is not known; it has to announce itself on this network (--announce-lan)`,
    );
  }
  if (more.length > 0) {
    throw new ControlFault(
      409,
      "control.same-name",
      `${found.length} nodes near this one call themselves "${wanted}"; compare their keys, and accept by the key`,
    );
  }
  await asFault(() => identity.accept(first.record));
  return findPeer(powers, first.record.name);
}

export async function removePeer(powers: ControlPowers, name: NodeId): Promise<object> {
  await asFault(() => local(powers).identity.remove(name));
  return {};
}

export async function changeRouter(
  powers: ControlPowers,
  name: NodeId,
  action: "add" | "remove",
): Promise<ControlPeers> {
  const { identity } = local(powers);
  await asFault(() => (action === "add" ? identity.addRouter(name) : identity.removeRouter(name)));
  return listPeers(powers);
}

export async function rotateKey(powers: ControlPowers, request: Request): Promise<object> {
  const { password } = await readJson(request, passwordSchema);
  const key = await local(powers).rotateKey(password);
  if (key === undefined) {
    throw new ControlFault(403, "control.wrong-password", "That is not the password of this node");
  }
  return { fingerprint: fingerprint(key) };
}
