/**
 * Encrypted connections between nodes: the protocol as bytes in and bytes out.
 * @module
 */
export { NetError, type NetFault } from "./errors.ts";
export {
  checkMessageLength,
  sealTcpMessage,
  sealWebSocketMessage,
} from "./framing/seal-message.ts";
export { createFraming, type Framing } from "./framing/framing.ts";
export { frameTcpHandshake, TcpReader } from "./framing/tcp-reader.ts";
export { WebSocketMessageReader } from "./framing/web-socket-reader.ts";
export {
  type FindKey,
  HANDSHAKE_VERSION,
  type HandshakeIdentity,
  InitiatorHandshake,
  type InitiatorOptions,
  ResponderHandshake,
  type ResponderOptions,
  sameSession,
  type Session,
} from "./handshake.ts";
export {
  decodeExtension,
  encodeExtension,
  FEATURE_BIN,
  FEATURE_NOTES,
  type HandshakeExtension,
  OUR_FEATURES,
} from "./handshake-extension.ts";
export {
  identityOf,
  type KnownNode,
  KnownNodes,
  type Place,
  placesOf,
  portOf,
  type Protocol,
  readKey,
} from "./identity/known-nodes.ts";
export { LocalIdentityError, type LocalIdentityFault } from "./local/errors.ts";
export {
  fingerprint,
  type IdentityRecord,
  readRecord,
  type SignedRecord,
  signRecord,
  signSuccession,
} from "./local/identity-record.ts";
export { INVITATION_PREFIX, readInvitation } from "./local/invitation.ts";
export { INVITATIONS_SPACE } from "./local/invitation-table.ts";
export type { LocalIdentityOptions, LocalRows } from "./local/local-context.ts";
export { LocalIdentity, type PeerView } from "./local/local-identity.ts";
export type { InviteOptions } from "./local/newcomers.ts";
export { SELF_SPACE, successionRow } from "./local/own-record.ts";
export { type PeerOrigin, PEERS_SPACE, type PinnedPeer } from "./local/peer-table.ts";
export {
  createNet,
  INDEXER_PROCESS,
  type ListenOn,
  type Net,
  type NetOptions,
} from "./net-module.ts";
export { Router, type RouterOptions } from "./routing/router.ts";
export { signMessage, verifyMessage } from "./message-signature.ts";
export { createRoutingRequest, type Join, readRoutingRequest } from "./routing/routing-request.ts";
export { FIRST_MESSAGE_BYTES, type NoiseSecrets } from "./noise/xx-handshake.ts";
export { HANDSHAKE_TIMEOUT_MS, HandshakeChannel } from "./opening/handshake-channel.ts";
export { answerVisitor, callNode, meetAtRouter, type Visit } from "./opening/open-session.ts";
export {
  Connection,
  type ConnectionEvents,
  type ConnectionLimits,
  type ConnectionOptions,
  DEFAULT_CONNECTION_LIMITS,
} from "./peers/connection.ts";
export { type OutgoingMessage, toOutgoing } from "./peers/outgoing.ts";
export { type DialStep, planDial } from "./peers/dial-plan.ts";
export {
  DEFAULT_PEERS_LIMITS,
  type PeerInfo,
  Peers,
  type PeersEvents,
  type PeersLimits,
  type PeersOptions,
} from "./peers/peers.ts";
export { judgeMessage, type Verdict } from "./peers/message-policy.ts";
export { createBunTransport } from "./sockets/transport-bun.ts";
export type { Listening, Socket, SocketEvents, Transport } from "./transport.ts";
export type { CipherState } from "./noise/cipher-state.ts";
