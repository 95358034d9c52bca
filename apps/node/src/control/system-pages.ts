/**
 * The node's own pages and the control interface, on a port and so an origin of their own.
 *
 * All apps share one origin, and a script on an app's page may do there whatever the person may. If the control
 * interface took the person's cookie on that origin, every app could grant itself everything. Browsers keep origins
 * apart by their port; the login cookie belongs to the host and serves both.
 * @module
 */
import {
  DEFAULT_HTTP_LIMITS,
  LoginLinks,
  LoginTokens,
  type TlsIdentity,
  TrustedProxies,
  visibleHost,
} from "@kinode-ts/http";
import type { Clock, NodeId, Random } from "@kinode-ts/types";
import type { RemoteScreen } from "@kinode-ts/terminal";
import type { OpenTerminal } from "../boot/terminals.ts";
import { CONTROL_PREFIX } from "./control.ts";
import { readSize, TERMINAL_PATH, type WebTerminalData, WebTerminals } from "./web-terminal.ts";

export interface SystemPagesOptions {
  readonly our: NodeId;
  readonly hostname: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Signs login tokens: the same as the apps' server has. */
  readonly secret: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  /** By path below the root: `index.html`, `main.js` … */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly control: (
    request: Request,
    access: { readonly authenticated: boolean; readonly sameOrigin: boolean },
  ) => Promise<Response>;
  /** `undefined`: there is no terminal to open. */
  readonly openTerminal: (screen: RemoteScreen, session: string) => OpenTerminal | undefined;
  /** Port of the apps, whose server has the login page. */
  readonly appsPort: number;
  /** Serves https. */
  readonly tls?: TlsIdentity | undefined;
  /** As for the apps. */
  readonly trustedProxies?: readonly string[];
  /** Where browsers find these pages and the apps; default: by this port and the other. */
  readonly publicUrl?: string | undefined;
  readonly appsUrl?: string | undefined;
}

export interface SystemPages {
  readonly port: number;
  readonly url: string;
  /** Logs one browser in, once. */
  issueLoginLink(): string;
  /** Shows another certificate to new connections. */
  renewCertificate(tls: TlsIdentity): void;
  /** Ends connections that wait for their next request. */
  closeIdle(): void;
  stop(): Promise<void>;
}

const LOGIN_PATH = "/~/login";
const LOGOUT_PATH = "/~/logout";
/** Asks the login page to say why the link does not log in. */
export const ENDED_LINK = "?ended-link";
const MAX_BODY_BYTES = 256 * 1024 * 1024;

const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
} as const;

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
};

/** The address as the browser wrote it: a trusted proxy says what it was. */
function visibleUrl(request: Request, self: Bun.Server<unknown>, proxies: TrustedProxies): URL {
  const url = new URL(request.url);
  const said = proxies.isEmpty ? undefined : proxies.read(self.requestIP(request), request.headers);
  const host = said?.host ?? url.host;
  const protocol = said?.protocol === undefined ? url.protocol : `${said.protocol}:`;
  return new URL(`${protocol}//${host}${url.pathname}${url.search}`);
}

/** Requests of pages of another origin, also of the same host's other port, carry one of these. */
function isSameOrigin(request: Request, url: URL): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return false;
  const origin = request.headers.get("origin");
  return origin === null || origin === url.origin;
}

