/**
 * The moment from which the printed address shows a page. The home page is a process like any other: it binds its
 * paths a few milliseconds after the port is open.
 * @module
 */
import type { Clock } from "@kinode-ts/types";

/** A home page that takes longer is not waited for: the address answers "not found" until it is there. */
const PATIENCE_MS = 2_000;
const PAUSE_MS = 2;

export async function waitForFirstPage(
  port: number,
  hostname: string,
  clock: Clock,
  isEncrypted = false,
): Promise<void> {
  // A wildcard address is listened on, not connected to.
  const host = hostname === "0.0.0.0" ? "127.0.0.1" : hostname === "::" ? "::1" : hostname;
  const url = `${isEncrypted ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}/`;
  const deadline = clock.monotonicMs() + PATIENCE_MS;
  while (clock.monotonicMs() < deadline) {
    const status = await fetch(url, {
      redirect: "manual",
      // The certificate is for other names than this address.
      tls: { rejectUnauthorized: false },
    }).then(
      async (response) => (await response.arrayBuffer(), response.status),
      () => 0,
    );
    if (status !== 404) return;
    await Bun.sleep(PAUSE_MS);
  }
}
