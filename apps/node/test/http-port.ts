/**
 * A port for the apps of a node that has to have the same addresses when it starts again.
 * @module
 */
import { isFreePort } from "@kinode-ts/testing/free-port";

/** In the range whose next free port is that of the node's pages, beyond those that other nodes find first. */
const FIRST = 8_200;
const LAST = 8_980;

/** Free a moment ago, and the one behind it as well. @throws {Error} none of a hundred was */
export function freeHttpPort(): number {
  for (let tries = 0; tries < 100; tries++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (isFreePort(port) && isFreePort(port + 1)) return port;
  }
  throw new Error(`No port between ${FIRST} and ${LAST} is free`);
}
