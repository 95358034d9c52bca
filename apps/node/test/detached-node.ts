/**
 * The real program without a terminal, for tests: start, ask, stop, kill.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const MAIN = join(import.meta.dir, "../src/main.ts");
const DEADLINE_MS = 90_000;

export interface DetachedNode {
  readonly home: string;
  readonly url: string;
  readonly pid: number;
  /** All it printed so far. */
  output(): string;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  /** A message from `http-server:distro:sys`; the body of the answer. */
  message(process: string, body: string): Promise<Uint8Array>;
  /** Sends a signal and settles with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number>;
  killHard(): Promise<void>;
}

const running = new Set<{ kill(signal: NodeJS.Signals): void }>();

/** Ends the nodes that a failed test left behind. */
export function killAllDetached(): void {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
}

/** Starts a node and waits until it answers. @param launcher - a command that runs what follows it */
export async function startDetached(
  home: string,
  args: readonly string[] = [],
  launcher: readonly string[] = [],
): Promise<DetachedNode> {
  const child = Bun.spawn(
    [...launcher, process.execPath, MAIN, "start", home, "--detached", "--port", "0", ...args],
    {
      stdout: "pipe",
      stderr: "pipe",
      env: existsSync(join(home, ".keys"))
        ? process.env
        : { ...process.env, KINODE_PASSWORD: "a password for tests" },
    },
  );
  running.add(child);
  void child.exited.then(() => running.delete(child));
  let output = "";
  const found = Promise.withResolvers<string>();
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      output += decoder.decode(chunk, { stream: true });
      const url = /Apps have their pages at (http:\S+)/.exec(output)?.[1];
      if (url !== undefined) found.resolve(url);
    }
  };
  void read(child.stderr);
  void read(child.stdout).then(() => found.reject(new Error(`The node ended:\n${output}`)));
  const timer = setTimeout(
    () => found.reject(new Error(`The node did not start:\n${output}`)),
    DEADLINE_MS,
  );
  // One that did not start in time may still be starting.
  found.promise.catch(() => child.kill("SIGKILL"));
  const url = await found.promise.finally(() => clearTimeout(timer));
  const token = readFileSync(join(home, ".local-token"), "utf8").trim();
  const headers = { authorization: `Bearer ${token}` };
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const raw =
      body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body);
    const answer = await fetch(`${url}/~/api/${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: raw }),
    });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  return {
    home,
    url,
    pid: child.pid,
    output: () => output,
    get: (path) => call("GET", path),
    post: (path, body = {}) => call("POST", path, body),
    async message(target, body) {
      const answer = await fetch(`${url}/rpc:distro:sys/message`, {
        method: "POST",
        headers,
        body: JSON.stringify({ process: target, inherit: false, expects_response: 50, body }),
      });
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
      return Uint8Array.from(((await answer.json()) as { body: number[] }).body);
    },
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return child.exited;
    },
    async killHard() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
