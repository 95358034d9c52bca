/**
 * The three messages of `Noise_XX_25519_ChaChaPoly_BLAKE2s`, bytes in, bytes out.
 * Source: the Noise Protocol Framework §7.5; spec/network-identity.md §1.2.
 * @module
 */
import { primitives } from "@kinode-ts/crypto";
import { badHandshake } from "../errors.ts";
import { joinBytes } from "../join-bytes.ts";
import { CipherState, TAG_BYTES } from "./cipher-state.ts";
import { SymmetricState } from "./symmetric-state.ts";

export const PROTOCOL = "Noise_XX_25519_ChaChaPoly_BLAKE2s";
const KEY_BYTES = 32;
const SEALED_KEY_BYTES = KEY_BYTES + TAG_BYTES;
const EMPTY = new Uint8Array(0);

/** Length of the first message without a payload: what tells it from a routing request (§1.2). */
export const FIRST_MESSAGE_BYTES = KEY_BYTES;

/** X25519 secrets of one handshake, 32 bytes each. Never used for a second one. */
export interface NoiseSecrets {
  readonly staticSecret: Uint8Array;
  readonly ephemeralSecret: Uint8Array;
}

/** What a finished handshake gives. */
export interface NoiseSession {
  readonly send: CipherState;
  readonly receive: CipherState;
  /** The other side's X25519 public key, proven. */
  readonly remoteStatic: Uint8Array;
  /** Hash of the whole handshake, the same on both sides. */
  readonly hash: Uint8Array;
}

/** What both roles hold. */
abstract class XxHandshake {
  protected readonly state: SymmetricState;
  protected readonly secrets: NoiseSecrets;
  protected remoteEphemeral: Uint8Array = EMPTY;
  protected remoteStatic: Uint8Array = EMPTY;

  constructor(secrets: NoiseSecrets, prologue: Uint8Array) {
    this.secrets = secrets;
    this.state = new SymmetricState(PROTOCOL, prologue);
  }

  #staticPublic: Uint8Array | undefined;

  /** Our X25519 public key that the peer is to believe. */
  get staticPublic(): Uint8Array {
    return (this.#staticPublic ??= primitives.x25519PublicKey(this.secrets.staticSecret));
  }

  /** The other side's X25519 public key, once it has been read. */
  get theirStatic(): Uint8Array {
    return this.remoteStatic;
  }

  protected mixSharedSecret(secret: Uint8Array, publicKey: Uint8Array): void {
    let shared: Uint8Array;
    try {
      shared = primitives.x25519(secret, publicKey);
    } catch {
      throw badHandshake("the peer's key is of low order");
    }
    this.state.mixKey(shared);
  }

  protected readRemoteStatic(sealed: Uint8Array): void {
    const key = this.state.decryptAndHash(sealed);
    if (key === undefined) throw badHandshake("the peer's static key does not decrypt");
    this.remoteStatic = key;
  }

  protected readPayload(sealed: Uint8Array): Uint8Array {
    const payload = this.state.decryptAndHash(sealed);
    if (payload === undefined) throw badHandshake("the payload does not decrypt");
    return payload;
  }
}

/** The side that begins. */
export class XxInitiator extends XxHandshake {
  /** `e`, and a payload in clear: 32 bytes without one. */
  writeFirst(payload: Uint8Array = EMPTY): Uint8Array {
    const ephemeral = primitives.x25519PublicKey(this.secrets.ephemeralSecret);
    this.state.mixHash(ephemeral);
    return joinBytes(ephemeral, this.state.encryptAndHash(payload));
  }

  /**
   * `e, ee, s, es`; returns the responder's payload.
   * @throws {NetError} `net.bad-handshake`
   */
  readSecond(message: Uint8Array): Uint8Array {
    if (message.length < KEY_BYTES + SEALED_KEY_BYTES + TAG_BYTES) {
      throw badHandshake(`the second message has ${message.length} bytes`);
    }
    this.remoteEphemeral = message.slice(0, KEY_BYTES);
    this.state.mixHash(this.remoteEphemeral);
    this.mixSharedSecret(this.secrets.ephemeralSecret, this.remoteEphemeral);
    this.readRemoteStatic(message.subarray(KEY_BYTES, KEY_BYTES + SEALED_KEY_BYTES));
    this.mixSharedSecret(this.secrets.ephemeralSecret, this.remoteStatic);
    return this.readPayload(message.subarray(KEY_BYTES + SEALED_KEY_BYTES));
  }

  /** `s, se`, and the session. */
  writeThird(payload: Uint8Array): {
    readonly message: Uint8Array;
    readonly session: NoiseSession;
  } {
    const sealedStatic = this.state.encryptAndHash(this.staticPublic);
    this.mixSharedSecret(this.secrets.staticSecret, this.remoteEphemeral);
    const message = joinBytes(sealedStatic, this.state.encryptAndHash(payload));
    const [first, second] = this.state.split();
    const { remoteStatic } = this;
    const { hash } = this.state;
    const session = {
      send: new CipherState(first),
      receive: new CipherState(second),
      remoteStatic,
      hash,
    };
    return { message, session };
  }
}

/** The side that answers. */
export class XxResponder extends XxHandshake {
  /**
   * `e`; returns the payload, which nothing proves.
   * @throws {NetError} `net.bad-handshake`
   */
  readFirst(message: Uint8Array): Uint8Array {
    if (message.length < KEY_BYTES) {
      throw badHandshake(`the first message has ${message.length} bytes`);
    }
    this.remoteEphemeral = message.slice(0, KEY_BYTES);
    this.state.mixHash(this.remoteEphemeral);
    return this.readPayload(message.subarray(KEY_BYTES));
  }

  /** `e, ee, s, es`. */
  writeSecond(payload: Uint8Array): Uint8Array {
    const ephemeral = primitives.x25519PublicKey(this.secrets.ephemeralSecret);
    this.state.mixHash(ephemeral);
    this.mixSharedSecret(this.secrets.ephemeralSecret, this.remoteEphemeral);
    const sealedStatic = this.state.encryptAndHash(this.staticPublic);
    this.mixSharedSecret(this.secrets.staticSecret, this.remoteEphemeral);
    return joinBytes(ephemeral, sealedStatic, this.state.encryptAndHash(payload));
  }

  /**
   * `s, se`; returns the initiator's payload and the session.
   * @throws {NetError} `net.bad-handshake`
   */
  readThird(message: Uint8Array): { readonly payload: Uint8Array; readonly session: NoiseSession } {
    if (message.length < SEALED_KEY_BYTES + TAG_BYTES) {
      throw badHandshake(`the third message has ${message.length} bytes`);
    }
    this.readRemoteStatic(message.subarray(0, SEALED_KEY_BYTES));
    this.mixSharedSecret(this.secrets.ephemeralSecret, this.remoteStatic);
    const payload = this.readPayload(message.subarray(SEALED_KEY_BYTES));
    const [first, second] = this.state.split();
    const { remoteStatic } = this;
    const { hash } = this.state;
    const session = {
      send: new CipherState(second),
      receive: new CipherState(first),
      remoteStatic,
      hash,
    };
    return { payload, session };
  }
}
