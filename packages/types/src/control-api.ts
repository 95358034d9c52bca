/**
 * JSON shapes of a node's control interface under `/~/api/`: used by its pages and its command line.
 * Authenticated by the login cookie on the origin of the node's own pages, or anywhere by
 * `authorization: Bearer <local token>`. An error answer has status ≥ 400
 * and the body `ControlError`.
 *
 * | method and path | body → answer |
 * | --- | --- |
 * | GET /~/api/node | → ControlNode |
 * | GET /~/api/apps | → ControlApp[] |
 * | GET /~/api/processes | → ControlProcess[] |
 * | POST /~/api/processes/<process id>/kill | → {} |
 * | POST /~/api/processes/<process id>/limit | ControlLimit → ControlProcess |
 * | GET /~/api/usage | → ControlUsage[]: disk space of every package that has files or a limit |
 * | POST /~/api/packages/<package id>/limit | ControlDiskLimit → ControlUsage |
 * | GET /~/api/capabilities | → ControlGrant[] (every grant of installed apps, given and withdrawn) |
 * | POST /~/api/capabilities/grant, …/revoke | ControlGrantChange → ControlGrant |
 * | POST /~/api/packages/inspect?id=<package id> | zip bytes → ControlInspection; `id` only for zips without metadata |
 * | POST /~/api/packages/install?hash=<version hash> | ControlInstall → ControlApp |
 * | POST /~/api/packages/replace | zip bytes → ControlReplacement: new files for an installed package that asks for the same |
 * | POST /~/api/packages/<package id>/uninstall | { purge?: boolean } → {} |
 * | GET /~/api/peers | → ControlPeers |
 * | POST /~/api/peers/invite | ControlInvite → ControlInvitation |
 * | POST /~/api/peers/join | { text: string } → ControlPeer |
 * | POST /~/api/peers/<name>/accept | → ControlPeer: a node that is near becomes known |
 * | POST /~/api/peers/<name>/remove | → {} |
 * | POST /~/api/routers/<name>/add, …/remove | → ControlPeers |
 * | POST /~/api/peers/rotate-key | { password: string } → { fingerprint: string }: holds at once |
 * | POST /~/api/send | ControlSend → ControlAnswer |
 * | GET /~/api/logs?lines=<n> | → { lines: string[] } |
 * | GET /~/api/logs/follow | server-sent events, data = one line as JSON text |
 * | GET /~/api/events | server-sent events, data = ControlEvent |
 * | GET /~/api/terminal?columns=<n>&rows=<n> | a web socket, on the origin of the node's own pages only: text frames to draw ← ControlTerminalInput |
 * | POST /~/api/login-link | → { url: string } |
 * | POST /~/api/shutdown | → {} |
 * @module
 */

export interface ControlError {
  readonly error: { readonly code: string; readonly message: string };
}

export interface ControlNode {
  readonly name: string;
  readonly version: string;
  /** Where apps are. */
  readonly url: string;
  /** Port of that address: pages reach apps on it by whatever host name the browser used. */
  readonly appsPort: number;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly processCount: number;
}

export type ControlAppState =
  "running" | "partly running" | "stopped" | "update waits for approval";

export interface ControlApp {
  /** `package:publisher` */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly version: string;
  /** Path of its page on this node, or null. */
  readonly path: string | null;
  /** Data URL, or null. */
  readonly icon: string | null;
  readonly bundled: boolean;
  readonly state: ControlAppState;
  readonly processes: readonly string[];
  /** How many of its requested capabilities are withdrawn or were denied. */
  readonly withdrawnCount: number;
}

export interface ControlProcess {
  readonly id: string;
  readonly package: string;
  /** "missing module": a part of the node that this version does not have; it answers with an error. */
  readonly state: "module" | "missing module" | "initialized" | "running" | "restarting";
  readonly onExit: "none" | "restart" | "requests";
  readonly public: boolean;
  readonly mailboxCount: number;
  readonly memoryBytes: number;
  /** Processor time since it started. */
  readonly cpuMs: number;
  /** Its weight among processes that compute at the same time. */
  readonly cpuShares: number;
  /** Processor time at full speed before it is held to its share. */
  readonly cpuBurstMs: number;
  readonly capabilityCount: number;
}

/** What every process has until a person sets something else. */
export const DEFAULT_CPU_LIMIT = { shares: 1, burstMs: 200 } as const;

/** What changes; `null` goes back to the default. */
export interface ControlLimit {
  /** From 1 to 1,000. */
  readonly shares?: number | null;
  /** From 0 to 60,000. */
  readonly burstMs?: number | null;
}

/** What a package has on the disk: its files and its databases. */
export interface ControlUsage {
  readonly package: string;
  readonly usedBytes: number;
  /** Null without a limit. */
  readonly limitBytes: number | null;
}

/** `null` takes the limit away; without it nothing changes. */
export interface ControlDiskLimit {
  readonly diskBytes?: number | null;
}

