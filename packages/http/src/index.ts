/**
 * The http-server runtime module, login and web sockets; and the http-client module.
 * @module
 */
export type { Peer } from "./app-message.ts";
export { AttemptLimiter, type AttemptLimiterOptions } from "./attempt-limiter.ts";
export { createHttpClient, type HttpClientOptions } from "./client/http-client-bun.ts";
export { DEFAULT_HTTP_CLIENT_LIMITS, type HttpClientLimits } from "./client/limits.ts";
export { type ProxySettings, readProxySettings } from "./client/proxy-settings.ts";
export type { HttpTransport } from "./client/transport.ts";
export { type BunTransportOptions, createBunTransport } from "./client/transport-bun.ts";
export { guardConnections, type GuardConnectionsOptions } from "./connection-guard-bun.ts";
export type { HostRoute, HostRouteInfo } from "./host-route.ts";
export {
  createHttpServer,
  HttpListenError,
  type HttpListenFault,
  type HttpServer,
  type HttpServerOptions,
  TlsIdentityError,
  type TlsIdentity,
  type TlsIdentityFault,
  visibleHost,
} from "./http-server-bun.ts";
export type { HttpLoad, HttpModuleOptions } from "./http-server.ts";
export { DEFAULT_HTTP_LIMITS, limitsForMemory, type HttpLimits } from "./limits.ts";
export { loginPageResponse } from "./login-page.ts";
export { subdomainLabel } from "./login-tokens.ts";
export { LoginLinks, type LoginLinksOptions } from "./login-links.ts";
export { LoginTokens, type LoginTokensOptions } from "./login-tokens.ts";
export { isBearer } from "./rpc.ts";
export type { FileSource, ServedFiles } from "./served-file.ts";
export { type Forwarded, ProxyAddressError, TrustedProxies } from "./trusted-proxies.ts";
