/**
 * The control interface under `/~/api/`: who may use it, and which request does what.
 * Paths and shapes: `control-api.ts` of `@kinode-ts/types`.
 * @module
 */
import type { ControlNode } from "@kinode-ts/types";
import { KERNEL_PROCESS } from "@kinode-ts/types";
import { ControlFault, faultAnswer, json, readJson } from "./answers.ts";
import { findProcess } from "./find-process.ts";
import { listApps, listProcesses } from "./apps.ts";
import type { ControlPowers } from "./control-powers.ts";
import { eventStream, logStream } from "./event-stream.ts";
import { limitPackage, listUsage } from "./disk-limits.ts";
import { limitProcess } from "./limits.ts";
import {
  grantChangeSchema,
  inspectUpload,
  installUpload,
  replaceUpload,
  uninstallPackage,
} from "./packages.ts";
import {
  acceptPeer,
  changeRouter,
  invite,
  join,
  listPeers,
  removePeer,
  rotateKey,
} from "./peers.ts";
import { sendMessage } from "./send.ts";

export const CONTROL_PREFIX = "/~/api/";

const DEFAULT_LOG_LINES = 100;
const MAX_LOG_LINES = 1_000;

function showNode(powers: ControlPowers): ControlNode {
  return {
    name: powers.kernel.our,
    version: powers.version,
    url: powers.url(),
    appsPort: powers.appsPort(),
    startedAtMs: powers.startedAtMs,
    processCount: powers.kernel.processes().filter(({ state }) => state !== "module").length,
  };
}

async function killProcess(powers: ControlPowers, id: string): Promise<object> {
  const { kernel } = powers;
  const info = findProcess(kernel, id, "cannot be ended");
  await kernel.kill(info.id);
  return {};
}

function logLines(powers: ControlPowers, url: URL): object {
  const wanted = Number(url.searchParams.get("lines") ?? DEFAULT_LOG_LINES);
  if (!Number.isInteger(wanted) || wanted < 1) {
    throw new ControlFault(400, "control.bad-query", '"lines" is a number from 1');
  }
  return { lines: powers.printer.recent(Math.min(wanted, MAX_LOG_LINES)) };
}

function shutdown(powers: ControlPowers): object {
  powers.clock.after(50, powers.shutdown);
  return {};
}

type Route = (powers: ControlPowers, request: Request, url: URL, argument: string) => unknown;

/** `*` stands for one argument. */
const ROUTES: Readonly<Record<string, Route>> = {
  "GET node": showNode,
  "GET apps": listApps,
  "GET processes": listProcesses,
  "POST processes/*/kill": (powers, _request, _url, id) => killProcess(powers, id),
  "POST processes/*/limit": (powers, request, _url, id) => limitProcess(powers, request, id),
  "GET usage": listUsage,
  "POST packages/*/limit": (powers, request, _url, id) => limitPackage(powers, request, id),
  "GET capabilities": (powers) => powers.permissions.list(),
  "POST capabilities/grant": async (powers, request) =>
    powers.permissions.grant(await readJson(request, grantChangeSchema)),
  "POST capabilities/revoke": async (powers, request) =>
    powers.permissions.revoke(await readJson(request, grantChangeSchema)),
  "POST packages/inspect": inspectUpload,
  "POST packages/install": installUpload,
  "POST packages/replace": replaceUpload,
  "POST packages/*/uninstall": (powers, request, _url, id) => uninstallPackage(powers, request, id),
  "GET peers": listPeers,
  "POST peers/invite": invite,
  "POST peers/join": join,
  "POST peers/rotate-key": rotateKey,
  "POST peers/*/accept": (powers, _request, _url, name) => acceptPeer(powers, name),
  "POST peers/*/remove": (powers, _request, _url, name) => removePeer(powers, name),
  "POST routers/*/add": (powers, _request, _url, name) => changeRouter(powers, name, "add"),
  "POST routers/*/remove": (powers, _request, _url, name) => changeRouter(powers, name, "remove"),
  "POST send": sendMessage,
  "GET logs": (powers, _request, url) => logLines(powers, url),
  "GET logs/follow": (powers, request) => logStream(powers, request.signal),
  "GET events": (powers, request) => eventStream(powers, request.signal),
  "POST login-link": (powers) => ({ url: powers.issueLoginLink() }),
  "POST shutdown": shutdown,
};

function findRoute(method: string, path: string): readonly [Route, string] {
  const exact = ROUTES[`${method} ${path}`];
  if (exact !== undefined) return [exact, ""];
  const [first, argument, last, ...rest] = path.split("/");
  const pattern = rest.length === 0 && last !== undefined ? `${first}/*/${last}` : path;
  const route = ROUTES[`${method} ${pattern}`];
  if (route !== undefined) return [route, argument ?? ""];
  const isKnown = ["GET", "POST"].some(
    (other) => ROUTES[`${other} ${pattern}`] ?? ROUTES[`${other} ${path}`],
  );
  if (isKnown) throw new ControlFault(405, "control.bad-method", `${path} does not take ${method}`);
  throw new ControlFault(404, "control.unknown-path", `There is no ${CONTROL_PREFIX}${path}`);
}

/** Answers one request below `/~/api/`. Never rejects. */
export async function handleControl(
  powers: ControlPowers,
  request: Request,
  access: { readonly authenticated: boolean; readonly sameOrigin: boolean },
): Promise<Response> {
  try {
    if (!access.authenticated) {
      throw new ControlFault(401, "control.not-logged-in", "Log in first, or send the local token");
    }
    // A page of another site must not act with the person's cookie.
    if (!access.sameOrigin) {
      throw new ControlFault(403, "control.foreign-origin", "Pages of other sites may not do this");
    }
    const url = new URL(request.url);
    const path = decodeURIComponent(url.pathname.slice(CONTROL_PREFIX.length));
    const [route, argument] = findRoute(request.method, path);
    const answer = await route(powers, request, url, argument);
    return answer instanceof Response ? answer : json(answer);
  } catch (thrown) {
    if (thrown instanceof URIError)
      return json({ error: { code: "control.bad-path", message: "The path is not valid" } }, 400);
    return faultAnswer(thrown, (text) =>
      powers.printer.print(0, KERNEL_PROCESS, `Control interface: ${text}`),
    );
  }
}
