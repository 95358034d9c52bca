/**
 * JSON-RPC over HTTP.
 * @module
 */
import { ChainError } from "./errors.ts";
import type { Rpc } from "./rpc.ts";

const TIMEOUT_MS = 10_000;

interface RpcAnswer {
  readonly result?: unknown;
  readonly error?: { readonly message?: string };
}

/** @param url `http://…` */
export function httpRpc(url: string): Rpc {
  let nextId = 1;
  return async (method, params) => {
    let answer: RpcAnswer;
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: nextId++, method, params }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      answer = (await response.json()) as RpcAnswer;
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      throw new ChainError({ code: "chain.unreachable", url, why });
    }
    if (answer.error !== undefined) {
      const why = answer.error.message ?? "it does not say why";
      throw new ChainError({ code: "chain.refused", method, why });
    }
    return answer.result;
  };
}
