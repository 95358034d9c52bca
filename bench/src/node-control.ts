/**
 * The control interface of a node that was started as a program.
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export type Sent =
  | { readonly kind: "response"; readonly body: string }
  | { readonly kind: "send-error"; readonly error: string }
  | { readonly kind: "sent" };

export interface NodeControl {
  /** Sends as the terminal; without `seconds` no answer is waited for. @throws {Error} the node refuses, or does not answer */
  send(process: string, body: unknown, seconds?: number): Promise<Sent>;
  kill(process: string): Promise<void>;
}

/** @param home - home folder of the node, which holds its token */
export function connectControl(home: string, port: number): NodeControl {
  const token = readFileSync(join(home, ".local-token"), "utf8").trim();
  const post = async <T>(path: string, body: unknown): Promise<T> => {
    const response = await fetch(`http://127.0.0.1:${port}/~/api/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: status ${response.status}: ${text}`);
    return JSON.parse(text) as T;
  };
  return {
    send: (process, body, seconds) =>
      post<Sent>("send", {
        target: `our@${process}`,
        body: typeof body === "string" ? body : JSON.stringify(body),
        timeout: seconds ?? null,
      }),
    async kill(process) {
      await post(`processes/${encodeURIComponent(process)}/kill`, {});
    },
  };
}
