/**
 * The control interface as the pages use it. Paths and shapes: `control-api.ts` of `@kinode-ts/types`.
 * @module
 */
import type {
  ControlApp,
  ControlError,
  ControlEvent,
  ControlGrant,
  ControlGrantChange,
  ControlInspection,
  ControlInvitation,
  ControlInvite,
  ControlNode,
  ControlPeer,
  ControlPeers,
  ControlProcess,
  ControlUsage,
} from "@kinode-ts/types";

/** An answer with status ≥ 400; `message` is the node's own text. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const SESSION_ENDED = "Your session has ended";
let sessionEnded = (): void => {};

/** Calls `ended` when an answer shows that nobody is logged in any more. */
export function onSessionEnd(ended: () => void): void {
  sessionEnded = ended;
}

async function call<T>(method: "GET" | "POST", path: string, body?: BodyInit): Promise<T> {
  const response = await fetch(`/~/api/${path}`, {
    method,
    headers: { accept: "application/json" },
    ...(body === undefined ? {} : { body }),
  });
  if (response.status === 401) {
    sessionEnded();
    throw new ApiError(401, SESSION_ENDED);
  }
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  if (!isJson) {
    throw new ApiError(response.status, `The node answered with status ${response.status}`);
  }
  const answer = (await response.json()) as T | ControlError;
  if (!response.ok) throw new ApiError(response.status, (answer as ControlError).error.message);
  return answer as T;
}

const json = (value: unknown) => JSON.stringify(value);

export const api = {
  node: () => call<ControlNode>("GET", "node"),
  apps: () => call<ControlApp[]>("GET", "apps"),
  processes: () => call<ControlProcess[]>("GET", "processes"),
  usage: () => call<ControlUsage[]>("GET", "usage"),
  kill: (id: string) => call<unknown>("POST", `processes/${encodeURIComponent(id)}/kill`, json({})),
  peers: () => call<ControlPeers>("GET", "peers"),
  invite: (asked: ControlInvite) => call<ControlInvitation>("POST", "peers/invite", json(asked)),
  join: (text: string) => call<ControlPeer>("POST", "peers/join", json({ text })),
  acceptPeer: (name: string) =>
    call<ControlPeer>("POST", `peers/${encodeURIComponent(name)}/accept`, json({})),
  removePeer: (name: string) =>
    call<unknown>("POST", `peers/${encodeURIComponent(name)}/remove`, json({})),
  changeRouter: (name: string, action: "add" | "remove") =>
    call<ControlPeers>("POST", `routers/${encodeURIComponent(name)}/${action}`, json({})),
  capabilities: () => call<ControlGrant[]>("GET", "capabilities"),
  grant: (change: ControlGrantChange) =>
    call<ControlGrant>("POST", "capabilities/grant", json(change)),
  revoke: (change: ControlGrantChange) =>
    call<ControlGrant>("POST", "capabilities/revoke", json(change)),
  inspect: (zip: Blob) => call<ControlInspection>("POST", "packages/inspect", zip),
  install: (hash: string, denied: readonly ControlGrantChange[]) =>
    call<ControlApp>("POST", `packages/install?hash=${hash}`, json({ denied })),
  uninstall: (id: string, purge: boolean) =>
    call<unknown>("POST", `packages/${encodeURIComponent(id)}/uninstall`, json({ purge })),
};

/** Ends the login of this browser and goes where one logs in. */
export async function logOut(): Promise<void> {
  await fetch("/~/logout", { method: "POST" });
  location.assign("/");
}

type Listener = (event: ControlEvent | undefined) => void;
const listeners = new Set<Listener>();
let source: EventSource | undefined;
let connectionChanged = (_isThere: boolean): void => {};

/** Calls `changed` when the node cannot be reached any more, and when it can again. */
export function onConnection(changed: (isThere: boolean) => void): void {
  connectionChanged = changed;
}

function tell(event: ControlEvent | undefined): void {
  for (const listener of listeners) listener(event);
}

/**
 * Calls `changed` for every event of the node, and with `undefined` after each reconnection.
 * All listeners share one connection: a browser has only six for a site. Returns how to stop.
 */
export function listen(changed: Listener): () => void {
  listeners.add(changed);
  if (source === undefined) {
    source = new EventSource("/~/api/events");
    source.onopen = () => {
      connectionChanged(true);
      tell(undefined);
    };
    source.onerror = () => connectionChanged(false);
    source.onmessage = (event) => tell(JSON.parse(event.data as string) as ControlEvent);
  }
  return () => {
    listeners.delete(changed);
    if (listeners.size > 0) return;
    source?.close();
    source = undefined;
  };
}
