/**
 * What this process holds.
 * Source: spec/packages-and-tools.md §25.1, spec/kernel.md §5.5.
 * @module
 */
import type { GuestCapability } from "@kinode-ts/types";
import type { Target } from "./address.ts";
import { targetText } from "./address.ts";
import { Capability } from "./capability.ts";
import { host } from "./current.ts";
import { stringifyJson } from "./json.ts";
import type { Message } from "./message.ts";

function list(): Capability[] {
  return host().ourCapabilities().map(Capability.from);
}

/** Text of an address with `our` written out, as issuers in capabilities have it. */
function fullText(target: Target): string {
  const text = targetText(target);
  if (!text.startsWith("our@")) return text;
  const our = host().our();
  return `${our.slice(0, our.indexOf("@"))}${text.slice(3)}`;
}

/** Keeps capabilities that arrived with a message; others are silently ignored by the kernel. */
async function save(from: Message | readonly GuestCapability[]): Promise<void> {
  await host().saveCapabilities("attached" in from ? from.attached : from);
}

async function drop(capabilities: readonly GuestCapability[]): Promise<void> {
  await host().dropCapabilities(capabilities);
}

/** Whether we hold the messaging capability of a process. */
function canMessage(target: Target): boolean {
  return find(target, "messaging") !== undefined;
}

/** Looks one up by issuer and params (the JSON value, not its text). */
function find(issuer: Target, params: unknown): Capability | undefined {
  const wanted = new Capability(fullText(issuer), stringifyJson(params));
  return list().find((held) => wanted.equals(held));
}

/** The capabilities an `attach` option stands for. */
export function attached(
  attach: "messaging" | "all" | readonly GuestCapability[],
  target: string,
): readonly GuestCapability[] {
  if (attach === "messaging") return [Capability.messaging(host().our())];
  if (attach !== "all") return attach;
  const issuer = fullText(target);
  return host()
    .ourCapabilities()
    .filter((held) => held.issuer === issuer);
}

/** What this process holds: `list`, `save` what came with a message, `drop`, `canMessage`, `find`. Source: spec/packages-and-tools.md §25.1. */
export const capabilities = { list, save, drop, canMessage, find } as const;
