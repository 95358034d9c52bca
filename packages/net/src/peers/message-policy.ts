/**
 * Which messages of a proven peer are let in.
 * Source: spec/network-identity.md §1.9.
 * @module
 */
import { decodeKernelMessage } from "@kinode-ts/codec";
import { isNameSafeProcessId, type KernelMessage, type NodeId } from "@kinode-ts/types";

export type Verdict =
  | { readonly kind: "deliver"; readonly message: KernelMessage }
  /** Not for us: nothing happens, the connection stays. */
  | { readonly kind: "drop"; readonly why: string }
  /** The peer broke the rules: the connection ends. */
  | { readonly kind: "close"; readonly why: string };

/** Reads and judges the bytes of one message. The kernel's own checks come after. */
export function judgeMessage(bytes: Uint8Array, our: NodeId, peer: NodeId): Verdict {
  let message: KernelMessage;
  try {
    message = decodeKernelMessage(bytes);
  } catch (error) {
    return { kind: "close", why: (error as Error).message };
  }
  const { source, target } = message;
  if (source.node !== peer) {
    return { kind: "close", why: `it claims to come from "${source.node}"` };
  }
  if (!isNameSafeProcessId(source.process)) {
    return { kind: "close", why: `"${source.process}" is no name of a process` };
  }
  if (target.node === our) return { kind: "deliver", message };
  if (target.node !== "our") return { kind: "drop", why: `it is for "${target.node}"` };
  return { kind: "deliver", message: { ...message, target: { ...target, node: our } } };
}