/** Opens the port. */
export function serveSystemPages(options: SystemPagesOptions): SystemPages {
  const { our, hostname, secret, clock, random, files } = options;
  const tokens = new LoginTokens({ our, secret, clock, lifeMs: DEFAULT_HTTP_LIMITS.tokenLifeMs });
  const links = new LoginLinks({ clock, random, lifeMs: DEFAULT_HTTP_LIMITS.loginLinkLifeMs });

  const page = (path: string): Response => {
    const name = path === "/" ? "index.html" : path.slice(1);
    const bytes = files.get(name);
    if (bytes === undefined) return new Response(null, { status: 404, headers: HEADERS });
    const type = TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
    return new Response(new Uint8Array(bytes), { headers: { ...HEADERS, "content-type": type } });
  };
  const redirect = (location: string, more: Record<string, string> = {}): Response =>
    new Response(null, { status: 303, headers: { ...HEADERS, ...more, location } });

  const loginPage = (url: URL): string => {
    const apps = options.appsUrl ?? `${url.protocol}//${url.hostname}:${options.appsPort}`;
    return `${apps}/~/system`;
  };

  const proxies = new TrustedProxies(options.trustedProxies ?? []);
  const answer = (request: Request, url: URL): Response | Promise<Response> => {
    const authenticated = tokens.isLoggedIn(request.headers.get("cookie"), null);
    if (url.pathname.startsWith(CONTROL_PREFIX)) {
      return options.control(request, { authenticated, sameOrigin: isSameOrigin(request, url) });
    }
    if (url.pathname === LOGOUT_PATH && request.method === "POST") {
      if (!isSameOrigin(request, url)) return new Response(null, { status: 403, headers: HEADERS });
      const cookie = tokens.clearCookie(null, url.protocol === "https:");
      return new Response(null, { status: 204, headers: { ...HEADERS, "set-cookie": cookie } });
    }
    if (request.method !== "GET") return new Response(null, { status: 405, headers: HEADERS });
    if (url.pathname === LOGIN_PATH) {
      const isGood = links.redeem(url.searchParams.get("token") ?? "");
      if (!isGood) return authenticated ? redirect("/") : redirect(loginPage(url) + ENDED_LINK);
      return redirect("/", { "set-cookie": tokens.issueCookie(null, url.protocol === "https:") });
    }
    if (!authenticated && url.pathname === "/") return redirect(loginPage(url));
    return page(url.pathname);
  };

  const terminals = new WebTerminals({ clock, open: options.openTerminal });
  const refuse = (status: number): Response => new Response(null, { status, headers: HEADERS });
  /** A browser names its origin when it opens a web socket, and sends the cookie whatever page asks. */
  const openTerminal = (
    request: Request,
    self: Bun.Server<WebTerminalData>,
  ): Response | undefined => {
    const url = visibleUrl(request, self, proxies);
    const cookie = request.headers.get("cookie");
    const isLoggedIn = (): boolean => tokens.isLoggedIn(cookie, null);
    if (!isLoggedIn()) return refuse(401);
    if (request.headers.get("origin") === null || !isSameOrigin(request, url)) return refuse(403);
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") return refuse(426);
    if (terminals.isFull) return refuse(503);
    const data = { ...readSize(url), isLoggedIn, view: undefined };
    return self.upgrade(request, { data }) ? undefined : refuse(400);
  };

  const open = (at: number, tls: TlsIdentity | undefined): Bun.Server<WebTerminalData> =>
    Bun.serve<WebTerminalData>({
      hostname,
      port: at,
      ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key } }),
      idleTimeout: 60,
      maxRequestBodySize: MAX_BODY_BYTES,
      websocket: terminals.handler,
      async fetch(request, self) {
        if (new URL(request.url).pathname === TERMINAL_PATH) return openTerminal(request, self);
        const response = await answer(request, visibleUrl(request, self, proxies));
        // A stream of events may be silent for long.
        const type = response.headers.get("content-type") ?? "";
        if (type.startsWith("text/event-stream")) self.timeout(request, 0);
        return response;
      },
      error: () => new Response(null, { status: 500, headers: HEADERS }),
    });
  let server = open(options.port, options.tls);
  /** With certificates of before; they finish what they have. */
  const older = new Set<Bun.Server<WebTerminalData>>();
  const port = server.port ?? options.port;
  // As the apps' server: by name, so that the cookie of the one is sent to the other.
  const scheme = options.tls === undefined ? "http" : "https";
  const url = options.publicUrl ?? `${scheme}://${visibleHost(hostname)}:${port}`;
  return {
    port,
    url,
    issueLoginLink: () => `${url}${LOGIN_PATH}?token=${links.issue()}`,
    renewCertificate(tls) {
      const old = server;
      older.add(old);
      void old.stop(false).then(() => older.delete(old));
      server = open(port, tls);
    },
    closeIdle() {
      for (const each of [server, ...older]) each.closeIdleConnections();
    },
    stop: async () => {
      terminals.stop();
      await Promise.all([server, ...older].map((each) => each.stop(true)));
    },
  };
}
