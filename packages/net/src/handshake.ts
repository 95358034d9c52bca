/**
 * Who a connection is with: Noise XX whose payloads prove that each static key belongs to a named node.
 * Bytes in, bytes out; nothing is ever sent to explain a failure.
 * Source: spec/network-identity.md §1.2, §1.3.
 * @module
 */
import {
  encodeHandshakePayload,
  type HandshakePayload,
  splitHandshakePayload,
} from "@kinode-ts/codec";
import { equalBytes, primitives } from "@kinode-ts/crypto";
import type { NodeId, NodeSigner, Random } from "@kinode-ts/types";
import { badHandshake } from "./errors.ts";
import {
  decodeExtension,
  encodeExtension,
  type HandshakeExtension,
} from "./handshake-extension.ts";
import { joinBytes } from "./join-bytes.ts";
import type { CipherState } from "./noise/cipher-state.ts";
import {
  FIRST_MESSAGE_BYTES,
  type NoiseSecrets,
  type NoiseSession,
  XxInitiator,
  XxResponder,
} from "./noise/xx-handshake.ts";

export const HANDSHAKE_VERSION = 1;

/** Who we are in a handshake. */
export interface HandshakeIdentity {
  readonly our: NodeId;
  readonly signer: NodeSigner;
  readonly random: Random;
  /** What we can do beyond the reference; default: we say nothing. */
  readonly features?: readonly string[];
  /** Names this run of our program, 8 bytes. */
  readonly run?: Uint8Array | undefined;
  /** What else we tell a proven node that we call; without a name, whoever called us, before it is proven. */
  readonly tell?: (peer: NodeId | undefined) => Omit<HandshakeExtension, "features">;
  /** What a router needs to hear before it joins us with `target`; it is not proven, and others may read it. */
  readonly tellRouter?: (router: NodeId) => Omit<HandshakeExtension, "features"> | undefined;
  /** The key of a node that we call and that has another one than we know, if what it says makes that believable. */
  readonly follow?: (peer: NodeId, said: HandshakeExtension) => Uint8Array | undefined;
}

/** A connection whose other side is proven. */
export interface Session {
  readonly peer: NodeId;
  /** As initiator: false. As responder: the peer wants to be served by us as its router. */
  readonly proxyRequest: boolean;
  /** What both sides can do beyond the reference. */
  readonly features: ReadonlySet<string>;
  /** All it said beyond the reference. */
  readonly extension: HandshakeExtension | undefined;
  readonly send: CipherState;
  readonly receive: CipherState;
  /** Hash of the whole handshake, the same on both sides. */
  readonly hash: Uint8Array;
}

/**
 * Whom a responder may believe: the networking key (32 bytes) of a name, if it is known.
 * `said`, by whoever claims the name, is not proven yet.
 */
export type FindKey = (name: NodeId, said?: HandshakeExtension) => Uint8Array | undefined;

/** New for every connection: the signature over the static key neither expires nor names a peer (§1.1). */
function newSecrets(random: Random): NoiseSecrets {
  return { staticSecret: random.bytes(32), ephemeralSecret: random.bytes(32) };
}

function ourPayload(
  { our, signer, features, run, tell }: HandshakeIdentity,
  staticPublic: Uint8Array,
  proxyRequest: boolean,
  /** Who is proven to read this. */
  reader: NodeId | undefined,
  more: Pick<HandshakeExtension, "replaces"> = {},
): Uint8Array {
  const payload = encodeHandshakePayload({
    protocolVersion: HANDSHAKE_VERSION,
    name: our,
    signature: signer.sign(staticPublic),
    proxyRequest,
  });
  if (features === undefined) return payload;
  return joinBytes(payload, encodeExtension({ features, run, ...tell?.(reader), ...more }));
}

interface Claim extends HandshakePayload {
  readonly extension: HandshakeExtension | undefined;
}

function readClaim(payload: Uint8Array): Claim {
  let claim: Claim;
  try {
    const { payload: said, rest } = splitHandshakePayload(payload);
    claim = { ...said, extension: decodeExtension(rest) };
  } catch (error) {
    throw badHandshake((error as Error).message);
  }
  if (claim.protocolVersion !== HANDSHAKE_VERSION) {
    throw badHandshake(
      `the peer speaks version ${claim.protocolVersion}, this node ${HANDSHAKE_VERSION}`,
    );
  }
  return claim;
}

function checkSignature(claim: Claim, key: Uint8Array, staticPublic: Uint8Array): void {
  if (!primitives.ed25519Verify(key, staticPublic, claim.signature)) {
    throw badHandshake(`the key of "${claim.name}" did not sign this handshake`);
  }
}

