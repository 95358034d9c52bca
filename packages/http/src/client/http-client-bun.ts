/**
 * The HTTP client module on the host's own network.
 * @module
 */
import { networkInterfaces } from "node:os";
import type { Clock, RuntimeModule } from "@kinode-ts/types";
import type { BodyStreamLimits } from "../body-streams/index.ts";
import { createAddressPolicy } from "./address-policy.ts";
import { createHttpClientModule } from "./http-client.ts";
import { DEFAULT_HTTP_CLIENT_LIMITS } from "./limits.ts";
import type { HttpClientLimits } from "./limits.ts";
import type { ProxySettings } from "./proxy-settings.ts";
import type { HttpTransport } from "./transport.ts";
import { createBunTransport } from "./transport-bun.ts";

export interface HttpClientOptions {
  readonly clock: Clock;
  /** Ports the node listens on: apps may not reach them this way. Asked at each connection. */
  readonly ownPorts: () => readonly number[];
  /** Whether apps may reach private ranges. Default: yes. */
  readonly privateRanges?: boolean;
  readonly limits?: Partial<HttpClientLimits>;
  readonly bodyStreamLimits?: Partial<BodyStreamLimits>;
  /** Left out: everything goes directly. */
  readonly proxy?: ProxySettings | undefined;
  /** Stands between the module and the network, e.g. to keep tests on this machine. Default: nothing does. */
  readonly wrapTransport?: (transport: HttpTransport) => HttpTransport;
}

const isThisMachine = (address: string): boolean =>
  Object.values(networkInterfaces()).some((items) =>
    items?.some((item) => item.address === address),
  );

export function createHttpClient(options: HttpClientOptions): RuntimeModule {
  const limits = { ...DEFAULT_HTTP_CLIENT_LIMITS, ...options.limits };
  const refusalOf = createAddressPolicy({
    ownPorts: options.ownPorts,
    isThisMachine,
    ...(options.privateRanges === undefined ? {} : { privateRanges: options.privateRanges }),
  });
  const { maxSocketBufferedBytes, maxSocketMessageBytes } = limits;
  const { bodyStreamLimits, proxy } = options;
  const sockets = { maxSocketBufferedBytes, maxSocketMessageBytes };
  const network = createBunTransport({ refusalOf, ...sockets, proxy });
  const transport = options.wrapTransport?.(network) ?? network;
  return createHttpClientModule({ clock: options.clock, transport, limits, bodyStreamLimits });
}
