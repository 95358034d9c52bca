/**
 * Whether this machine hears what it says to a group: in containers and on machines without a network it may not.
 * @module
 */
import { createSocket } from "node:dgram";
import type { EventEmitter } from "node:events";
import { networkInterfaces } from "node:os";
import { joinLanGroup, type LanFamily, type LanGroup } from "../src/network/lan-groups.ts";

const DEADLINE_MS = 5_000;
const AGAIN_MS = 100;

/** A port for each, so that what runs beside this is not heard. */
async function freePort(family: LanFamily): Promise<number> {
  const socket = createSocket(family === "ipv4" ? "udp4" : "udp6");
  try {
    return await new Promise<number>((resolve, reject) => {
      (socket as unknown as EventEmitter).on("error", reject);
      socket.bind(0, () => resolve(socket.address().port));
    });
  } finally {
    socket.close();
  }
}

async function hears(family: LanFamily): Promise<boolean> {
  const port = await freePort(family).catch(() => undefined);
  if (port === undefined) return false;
  const heard = Promise.withResolvers<boolean>();
  const group: LanGroup = joinLanGroup(family, port, {
    heard: () => heard.resolve(true),
    ready: () => {},
    failed: () => heard.resolve(false),
  });
  const say = setInterval(() => group.send(new TextEncoder().encode("hello")), AGAIN_MS);
  const deadline = setTimeout(() => heard.resolve(false), DEADLINE_MS);
  try {
    return await heard.promise;
  } finally {
    clearInterval(say);
    clearTimeout(deadline);
    group.stop();
  }
}

/** Found out once. What needs it is skipped where it is not there, and says so. */
export const HAS_MULTICAST: boolean = await hears("ipv4");
const hasLink6 = Object.values(networkInterfaces()).some((each) =>
  each?.some(({ family, internal }) => family === "IPv6" && !internal),
);
export const HAS_MULTICAST_6: boolean = hasLink6 && (await hears("ipv6"));
if (!HAS_MULTICAST)
  console.warn("Skipped: nodes near each other, because this machine does not hear its own groups");
