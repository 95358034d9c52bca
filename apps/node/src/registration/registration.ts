/**
 * The server that runs before a node with a name on chain has its identity: it makes one (`/boot`), takes one in
 * (`/import-keyfile`) or unlocks the one that is there (`/login`), then it is done.
 * Source: spec/network-identity.md §4.4, §4.5, §4.6.
 * @module
 */
import type { NodeRouting } from "@kinode-ts/codec/net";
import {
  createNodeSigner,
  CryptoError,
  decodeKeyfile,
  encodeKeyfile,
  type Keyfile,
  readKeyfileName,
} from "@kinode-ts/crypto";
import { type AttemptLimiter, DEFAULT_HTTP_LIMITS, LoginTokens } from "@kinode-ts/http";
import { type RegistryConfig, toHex, toQuantity } from "@kinode-ts/kimap";
import { type Clock, errorText, isNameSafeNode, type NodeId, type Random } from "@kinode-ts/types";
import { bootDigest, recoverSigner } from "./boot-signature.ts";
import { assignRouting, type CallContract, type ForcedPorts, readEntry } from "./chain-routing.ts";
import {
  type BootRequest,
  readBody,
  readBootRequest,
  readImportRequest,
  readLoginRequest,
  Refusal,
} from "./requests.ts";

/** Paths of the one page; it looks at the address itself. */
const PAGE_PATHS = new Set([
  "/",
  "/login",
  "/commit-os-name",
  "/mint-os-name",
  "/claim-invite",
  "/reset",
  "/import-keyfile",
  "/set-password",
  "/custom-register",
]);
const NEVER_CACHED = "no-store, no-cache, must-revalidate, proxy-revalidate";
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const OWNER_ATTEMPTS = 5;
const OWNER_WAIT_MS = 2_000;
/** Pages send milliseconds; clients that send seconds must be this far ahead. */
const TIMESTAMP_LEAD_S = 120n;

/** What a node is told of itself before it has a name. */
export interface Networking {
  /** Our address as others see it. */
  readonly ip: string;
  /** Ports that are open, by protocol. */
  readonly ports: ReadonlyMap<"tcp" | "ws", number>;
  /** Routers for a node that others cannot reach. */
  readonly routers: readonly NodeId[];
}

/** An identity that the registry vouches for. */
export interface ChainIdentity {
  readonly keyfile: Keyfile;
  /** The file `.keys`. */
  readonly keyfileBytes: Uint8Array;
  readonly routing: NodeRouting;
}

export interface RegistrationOptions {
  readonly config: RegistryConfig;
  readonly call: CallContract;
  readonly networking: Networking;
  readonly forced: ForcedPorts;
  /** Bytes of the keyfile that is there. */
  readonly readKeyfile: () => Uint8Array | undefined;
  /** Files of the page by their name: `index.html` and what it loads from `assets/`. */
  readonly pages: ReadonlyMap<string, Uint8Array>;
  readonly attempts: AttemptLimiter;
  /** Served over TLS. */
  readonly secure: boolean;
  readonly clock: Clock;
  readonly random: Random;
  /** Told to the person at the console. */
  readonly say: (text: string) => void;
}

function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}) {
  return Response.json(value, { status, headers: { "cache-control": NEVER_CACHED, ...headers } });
}

