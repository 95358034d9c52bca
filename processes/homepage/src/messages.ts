/**
 * Messages of other processes of this node.
 * Source: spec/packages-and-tools.md §14.1.
 * @module
 */
import type { Answer, IncomingRequest } from "@kinode-ts/stdlib";
import { Capability, our, ProcessId } from "@kinode-ts/stdlib";
import type { Apps } from "./apps.ts";
import { parseAdded } from "./apps.ts";
import type { Stylesheet } from "./stylesheet.ts";

/** Whether the sender attached the capability that we issued for this. */
function permits(message: IncomingRequest, right: string): boolean {
  const wanted = Capability.withJson(our(), right);
  return message.capabilities.some((attached) => wanted.equals(attached));
}

/** @throws {TypeError | RangeError} not one of the messages */
export function handleMessage(
  message: IncomingRequest,
  apps: Apps,
  stylesheet: Stylesheet,
): Answer | Promise<undefined> | undefined {
  if (!message.isLocal) return undefined;
  const request = message.json();
  if (request === "GetApps") return { GetApps: apps.list() };
  if (request === "Remove") {
    apps.remove(message.source.processId.toString());
    return undefined;
  }
  if (typeof request !== "object" || request === null) throw new TypeError("unknown request");
  if ("Add" in request) {
    apps.add(message.source.processId, parseAdded(request.Add));
  } else if ("RemoveOther" in request) {
    if (permits(message, "RemoveOther"))
      apps.remove(ProcessId.parse(String(request.RemoveOther)).toString());
  } else if ("SetStylesheet" in request && permits(message, "SetStylesheet")) {
    return stylesheet.set(String(request.SetStylesheet)).then(() => undefined);
  }
  return undefined;
}
