declare module "noise-c.wasm" {
  /** What the tests use of it. */
  export interface NoiseC {
    readonly constants: {
      readonly NOISE_ROLE_INITIATOR: number;
      readonly NOISE_ROLE_RESPONDER: number;
    };
    HandshakeState(protocol: string, role: number): HandshakeState;
  }
  export interface HandshakeState {
    Initialize(prologue?: Uint8Array | null, staticSecret?: Uint8Array | null): void;
    WriteMessage(payload?: Uint8Array | null): Uint8Array;
    ReadMessage(message: Uint8Array, payloadNeeded?: boolean): Uint8Array | undefined;
    /** What it sends with, what it receives with. */
    Split(): [CipherState, CipherState];
    GetRemotePublicKey(): Uint8Array;
    GetHandshakeHash(): Uint8Array;
  }
  export interface CipherState {
    EncryptWithAd(associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array;
    DecryptWithAd(associatedData: Uint8Array, sealed: Uint8Array): Uint8Array;
  }
  export default function createNoise(loaded: (noise: NoiseC) => void): void;
}
