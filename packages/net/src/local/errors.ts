/**
 * Faults of local identities, worded for the person.
 * @module
 */
import { KinodeError, type NodeId } from "@kinode-ts/types";

/** Why an inviter does not take a newcomer in. */
export type Refusal = "used" | "expired" | "unknown" | "full";

export type LocalIdentityFault =
  | { readonly code: "net.bad-record"; readonly why: string }
  | { readonly code: "net.bad-invitation"; readonly why: string }
  | {
      readonly code: "net.invitation-expired";
      readonly inviter: NodeId;
      readonly expiredMs: number;
    }
  | {
      readonly code: "net.invitation-refused";
      readonly inviter: NodeId;
      readonly why: Refusal | "silent";
    }
  | { readonly code: "net.own-invitation"; readonly inviter: NodeId }
  | { readonly code: "net.join-under-way"; readonly inviter: NodeId }
  | { readonly code: "net.nobody-can-come" }
  | { readonly code: "net.inviter-unreachable"; readonly inviter: NodeId }
  | { readonly code: "net.other-key"; readonly name: NodeId }
  | { readonly code: "net.unknown-peer"; readonly name: NodeId }
  | { readonly code: "net.no-router"; readonly name: NodeId; readonly why: string }
  | { readonly code: "net.too-many"; readonly what: string; readonly max: number };

export class LocalIdentityError extends KinodeError<LocalIdentityFault> {
  override name = "LocalIdentityError";
  constructor(fault: LocalIdentityFault) {
    super(fault, text(fault));
  }
}

function refusalText(inviter: NodeId, why: Refusal | "silent"): string {
  switch (why) {
    case "used":
      return `The invitation was used already; ask ${inviter} for another one`;
    case "expired":
      return `The invitation has expired; ask ${inviter} for another one`;
    case "unknown":
      return `${inviter} does not know this invitation, it may have taken it back; ask for another one`;
    case "full":
      return `${inviter} knows as many nodes as it can; one has to be removed there first`;
    case "silent":
      return `${inviter} ended the connection without a word; it may know another node by your name`;
  }
}

function text(fault: LocalIdentityFault): string {
  switch (fault.code) {
    case "net.bad-record":
      return `A node's record about itself cannot be used: ${fault.why}`;
    case "net.bad-invitation":
      return `This is not an invitation as it was printed: ${fault.why}; copy the whole line`;
    case "net.invitation-expired":
      return `The invitation of ${fault.inviter} expired at ${new Date(fault.expiredMs).toISOString().slice(0, 16)}Z; ask for another one`;
    case "net.invitation-refused":
      return refusalText(fault.inviter, fault.why);
    case "net.own-invitation":
      return `This is an invitation of this node itself, ${fault.inviter}; it is for another one`;
    case "net.join-under-way":
      return `This node is calling ${fault.inviter} already; wait for the outcome`;
    case "net.nobody-can-come":
      return `Nobody could come on an invitation: this node listens on no port and has no router; start it with ports, or add a router with "kinode router add"`;
    case "net.inviter-unreachable":
      return `${fault.inviter} cannot be reached; it has to run, and this node has to get to one of its addresses or routers. Try again then: an invitation that nobody has used still holds`;
    case "net.other-key":
      return `Another node is known here as ${fault.name}, with another key; remove it first if you trust this one`;
    case "net.unknown-peer":
      return `No node ${fault.name} is known here; "kinode peers" lists those that are`;
    case "net.no-router":
      return `${fault.name} cannot be a router of this node: ${fault.why}`;
    case "net.too-many":
      return `There are ${fault.max} ${fault.what} already; remove one first`;
  }
}