function toSession(
  claim: Claim,
  noise: NoiseSession,
  proxyRequest: boolean,
  { features: ours = [] }: HandshakeIdentity,
): Session {
  const { send, receive, hash } = noise;
  const { name: peer, extension } = claim;
  const features = new Set(extension?.features.filter((feature) => ours.includes(feature)));
  return { peer, proxyRequest, features, extension, send, receive, hash };
}

export interface InitiatorOptions {
  /** Whom we want to reach. */
  readonly target: NodeId;
  /** Its networking key, 32 bytes. */
  readonly targetKey: Uint8Array;
  /** Only towards one of our own routers, to be served by it. */
  readonly proxyRequest: boolean;
  /** Tag of a connection with the target that this one is to replace; told when it is proven. */
  readonly replaces?: Uint8Array | undefined;
  /** For vectors. Default: fresh ones. */
  readonly secrets?: NoiseSecrets;
}

/** The side that wants to talk: it dialled, or asked a router to. */
export class InitiatorHandshake {
  readonly #identity: HandshakeIdentity;
  readonly #options: InitiatorOptions;
  readonly #noise: XxInitiator;

  constructor(identity: HandshakeIdentity, options: InitiatorOptions) {
    this.#identity = identity;
    this.#options = options;
    const secrets = options.secrets ?? newSecrets(identity.random);
    this.#noise = new XxInitiator(secrets, new Uint8Array(0));
  }

  /** The first message: 32 bytes. */
  start(): Uint8Array {
    return this.#noise.writeFirst();
  }

  /**
   * Reads the second message and gives the third; after it the connection is up.
   * @throws {NetError} `net.bad-handshake`
   */
  finish(second: Uint8Array): { readonly third: Uint8Array; readonly session: Session } {
    const claim = readClaim(this.#noise.readSecond(second));
    const { target, targetKey, proxyRequest, replaces } = this.#options;
    if (claim.name !== target) {
      throw badHandshake(`"${claim.name}" answered where "${target}" was called`);
    }
    this.#checkKey(claim, targetKey);
    const { staticPublic } = this.#noise;
    const more = replaces === undefined ? {} : { replaces };
    const payload = ourPayload(this.#identity, staticPublic, proxyRequest, target, more);
    const { message, session } = this.#noise.writeThird(payload);
    return { third: message, session: toSession(claim, session, false, this.#identity) };
  }

  #checkKey(claim: Claim, targetKey: Uint8Array): void {
    const { theirStatic } = this.#noise;
    const said = claim.extension;
    try {
      checkSignature(claim, targetKey, theirStatic);
    } catch (error) {
      const key = said === undefined ? undefined : this.#identity.follow?.(claim.name, said);
      if (key === undefined) throw error;
      checkSignature(claim, key, theirStatic);
    }
  }
}

export interface ResponderOptions {
  readonly findKey: FindKey;
  /** The only node that may answer: behind a router it is known who comes. */
  readonly expected?: NodeId;
  /** For vectors. Default: fresh ones. */
  readonly secrets?: NoiseSecrets;
}

/** The side that is called. */
export class ResponderHandshake {
  readonly #identity: HandshakeIdentity;
  readonly #options: ResponderOptions;
  readonly #noise: XxResponder;

  constructor(identity: HandshakeIdentity, options: ResponderOptions) {
    this.#identity = identity;
    this.#options = options;
    const secrets = options.secrets ?? newSecrets(identity.random);
    this.#noise = new XxResponder(secrets, new Uint8Array(0));
  }

  /**
   * Reads the first message and gives the second.
   * @throws {NetError} `net.bad-handshake`
   */
  answer(first: Uint8Array): Uint8Array {
    if (first.length !== FIRST_MESSAGE_BYTES) {
      throw badHandshake(`the first message has ${first.length} bytes, not ${FIRST_MESSAGE_BYTES}`);
    }
    this.#noise.readFirst(first);
    return this.#noise.writeSecond(
      ourPayload(this.#identity, this.#noise.staticPublic, false, undefined),
    );
  }

  /**
   * Reads the third message; the connection is up.
   * @throws {NetError} `net.bad-handshake`
   */
  finish(third: Uint8Array): Session {
    const { payload, session } = this.#noise.readThird(third);
    const claim = readClaim(payload);
    const { expected, findKey } = this.#options;
    if (expected !== undefined && claim.name !== expected) {
      throw badHandshake(`"${claim.name}" came where "${expected}" was expected`);
    }
    const key = findKey(claim.name, claim.extension);
    if (key === undefined) throw badHandshake(`no node "${claim.name}" is known here`);
    checkSignature(claim, key, session.remoteStatic);
    return toSession(claim, session, claim.proxyRequest, this.#identity);
  }
}

/** Whether two handshakes ended in the same session: for tests and diagnostics. */
export function sameSession(one: Session, other: Session): boolean {
  return equalBytes(one.hash, other.hash);
}
