/**
 * What an app may know of a failure of the host: nothing about this machine.
 * @module
 */

/** An error of the host, with its case. */
export type NodeError = Error & { readonly code?: string };

/** One line, without paths or addresses. */
export function textOf({ code, message }: NodeError): string {
  switch (code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the host's name is not known";
    case "ECONNRESET":
    case "EPIPE":
      return "connection lost";
    case "ETIMEDOUT":
      return "connection timed out";
    default:
      // the host names its own address there
      if (message.startsWith("connect ")) return `cannot connect (${code ?? "unknown"})`;
      return message.split("\n", 1)[0]!;
  }
}
