/**
 * The flags of `start`, checked. Source: spec/kernel.md §6.6.
 * @module
 */
import { type ProxySettings, readProxySettings, TrustedProxies } from "@kinode-ts/http";
import { parseProcessVerbosity, type ProcessLevel } from "@kinode-ts/terminal";
import { errorText, type ProcessId } from "@kinode-ts/types";
import type { NetworkConfig } from "../network/network-config.ts";
import { NodeError } from "./errors.ts";
import type { TlsFiles } from "./tls-files.ts";

/** What the command line hands over: texts as they were typed. */
export interface StartFlags {
  readonly port?: string;
  readonly hostname?: string;
  readonly tls?: readonly string[];
  readonly trustedProxy?: readonly string[];
  readonly publicUrl?: string;
  readonly pagesUrl?: string;
  readonly verbosity?: string;
  readonly color?: string;
  readonly loggingOff?: boolean;
  readonly detached?: boolean;
  readonly dev?: boolean;
  readonly package?: readonly string[];
  readonly name?: string;
  readonly password?: string;
  readonly maxLogSize?: string;
  readonly numberLogFiles?: string;
  readonly processVerbosity?: string;
  readonly softUlimit?: string;
  readonly wsPort?: string;
  readonly tcpPort?: string;
  readonly rpc?: string;
  readonly register?: boolean;
  readonly revealIp?: string | boolean;
  readonly announceLan?: boolean;
  /** False: `--no-network`. */
  readonly network?: boolean;
  readonly maxPeers?: string;
  readonly maxPassthroughs?: string;
  readonly fakeNodeName?: string;
  readonly fakechainPort?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

export type ColorChoice = "auto" | "always" | "never";

export interface StartConfig {
  readonly home: string;
  /** `undefined`: the first free one. */
  readonly port: number | undefined;
  readonly hostname: string;
  /** `undefined`: http. */
  readonly tls: TlsFiles | undefined;
  /** Addresses and ranges whose forwarding headers count. */
  readonly trustedProxies: readonly string[];
  /** Proxies for requests of apps to other servers, from the usual variables of the environment. */
  readonly clientProxy: ProxySettings | undefined;
  /** Where browsers find the apps and the node's pages when a proxy is in front; without trailing slash. */
  readonly publicUrl: string | undefined;
  readonly pagesUrl: string | undefined;
  readonly verbosity: number;
  readonly processLevels: ReadonlyMap<ProcessId, ProcessLevel>;
  /** `auto`: at a console, unless the environment has NO_COLOR. */
  readonly color: ColorChoice;
  readonly logging: boolean;
  readonly maxLogBytes: number;
  readonly logFileCount: number;
  readonly detached: boolean;
  readonly dev: boolean;
  readonly packages: readonly string[];
  readonly name: string | undefined;
  readonly password: string | undefined;
  /** Files that may be open, as told; `undefined`: ask the system. */
  readonly softUlimit: number | undefined;
  /** Take, reset, import or unlock a name on chain with pages in the browser first. */
  readonly register: boolean;
  /** Provider of the chain, kept as the first one; `undefined`: those that are known, and a public one to register. */
  readonly rpc: string | undefined;
  /** Port of a local chain with the registry, in place of the real one. */
  readonly fakechainPort: number | undefined;
  /** `undefined`: a real node. */
  readonly simulation: SimulationConfig | undefined;
  readonly network: NetworkConfig;
}

function number(
  flag: string,
  value: string | undefined,
  min: number,
  max: number,
): number | undefined {
  if (value === undefined) return undefined;
  const parsed = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (parsed >= min && parsed <= max) return parsed;
  throw new NodeError(
    { code: "node.bad-flag", flag, value },
    `${flag} takes a number from ${min} to ${max}, not "${value}"`,
  );
}

/** The URL of a server, as it was typed. */
function rpcUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (/^(?:wss?|https?):$/.test(URL.parse(value)?.protocol ?? "")) return value;
  throw new NodeError(
    { code: "node.bad-flag", flag: "--rpc", value },
    `--rpc takes the address of a provider of the chain, not "${value}"`,
    { hint: "It begins with https:// or wss://" },
  );
}

/** A simulated node: its name is on a chain of this machine, and so is everybody's it knows; or there is no chain. */
export interface SimulationConfig {
  /** `undefined`: the node that the home holds. */
  readonly name: string | undefined;
  /** `undefined`: no chain; nodes know each other by invitations, as those with local names do. */
  readonly chainPort: number | undefined;
}

const DEFAULT_FAKECHAIN_PORT = 8_545;

/** 0 is no chain; a name can only be registered on one. */
function fakechain(flags: StartFlags): number | undefined {
  return number("--fakechain-port", flags.fakechainPort, flags.register === true ? 1 : 0, U16_MAX);
}

function simulation(flags: StartFlags, port: number | undefined): SimulationConfig | undefined {
  // The pages that register a name use the same local chain, for an ordinary node.
  if (flags.register === true) return undefined;
  if (flags.fakeNodeName === undefined && port === undefined) return undefined;
  if (flags.name !== undefined) {
    throw new NodeError(
      { code: "node.bad-flag", flag: "--name", value: flags.name },
      "--name is for nodes with a local identity; a simulated node has --fake-node-name",
    );
  }
  const chainPort = port === 0 ? undefined : (port ?? DEFAULT_FAKECHAIN_PORT);
  return { name: flags.fakeNodeName, chainPort };
}

