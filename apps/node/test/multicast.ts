/**
 * Whether this machine hears what it says to a group: in containers and on machines without a network it may not.
 * @module
 */
import { createSocket } from "node:dgram";
import type { EventEmitter } from "node:events";
import { LAN_GROUP } from "../src/network/lan-announcer.ts";

const DEADLINE_MS = 5_000;
const AGAIN_MS = 100;

async function hears(): Promise<boolean> {
  const heard = Promise.withResolvers<boolean>();
  const socket = createSocket({ type: "udp4", reuseAddr: true }, () => heard.resolve(true));
  (socket as unknown as EventEmitter).on("error", () => heard.resolve(false));
  socket.bind(0, () => {
    try {
      socket.addMembership(LAN_GROUP);
      socket.setMulticastLoopback(true);
    } catch {
      heard.resolve(false);
    }
  });
  const say = setInterval(() => {
    try {
      socket.send("hello", socket.address().port, LAN_GROUP, () => {});
    } catch {
      // It has no address yet.
    }
  }, AGAIN_MS);
  const deadline = setTimeout(() => heard.resolve(false), DEADLINE_MS);
  try {
    return await heard.promise;
  } finally {
    clearInterval(say);
    clearTimeout(deadline);
    socket.close();
  }
}

/** Found out once. What needs it is skipped where it is not there, and says so. */
export const HAS_MULTICAST: boolean = await hears();
if (!HAS_MULTICAST)
  console.warn("Skipped: nodes near each other, because this machine does not hear its own groups");
