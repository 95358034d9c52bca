/**
 * Faults of this package.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

export type NetFault =
  /** The peer's part of a handshake is not what it must be; the connection ends without an answer. */
  | { readonly code: "net.bad-handshake"; readonly why: string }
  /** Bytes on an established connection are not what they must be; the connection ends. */
  | { readonly code: "net.bad-frame"; readonly why: string }
  /** A message of ours that no peer would take; the connection stays. */
  | { readonly code: "net.message-too-large"; readonly length: number; readonly max: number }
  | {
      readonly code: "net.port-taken";
      readonly protocol: string;
      readonly port: number;
      readonly why: string;
    };

export class NetError extends KinodeError<NetFault> {
  override name = "NetError";
  constructor(fault: NetFault) {
    super(fault, text(fault));
  }
}

function text(fault: NetFault): string {
  switch (fault.code) {
    case "net.bad-handshake":
      return `The handshake failed: ${fault.why}`;
    case "net.bad-frame":
      return `The connection sent what it must not: ${fault.why}`;
    case "net.message-too-large":
      return `A message of ${fault.length} bytes cannot be sent to another node: at most ${fault.max} bytes; send large data in parts`;
    case "net.port-taken":
      return `Cannot listen for nodes on ${fault.protocol} port ${fault.port}: ${fault.why}; choose another port, or stop what uses it`;
  }
}

export const badHandshake = (why: string): NetError =>
  new NetError({ code: "net.bad-handshake", why });
export const badFrame = (why: string): NetError => new NetError({ code: "net.bad-frame", why });