export type CapabilityRisk = "usual" | "powerful" | "full-control";

/** One capability a process has, had, or asked for. */
export interface ControlGrant {
  /** Who holds or asked for it. */
  readonly holder: string;
  /** `node@process:package:publisher` */
  readonly issuer: string;
  readonly params: string;
  /** In plain words, e.g. "read and write its own files". */
  readonly description: string;
  readonly risk: CapabilityRisk;
  readonly granted: boolean;
  /** Why it is there: asked for by the app, or added later by a process or the person. */
  readonly origin: "requested" | "acquired";
}

export interface ControlGrantChange {
  readonly holder: string;
  readonly issuer: string;
  readonly params: string;
}

/** What a package asks for, before anything of it runs. */
export interface ControlInspection {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly version: string;
  /** SHA-256 of the zip, hex; names the upload when installing. */
  readonly hash: string;
  readonly installedVersion: string | null;
  readonly processes: readonly string[];
  readonly capabilities: readonly (Omit<ControlGrant, "granted" | "origin"> & {
    /** Already approved for the installed version. */
    readonly approved: boolean;
    /** Refused or withdrawn earlier; stays so unless the person gives it back. */
    readonly withdrawn?: boolean;
  })[];
  readonly problems: readonly string[];
}

export interface ControlInstall {
  /** Capabilities that are refused; everything else asked for is granted. */
  readonly denied: readonly ControlGrantChange[];
}

/** Programs that were put in the place of running ones. */
export interface ControlReplacement {
  /** SHA-256 of the zip, hex. */
  readonly hash: string;
  /** Processes that run a new program now. */
  readonly replaced: readonly string[];
}

/** What this node is, and which others it knows without a registry. */
export interface ControlPeers {
  readonly our: {
    readonly name: string;
    /** Of its networking key: what two people compare. */
    readonly fingerprint: string;
    /** `ip:port` by TCP; empty: behind routers, or not listening. */
    readonly addresses: readonly string[];
    readonly routers: readonly string[];
    /** Pairs of other nodes it joins at most; 0: it is no router. */
    readonly maxPassthroughs: number;
  };
  readonly peers: readonly ControlPeer[];
  /** Seen on the local network and not trusted. */
  readonly nearby: readonly ControlNearby[];
}

export interface ControlPeer {
  readonly name: string;
  readonly fingerprint: string;
  /** "direct at 192.0.2.7", "through router.local", or "it calls us". */
  readonly route: string;
  readonly isConnected: boolean;
  /** Milliseconds since 1970. */
  readonly lastSeenMs: number;
  readonly origin: "invited" | "joined" | "router" | "nearby" | "guest";
  /** Who vouches for a guest, or named the router. */
  readonly by: string | null;
  readonly isOurRouter: boolean;
  /** It could become one: it has an address. */
  readonly mayRoute: boolean;
}

export interface ControlNearby {
  readonly name: string;
  readonly fingerprint: string;
  readonly address: string;
  /** Another node is known by this name, with another key. */
  readonly isImpostor: boolean;
}

export interface ControlInvite {
  /** Default: a day. At most a year. */
  readonly expiresSeconds?: number;
  /** How many nodes may come, 1 to 1,000. Default 1. */
  readonly uses?: number;
}

export interface ControlInvitation {
  /** One line to copy. */
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
}

export interface ControlSend {
  /** `node@process:package:publisher`; node may be `our`. */
  readonly target: string;
  /** Sent as UTF-8. */
  readonly body: string;
  /** Seconds; null sends without waiting. */
  readonly timeout: number | null;
}

export type ControlAnswer =
  | {
      readonly kind: "response";
      readonly source: string;
      readonly body: string;
      readonly metadata: string | null;
      readonly blobBytes: number | null;
      /** The blob itself when it is a text (mime `text/plain`) of at most 64 KiB. */
      readonly blobText: string | null;
    }
  | { readonly kind: "send-error"; readonly error: "offline" | "timeout" }
  | { readonly kind: "sent" };

export type ControlEvent =
  | { readonly kind: "apps-changed" }
  | { readonly kind: "capabilities-changed"; readonly process: string }
  | { readonly kind: "process-started" | "process-ended"; readonly process: string };

/** A frame of the browser on the web socket of a terminal, as JSON. */
export type ControlTerminalInput =
  /** As a console sends them. */
  | { readonly keys: string }
  /** So many UTF-16 units have been drawn since the last time. Who does not say so gets no more printed lines. */
  | { readonly read: number }
  /** The window's new size in cells. */
  | { readonly columns: number; readonly rows: number };

/** Why the node closes the web socket of a terminal. */
export const CONTROL_TERMINAL_CLOSE = {
  /** The node stops: connect again later. */
  stopping: 1001,
  /** A frame was not of a form above. */
  malformed: 4400,
  /** The login has ended. */
  loggedOut: 4401,
  /** Too much was sent and not drawn. */
  unread: 4408,
} as const;