function colorChoice(value = "auto"): ColorChoice {
  if (value === "auto" || value === "always" || value === "never") return value;
  throw new NodeError(
    { code: "node.bad-flag", flag: "--color", value },
    `--color takes auto, always or never, not "${value}"`,
  );
}

function tlsFiles(
  given: readonly string[] | undefined,
  environment: Environment,
): TlsFiles | undefined {
  const named = given ?? [environment["KINODE_TLS_CERT"], environment["KINODE_TLS_KEY"]];
  const [cert, key, ...rest] = named.filter((path) => path !== undefined && path !== "");
  if (cert === undefined) return undefined;
  if (key !== undefined && rest.length === 0) return { cert, key };
  throw new NodeError(
    { code: "node.bad-flag", flag: "--tls", value: named.join(" ") },
    `--tls takes two files, the certificate and its private key, not "${named.join(" ").trim()}"`,
    { hint: "Write --tls cert.pem key.pem, or set both KINODE_TLS_CERT and KINODE_TLS_KEY" },
  );
}

function trustedProxies(given: readonly string[], environment: Environment): readonly string[] {
  const named = environment["KINODE_TRUSTED_PROXIES"]?.split(",").map((text) => text.trim()) ?? [];
  const all = [...given, ...named.filter((text) => text !== "")];
  for (const value of all) {
    try {
      void new TrustedProxies([value]);
    } catch {
      throw new NodeError(
        { code: "node.bad-flag", flag: "--trusted-proxy", value },
        `--trusted-proxy takes an address or a range, not "${value}"`,
        { hint: "Write it as 10.0.0.7, 10.0.0.0/8, ::1 or fd00::/8, once for each proxy" },
      );
    }
  }
  return all;
}

function clientProxy(environment: Environment): ProxySettings | undefined {
  try {
    return readProxySettings(environment);
  } catch (thrown) {
    const hint = "It is in the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY or NO_PROXY";
    const fault = { code: "node.bad-flag", flag: "the environment", value: "" } as const;
    throw new NodeError(fault, errorText(thrown), { hint });
  }
}

function publicUrl(flag: string, value: string | undefined): string | undefined {
  if (value === undefined || value === "") return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isOrigin =
    url !== undefined && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href;
  if (isOrigin) return url.origin;
  throw new NodeError(
    { code: "node.bad-flag", flag, value },
    `${flag} takes an address as browsers see it, such as https://node.example, not "${value}"`,
    { hint: "It has no path: apps and the node's pages need the whole of a host or a port" },
  );
}

const U16_MAX = 65_535;
/** Far more than a machine has sockets for. */
const MAX_COUNT = 1_000_000;

function revealIp(value: string | boolean | undefined): boolean {
  if (value === undefined || value === true || value === "true") return true;
  if (value === "false") return false;
  throw new NodeError(
    { code: "node.bad-flag", flag: "--reveal-ip", value: String(value) },
    `--reveal-ip takes true or false, not "${String(value)}"`,
  );
}

function network(flags: StartFlags): NetworkConfig {
  return {
    isOn: flags.network !== false,
    wsPort: number("--ws-port", flags.wsPort, 0, U16_MAX),
    tcpPort: number("--tcp-port", flags.tcpPort, 0, U16_MAX),
    maxPeers: number("--max-peers", flags.maxPeers, 1, MAX_COUNT),
    maxPassthroughs: number("--max-passthroughs", flags.maxPassthroughs, 0, MAX_COUNT) ?? 0,
    revealIp: revealIp(flags.revealIp),
    announceLan: flags.announceLan === true,
  };
}

/** @throws {NodeError} `node.bad-flag` names the flag, the value and what is taken */
export function readStartFlags(
  home: string,
  flags: StartFlags,
  environment: Environment,
): StartConfig {
  const fakechainPort = fakechain(flags);
  const fileCount = number("--number-log-files", flags.numberLogFiles, 1, 10_000) ?? 4;
  return {
    home,
    port: number("--port", flags.port, 0, U16_MAX),
    hostname: flags.hostname ?? "127.0.0.1",
    tls: tlsFiles(flags.tls, environment),
    trustedProxies: trustedProxies(flags.trustedProxy ?? [], environment),
    clientProxy: clientProxy(environment),
    publicUrl: publicUrl("--public-url", flags.publicUrl ?? environment["KINODE_PUBLIC_URL"]),
    pagesUrl: publicUrl("--pages-url", flags.pagesUrl ?? environment["KINODE_PAGES_URL"]),
    verbosity: number("--verbosity", flags.verbosity, 0, 255) ?? 0,
    processLevels:
      flags.processVerbosity === undefined
        ? new Map()
        : parseProcessVerbosity(flags.processVerbosity),
    color: colorChoice(flags.color),
    logging: flags.loggingOff !== true,
    maxLogBytes:
      number("--max-log-size", flags.maxLogSize, 0, Number.MAX_SAFE_INTEGER) ?? 16_000_000,
    logFileCount: fileCount,
    detached: flags.detached === true,
    dev: flags.dev === true,
    packages: flags.package ?? [],
    name: flags.name,
    password: flags.password ?? environment["KINODE_PASSWORD"],
    softUlimit: number("--soft-ulimit", flags.softUlimit, 64, Number.MAX_SAFE_INTEGER),
    register: flags.register === true,
    rpc: rpcUrl(flags.rpc),
    fakechainPort,
    simulation: simulation(flags, fakechainPort),
    network: network(flags),
  };
}
