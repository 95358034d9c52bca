/**
 * Whole programs for measuring: the node as its user starts it, and the plainest server as its baseline.
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const FIRST_PAGE_DEADLINE_MS = 20_000;
const ROOT = join(import.meta.dir, "../..");
const MAIN = join(ROOT, "apps/node/src/main.ts");

/** What pages of processes are compared with: `/` is the same page; at `/<number>` there are so many bytes. */
const BARE_SERVER = `
const bodies = new Map();
const body = (bytes) => bodies.get(bytes) ?? bodies.set(bytes, Buffer.alloc(bytes, "x")).get(bytes);
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request) {
    const bytes = Number(request.url.slice(request.url.indexOf("/", 8) + 1));
    if (bytes > 0) return new Response(body(bytes), { headers: { "content-type": "text/plain" } });
    return new Response("<h1>Hello</h1>", { headers: { "content-type": "text/html" } });
  },
});
console.log("http://127.0.0.1:" + server.port);
`;

export interface ServerProgram extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** Milliseconds from starting the program to the first answer. */
  readonly firstPageMs: number;
  /** Rejects when the program ends though nobody stopped it; else never settles. */
  readonly ended: Promise<never>;
  /** Whole printed text so far. */
  readonly printed: () => string;
}

async function startServer(command: readonly string[], address: RegExp): Promise<ServerProgram> {
  const startedMs = performance.now();
  const child = Bun.spawn([...command], {
    cwd: ROOT,
    // As the node's own program sets it: docs/decisions/0002-bounds-checked-memories.md.
    env: { ...process.env, BUN_JSC_useWasmFastMemory: "0" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  let text = "";
  const found = Promise.withResolvers<string>();
  const decoder = new TextDecoder();
  void (async () => {
    for await (const chunk of child.stdout) {
      text += decoder.decode(chunk, { stream: true });
      const match = address.exec(text);
      if (match !== null) found.resolve(match[1]!);
    }
    found.reject(new Error(`The program ended before it served anything:\n${text}`));
  })();
  const port = Number(await found.promise);
  const deadlineMs = startedMs + FIRST_PAGE_DEADLINE_MS;
  let status = 0;
  while (status !== 200 && performance.now() < deadlineMs) {
    const page = await fetch(`http://127.0.0.1:${port}/`);
    await page.arrayBuffer();
    status = page.status;
  }
  const firstPageMs = performance.now() - startedMs;
  if (status !== 200) {
    child.kill("SIGKILL");
    throw new Error(`The first page has status ${status}`);
  }
  let stopping = false;
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {}); // only for those who ask
  void child.exited.then((code) => {
    if (!stopping) ended.reject(new Error(`The program ended by itself with code ${code}`));
  });
  return {
    port,
    ended: ended.promise,
    pid: child.pid,
    firstPageMs,
    printed: () => text,
    async [Symbol.asyncDispose]() {
      stopping = true;
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

export function startBareServer(): Promise<ServerProgram> {
  return startServer([process.execPath, "-e", BARE_SERVER], /http:\/\/127\.0\.0\.1:(\d+)/);
}

export function startNode(home: string, args: readonly string[] = []): Promise<ServerProgram> {
  return startServer(
    [process.execPath, MAIN, "start", home, "--detached", ...args],
    /Apps have their pages at http:\/\/[^:\s]+:(\d+)/,
  );
}

/** Follows the printed one-time link; the cookie that it sets. */
export async function logIn(node: ServerProgram): Promise<string> {
  const link = /http:\S+\/~\/login\?token=[\w-]+/.exec(node.printed())?.[0] ?? "";
  const answer = await fetch(link, { redirect: "manual" });
  const cookie = answer.headers.get("set-cookie")?.split(";")[0];
  if (cookie === undefined) throw new Error("The login link sets no cookie");
  return cookie;
}

/**
 * Settles when a process answers its page: the node serves other pages before all its processes have bound theirs.
 * @throws {Error} the page is the one strangers get, or does not come
 */
export async function waitForPage(
  node: ServerProgram,
  path: string,
  cookie: string,
): Promise<void> {
  const deadlineMs = performance.now() + FIRST_PAGE_DEADLINE_MS;
  const url = `http://127.0.0.1:${node.port}${path}`;
  for (;;) {
    const page = await fetch(url, { headers: { cookie } });
    const text = await page.text();
    if (page.status === 200) {
      // The login page has status 200, too.
      if (text !== (await (await fetch(url)).text())) return;
      throw new Error(`${path} does not accept the login`);
    }
    if (performance.now() > deadlineMs) throw new Error(`${path} has status ${page.status}`);
    await Bun.sleep(5);
  }
}

export interface TemporaryFolder extends Disposable {
  readonly path: string;
}

export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "kinode-bench-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Packs a package folder, of this repository or by its whole path; path of the zip. */
export async function packFolder(folder: string, into: string): Promise<string> {
  const zip = join(into, `${folder.replaceAll("/", "-")}.zip`);
  const child = Bun.spawn([process.execPath, MAIN, "pack", resolve(ROOT, folder), "--out", zip], {
    stdout: "ignore",
    stderr: "inherit",
  });
  if ((await child.exited) !== 0) throw new Error(`Cannot pack ${folder}`);
  return zip;
}
