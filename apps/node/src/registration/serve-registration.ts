/**
 * Serves the pages that give a node its identity on chain, until it has one.
 * Source: spec/network-identity.md §4.4; W17: on this machine only, unless told otherwise.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { AttemptLimiter, DEFAULT_HTTP_LIMITS } from "@kinode-ts/http";
import type { RegistryConfig } from "@kinode-ts/kimap";
import type { Clock, NodeId, Random } from "@kinode-ts/types";
import { buildRegisterPages } from "@kinode-ts/web/build-pages";
import type { TlsIdentity } from "@kinode-ts/http";
import type { HomeFolder } from "../boot/home-folder.ts";
import { firstFreePort, openFreePort } from "../boot/ports.ts";
import { FIRST_PORT } from "../network/create-network.ts";
import type { NetworkConfig } from "../network/network-config.ts";
import { readOwnAddresses } from "../network/own-addresses.ts";
import type { CallContract } from "./chain-routing.ts";
import { type ChainIdentity, type Networking, Registration } from "./registration.ts";

const ROUTER_COUNT = 3;
const LINGER_MS = 1_000;
const ROUTERS = Array.from(
  { length: 12 },
  (_, index) => `default-router-${index + 1}.kino` as NodeId,
);
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

export interface ServeRegistrationOptions {
  readonly config: RegistryConfig;
  readonly call: CallContract;
  readonly home: HomeFolder;
  readonly hostname: string;
  readonly port: number;
  /** Finds another port when `port` was taken meanwhile; `undefined`: a person asked for this very one. */
  readonly nextPort: (() => number) | undefined;
  readonly tls: TlsIdentity | undefined;
  readonly network: NetworkConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly say: (text: string) => void;
  /** Settles when the person ends the program instead. */
  readonly stopped: Promise<void>;
}

/** Different ones for each node, so that all carry their part. */
function pickRouters(random: Random): NodeId[] {
  const left = [...ROUTERS];
  return Array.from({ length: ROUTER_COUNT }, () => {
    const at = Number(BigInt(random.u64()) % BigInt(left.length));
    return left.splice(at, 1)[0]!;
  });
}

function networkingOf({ tcpPort, wsPort }: NetworkConfig, random: Random): Networking {
  const ports = new Map<"tcp" | "ws", number>();
  for (const [protocol, wanted] of [
    ["tcp", tcpPort],
    ["ws", wsPort],
  ] as const) {
    const port = wanted ?? firstFreePort(FIRST_PORT[protocol]);
    if (port !== undefined && port !== 0) ports.set(protocol, port);
  }
  return { ip: readOwnAddresses().all[0]!, ports, routers: pickRouters(random) };
}

/** Pages of other sites, and names that lead here without being ours, may do nothing. */
function isForeign(request: Request, hostname: string): boolean {
  const { host, hostname: asked } = new URL(request.url);
  if (LOOPBACK.has(hostname) && !LOOPBACK.has(asked)) return true;
  const origin = request.headers.get("origin");
  return origin !== null && URL.parse(origin)?.host !== host;
}

export interface RegisteredNode {
  readonly identity: ChainIdentity;
  /** Where the page waits for the node. */
  readonly port: number;
}

/** Settles with the identity once the page that made it has its answer and the port is free again. */
export async function serveRegistration(
  options: ServeRegistrationOptions,
): Promise<RegisteredNode | undefined> {
  const { home, hostname, port, tls, network, clock, random, say, stopped } = options;
  const registration = new Registration({
    config: options.config,
    call: options.call,
    networking: networkingOf(network, random),
    forced: { ws: network.wsPort, tcp: network.tcpPort },
    readKeyfile: () =>
      existsSync(home.keyfile) ? new Uint8Array(readFileSync(home.keyfile)) : undefined,
    pages: await buildRegisterPages(),
    attempts: new AttemptLimiter({
      clock,
      burstCount: DEFAULT_HTTP_LIMITS.loginBurstCount,
      refillMs: DEFAULT_HTTP_LIMITS.loginRefillMs,
    }),
    secure: tls !== undefined,
    clock,
    random,
    say,
  });
  const open = (free: number): Bun.Server<undefined> =>
    Bun.serve({
      hostname,
      port: free,
      ...(tls === undefined ? {} : { tls }),
      maxRequestBodySize: 64 * 1024,
      development: false,
      fetch(request, listening) {
        if (isForeign(request, hostname)) {
          return Response.json("Pages of other sites may not ask this", { status: 403 });
        }
        return registration.handle(request, listening.requestIP(request)?.address ?? "");
      },
    });
  const server = await openFreePort(port, options.nextPort, open);
  // A stopped server forgets where it was.
  const { url, port: listeningPort = port } = server;
  say(`Open ${url.href} to take a name on chain, to reset one, or to import a keyfile`);
  const identity = await Promise.race([registration.identity, stopped.then(() => undefined)]);
  // The answer that tells the page is on its way; connections that are kept for more are not waited for.
  const lingered = Promise.withResolvers<void>();
  clock.after(LINGER_MS, lingered.resolve);
  await Promise.race([server.stop(false), lingered.promise]);
  await server.stop(true);
  return identity && { identity, port: listeningPort };
}
