/**
 * Talks to the running node of a home folder, with its local token.
 * @module
 */
import { type ControlError, errorText } from "@kinode-ts/types";
import { NodeError } from "../boot/errors.ts";
import { type HomeFolder, homeFolder } from "../boot/home-folder.ts";
import { isAlive, readRunFile, readToken, type RunFile, SAME_MACHINE } from "../boot/run-file.ts";

export interface ControlClient {
  readonly run: RunFile;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  /** The answer as it comes, for streams. */
  open(path: string, signal?: AbortSignal): Promise<Response>;
}

function notRunning(home: HomeFolder): NodeError {
  return new NodeError(
    { code: "node.not-running", home: home.path },
    `No node is running with the home "${home.path}"`,
    { hint: 'Start it with "kinode start", or name another home with --home <folder>' },
  );
}

/** @throws {NodeError} `node.not-running`, later `node.unreachable` and `node.answer` */
export function connectToNode(homePath: string): ControlClient {
  const home = homeFolder(homePath);
  const run = readRunFile(home);
  if (run === undefined || !isAlive(run.pid)) throw notRunning(home);
  const token = readToken(home);
  if (token === undefined) throw notRunning(home);
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Response> => {
    const isBytes = body instanceof Uint8Array;
    const response = await fetch(`${run.url}/~/api/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      tls: SAME_MACHINE,
      ...(body === undefined
        ? {}
        : { body: isBytes ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((thrown: unknown) => {
      throw new NodeError(
        { code: "node.unreachable", url: run.url },
        `The node at ${run.url} does not answer: ${errorText(thrown)}`,
        { hint: 'Look at it with "kinode doctor"' },
      );
    });
    if (response.ok) return response;
    const answer = (await response.json().catch(() => undefined)) as ControlError | undefined;
    const reason = answer?.error.message ?? `the node answered with status ${response.status}`;
    throw new NodeError({ code: "node.answer", status: response.status, reason }, reason);
  };
  return {
    run,
    get: async <T>(path: string) => (await (await call("GET", path)).json()) as T,
    post: async <T>(path: string, body: unknown = {}) =>
      (await (await call("POST", path, body)).json()) as T,
    open: (path, signal) => call("GET", path, undefined, signal),
  };
}
