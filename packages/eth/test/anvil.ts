/**
 * A real chain for tests: anvil from npm, a block per request, started on a free port.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** The program, or `undefined` where the package for this machine is not installed. */
export function anvilBinary(): string | undefined {
  try {
    const own = createRequire(import.meta.url).resolve("@foundry-rs/anvil/package.json");
    const name = `@foundry-rs/anvil-${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
    const found = createRequire(own).resolve(`${name}/package.json`);
    const path = join(found, "..", "bin", "anvil");
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

export interface Chain {
  readonly httpUrl: string;
  readonly wsUrl: string;
  readonly port: number;
  /** A call past the module. */
  rpc(method: string, params?: readonly unknown[]): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startAnvil(port = 0, extra: readonly string[] = []): Promise<Chain> {
  const child = Bun.spawn(
    [anvilBinary()!, "--port", String(port), "--host", "127.0.0.1", "--no-cors", ...extra],
    { stdout: "pipe", stderr: "ignore" },
  );
  const chosen = await listeningPort(child.stdout);
  const httpUrl = `http://127.0.0.1:${chosen}`;
  let id = 0;
  return {
    httpUrl,
    wsUrl: `ws://127.0.0.1:${chosen}`,
    port: chosen,
    async rpc(method, params = []) {
      const response = await fetch(httpUrl, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params }),
      });
      const { result, error } = (await response.json()) as { result: unknown; error?: unknown };
      if (error !== undefined) throw new Error(JSON.stringify(error));
      return result;
    },
    async stop() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

async function listeningPort(output: ReadableStream<Uint8Array>): Promise<number> {
  const decoder = new TextDecoder();
  let text = "";
  const reader = output.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    text += decoder.decode(value);
    const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(text)?.[1];
    if (port !== undefined) {
      void (async () => {
        while (!(await reader.read()).done);
      })();
      return Number(port);
    }
    if (done) throw new Error(`anvil did not start: ${text}`);
  }
}
