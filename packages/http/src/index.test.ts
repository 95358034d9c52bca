import { expect, test } from "bun:test";

test("public names of @kinode-ts/http", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toEqual([
    "AttemptLimiter",
    "DEFAULT_HTTP_CLIENT_LIMITS",
    "DEFAULT_HTTP_LIMITS",
    "HttpListenError",
    "LoginLinks",
    "LoginTokens",
    "ProxyAddressError",
    "TlsIdentityError",
    "TrustedProxies",
    "createBunTransport",
    "createHttpClient",
    "createHttpServer",
    "guardConnections",
    "isBearer",
    "limitsForMemory",
    "loginPageResponse",
    "readProxySettings",
    "subdomainLabel",
    "visibleHost",
  ]);
});