export class Registration {
  readonly #options: RegistrationOptions;
  /** Of the identity that `/boot` makes; the page shows its public half to the registry first. */
  readonly #seed: Uint8Array;
  readonly #done = Promise.withResolvers<ChainIdentity>();

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#seed = options.random.bytes(32);
  }

  /** Settles with the first identity that was made, imported or unlocked. */
  get identity(): Promise<ChainIdentity> {
    return this.#done.promise;
  }

  /** @param peer - address of the client, for bounding its attempts */
  async handle(request: Request, peer: string): Promise<Response> {
    try {
      return await this.#route(request, peer);
    } catch (thrown) {
      if (thrown instanceof Refusal) return json(thrown.status, thrown.message);
      this.#options.say(`A request of the registration page failed: ${errorText(thrown)}`);
      return json(500, "The chain could not be read; see the node's own output");
    }
  }

  async #route(request: Request, peer: string): Promise<Response> {
    const { pathname } = new URL(request.url);
    const route = `${request.method} ${pathname}`;
    switch (route) {
      case "GET /info":
        return this.#info();
      case "GET /our":
        return new Response(this.#storedName() ?? "", {
          headers: { "content-type": "text/html", "cache-control": NEVER_CACHED },
        });
      case "GET /current-chain":
        return json(200, toQuantity(this.#options.config.chainId));
      case "GET /registry":
        return json(200, this.#options.config);
      case "POST /generate-networking-info":
        return json(200, this.#networkingInfo());
      case "POST /boot":
        return await this.#boot(readBootRequest(await readBody(request)));
      case "POST /import-keyfile": {
        const { keyfile, passwordHash } = readImportRequest(await readBody(request));
        return await this.#unlock(keyfile, passwordHash, peer);
      }
      case "POST /login": {
        const passwordHash = readLoginRequest(await readBody(request));
        const keyfile = this.#options.readKeyfile();
        if (keyfile === undefined) throw new Refusal(404, "Keyfile not present");
        return await this.#unlock(keyfile, passwordHash, peer);
      }
      default:
        return this.#page(request.method, pathname);
    }
  }

  #page(method: string, path: string): Response {
    const name = PAGE_PATHS.has(path) ? "index.html" : path.replace(/^\/assets\//, "");
    const bytes = method === "GET" ? this.#options.pages.get(name) : undefined;
    if (bytes === undefined) return json(404, "Not found");
    return new Response(bytes as Uint8Array<ArrayBuffer>, {
      headers: {
        "content-type": Bun.file(name).type,
        "cache-control": NEVER_CACHED,
        "content-security-policy": PAGE_POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
      },
    });
  }

  #storedName(): NodeId | undefined {
    try {
      const keyfile = this.#options.readKeyfile();
      return keyfile && readKeyfileName(keyfile).name;
    } catch (thrown) {
      if (thrown instanceof CryptoError) return undefined;
      throw thrown;
    }
  }

  #info(): Response {
    const keyfile = this.#options.readKeyfile();
    if (keyfile === undefined) throw new Refusal(404, "Keyfile not present");
    try {
      const { name, routers } = readKeyfileName(keyfile);
      return json(200, { name, allowed_routers: routers });
    } catch (thrown) {
      if (thrown instanceof CryptoError)
        throw new Refusal(401, "keyfile deserialization went wrong");
      throw thrown;
    }
  }

  #networkingInfo(): unknown {
    const { ip, ports, routers } = this.#options.networking;
    return {
      name: "",
      networking_key: toHex(createNodeSigner(this.#seed).publicKey),
      routing: { Both: { ip, ports: Object.fromEntries(ports), routers } },
    };
  }

  async #boot(request: BootRequest): Promise<Response> {
    const { clock, random, networking } = this.#options;
    const name = request.username as NodeId;
    if (request.timestamp < BigInt(Math.floor(clock.nowMs() / 1_000)) + TIMESTAMP_LEAD_S) {
      throw new Refusal(401, "Timestamp is outdated.");
    }
    if (!isNameSafeNode(name)) throw new Refusal(400, `"${name}" is not a node name`);
    await this.#checkOwner(request);
    const routers = request.direct ? [] : networking.routers;
    const keyfile: Keyfile = {
      name,
      routers,
      networkingSeed: this.#seed,
      jwtSecret: random.bytes(32),
      fileKey: random.bytes(32),
    };
    const keyfileBytes = await encodeKeyfile(keyfile, request.passwordHashText, random);
    return this.#succeed({
      keyfile,
      keyfileBytes,
      routing: request.direct ? await this.#directRouting(name) : { kind: "routers", routers },
    });
  }

  /** The address that the page wrote into the registry; what we think of ourselves where it cannot be read. */
  async #directRouting(name: NodeId): Promise<NodeRouting> {
    const { call, config, networking, forced, say } = this.#options;
    const { publicKey } = createNodeSigner(this.#seed);
    try {
      return await assignRouting(call, config, { name, publicKey, routers: [], forced, warn: say });
    } catch (thrown) {
      say(`The registry's address of ${name} is not used: ${errorText(thrown)}`);
      return { kind: "direct", ip: networking.ip, ports: networking.ports };
    }
  }

  /** The name's owner signed. A transaction that was sent just now may need a few blocks. */
  async #checkOwner(request: BootRequest): Promise<void> {
    const { config, call, clock } = this.#options;
    const signer = recoverSigner(bootDigest(request, config), request.signature);
    if (signer === undefined) throw new Refusal(404, "The signature is not one of a wallet");
    for (let attempt = 1; ; attempt++) {
      const { owner } = await readEntry(call, config, request.username);
      if (owner.toLowerCase() === signer) return;
      if (attempt === OWNER_ATTEMPTS) {
        throw new Refusal(401, "Recovered address does not match owner");
      }
      await new Promise<void>((resolve) => void clock.after(OWNER_WAIT_MS, resolve));
    }
  }

  async #unlock(bytes: Uint8Array, passwordHash: string, peer: string): Promise<Response> {
    const { attempts, config, call, forced, say } = this.#options;
    const opened = await attempts.attempt(peer, async () => ({
      keyfile: await openKeyfile(bytes, passwordHash),
    }));
    if (opened === undefined) {
      return json(429, "Too many attempts; try again later", { "retry-after": "60" });
    }
    const { keyfile } = opened;
    if (keyfile === undefined) throw new Refusal(401, "Incorrect password!");
    attempts.forgive(peer);
    const routing = await assignRouting(call, config, {
      name: keyfile.name,
      publicKey: createNodeSigner(keyfile.networkingSeed).publicKey,
      routers: keyfile.routers,
      forced,
      warn: say,
    });
    return await this.#renew({ keyfile, keyfileBytes: bytes, routing }, passwordHash);
  }

  /** Old files hold login secrets of two bytes, which anyone can guess. */
  async #renew(identity: ChainIdentity, passwordHash: string): Promise<Response> {
    const { random } = this.#options;
    if (identity.keyfile.jwtSecret.length >= 32) return this.#succeed(identity);
    const keyfile = { ...identity.keyfile, jwtSecret: random.bytes(32) };
    const keyfileBytes = await encodeKeyfile(keyfile, passwordHash, random);
    return this.#succeed({ ...identity, keyfile, keyfileBytes });
  }

  #succeed(identity: ChainIdentity): Response {
    const { clock, secure } = this.#options;
    const { name: our, jwtSecret: secret } = identity.keyfile;
    const lifeMs = DEFAULT_HTTP_LIMITS.tokenLifeMs;
    const tokens = new LoginTokens({ our, secret, clock, lifeMs });
    this.#done.resolve(identity);
    return json(302, identity.keyfileBytes.toBase64(), {
      "set-cookie": tokens.issueCookie(null, secure),
    });
  }
}

/** `undefined`: another password, or no keyfile. */
async function openKeyfile(bytes: Uint8Array, passwordHash: string): Promise<Keyfile | undefined> {
  try {
    return await decodeKeyfile(bytes, passwordHash);
  } catch (thrown) {
    if (thrown instanceof CryptoError) return undefined;
    throw thrown;
  }
}
