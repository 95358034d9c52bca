/**
 * Reads of the chain before a node runs: one call at a time, over HTTP or a web socket.
 * Source: spec/network-identity.md §4.4 ("RPC for all this").
 * @module
 */
import { NodeError } from "../boot/errors.ts";
import type { CallContract } from "./chain-routing.ts";

/** What the public is offered for reading the registry's chain. */
export const DEFAULT_RPC_URL = "wss://base-rpc.publicnode.com";
const TIMEOUT_MS = 10_000;
const MAX_ANSWER_LENGTH = 1 << 20;

/** A provider failed; says which, and in which way. */
export class RpcError extends Error {
  override name = "RpcError";
}

interface Ask {
  readonly url: URL;
  readonly body: string;
  readonly signal: AbortSignal;
}

async function askHttp({ url, body, signal }: Ask): Promise<string> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    signal,
  });
  let text = "";
  const decoder = new TextDecoder();
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (text.length > MAX_ANSWER_LENGTH) throw new RpcError("its answer is too large");
  }
  if (!response.ok) throw new RpcError(`it answered HTTP ${response.status}`);
  return text;
}

function askSocket({ url, body, signal }: Ask): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = new WebSocket(url);
  socket.onopen = () => socket.send(body);
  socket.onmessage = ({ data }) => {
    if (typeof data !== "string" || data.length > MAX_ANSWER_LENGTH) {
      reject(new RpcError("its answer is no text, or too large"));
    } else resolve(data);
  };
  socket.onerror = () => reject(new RpcError("no connection"));
  socket.onclose = () => reject(new RpcError("it closed the connection"));
  signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  return promise.finally(() => socket.close());
}

/** @throws {NodeError} `node.bad-flag` for what is no address of a provider */
export function createContractCalls(rpc: string): CallContract {
  const url = URL.canParse(rpc) ? new URL(rpc) : undefined;
  if (url === undefined || !/^(?:https?|wss?):$/.test(url.protocol)) {
    throw new NodeError(
      { code: "node.bad-flag", flag: "--rpc", value: rpc },
      `--rpc takes the address of a provider of the chain, not "${rpc}"`,
      { hint: "It begins with https:// or wss://" },
    );
  }
  const ask = url.protocol.startsWith("http") ? askHttp : askSocket;
  return async (to, data) => {
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "eth_call",
      params: [{ to, data }, "latest"],
    });
    const text = await ask({ url, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const answer = JSON.parse(text) as { readonly result?: unknown; readonly error?: unknown };
    if (answer.error !== undefined) {
      throw new RpcError(`it refused: ${JSON.stringify(answer.error).slice(0, 200)}`);
    }
    return answer.result;
  };
}
