/**
 * The commands about other nodes: who is known, inviting, coming on an invitation, routers, a new key.
 * @module
 */
import type { ControlInvitation, ControlInvite, ControlPeer, ControlPeers } from "@kinode-ts/types";
import { NodeError } from "../boot/errors.ts";
import { connectToNode } from "./control-client.ts";
import type { CommandFlags } from "./node-commands.ts";
import { formatTable, type Output, plain } from "./output.ts";

const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 } as const;

/** Seconds of `90s`, `30m`, `12h`, `1d`, `2w`. @throws {NodeError} anything else */
export function readDuration(flag: string, text: string): number {
  const match = /^(\d{1,9})([smhdw])$/.exec(text);
  if (match !== null) return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
  throw new NodeError(
    { code: "node.bad-flag", flag, value: text },
    `"${text}" is not a length of time`,
    { hint: `Take a number with s, m, h, d or w, e.g. ${flag} 12h or ${flag} 1d` },
  );
}

function readUses(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= 1_000) return Number(text);
  throw new NodeError(
    { code: "node.bad-flag", flag: "--uses", value: text },
    `"${text}" is not a number of nodes`,
    { hint: "Take a whole number from 1 to 1000, e.g. --uses 3" },
  );
}

export interface InviteFlags extends CommandFlags {
  readonly expires: string;
  readonly uses: string;
}

export async function inviteCommand(flags: InviteFlags, output: Output): Promise<void> {
  const body: ControlInvite = {
    expiresSeconds: readDuration("--expires", flags.expires),
    uses: readUses(flags.uses),
  };
  const made = await connectToNode(flags.home).post<ControlInvitation>("peers/invite", body);
  if (flags.json === true) return output.line(JSON.stringify(made));
  output.line(made.text);
  // A program that takes the line in gets the line and nothing else.
  if (!output.isTerminal) return;
  const nodes = body.uses === 1 ? "one node" : `${body.uses} nodes`;
  const until = new Date(made.expiresMs).toLocaleString();
  output.line("");
  output.line(`Send this line to whom you trust: it lets in ${nodes}, until ${until}.`);
  output.line("There: kinode join <the line>");
}

export async function joinCommand(
  words: readonly string[],
  flags: CommandFlags,
  output: Output,
): Promise<void> {
  const text = words.join("");
  const peer = await connectToNode(flags.home).post<ControlPeer>("peers/join", { text });
  if (flags.json === true) return output.line(JSON.stringify(peer));
  output.line(`This node and ${plain(peer.name)} know each other now (${peer.route}).`);
  output.line(`Its key: ${peer.fingerprint}`);
}

/** `now`, `12 min ago`, `3 d ago`. */
function showSeen({ isConnected, lastSeenMs }: ControlPeer): string {
  if (isConnected) return "now";
  const minutes = Math.max(0, Math.floor((Date.now() - lastSeenMs) / 60_000));
  if (minutes < 60) return `${minutes} min ago`;
  return minutes < 2_880
    ? `${Math.floor(minutes / 60)} h ago`
    : `${Math.floor(minutes / 1_440)} d ago`;
}

function showNote({ origin, by, isOurRouter }: ControlPeer): string {
  const notes = isOurRouter ? ["our router"] : [];
  if (origin === "guest") notes.push(`guest of ${by ?? "?"}`);
  if (origin === "router" && !isOurRouter) notes.push(`router of ${by ?? "?"}`);
  return notes.join(", ");
}

export async function peersCommand(flags: CommandFlags, output: Output): Promise<void> {
  const { our, peers, nearby } = await connectToNode(flags.home).get<ControlPeers>("peers");
  if (flags.json === true) return output.line(JSON.stringify({ our, peers, nearby }));
  const through = our.routers.length > 0 ? `through ${our.routers.join(", ")}` : "";
  const at = our.addresses.length > 0 ? `at ${our.addresses.join(", ")}` : "by nobody";
  output.line(`${our.name}, reached ${through || at}`);
  output.line(`key ${our.fingerprint}`);
  output.line("");
  if (peers.length === 0) {
    output.line('No other node is known. "kinode invite" makes an invitation.');
  } else {
    const rows = peers.map((peer) => [
      peer.name,
      peer.route,
      showSeen(peer),
      peer.fingerprint,
      showNote(peer),
    ]);
    output.line(formatTable(["NODE", "ROUTE", "SEEN", "KEY", ""], rows));
  }
  if (nearby.length === 0) return;
  output.line("");
  output.line('Nearby, not trusted ("kinode peers accept <name>" after comparing the keys):');
  const rows = nearby.map((each) => [
    each.name,
    each.address,
    each.fingerprint,
    each.isImpostor ? "NOT the node you know by this name" : "",
  ]);
  output.line(formatTable(["NODE", "FROM", "KEY", ""], rows));
}

export async function peerCommand(
  action: "accept" | "remove",
  name: string,
  flags: CommandFlags,
  output: Output,
): Promise<void> {
  const path = `peers/${encodeURIComponent(name)}/${action}`;
  const answer = await connectToNode(flags.home).post<object>(path);
  if (flags.json === true) return output.line(JSON.stringify(answer));
  output.line(
    action === "remove"
      ? `${plain(name)} is not known any more.`
      : `${plain(name)} is known now; it has to accept this node, too.`,
  );
}

/** @param router - the name of a known node, or an invitation of the router, which is taken first */
export async function routerCommand(
  action: "add" | "remove",
  router: string,
  flags: CommandFlags,
  output: Output,
): Promise<void> {
  const node = connectToNode(flags.home);
  const isInvitation = action === "add" && /^kinode1/i.test(router);
  const name = isInvitation
    ? (await node.post<ControlPeer>("peers/join", { text: router })).name
    : router;
  const { our } = await node.post<ControlPeers>(`routers/${encodeURIComponent(name)}/${action}`);
  if (flags.json === true) return output.line(JSON.stringify(our));
  output.line(
    our.routers.length === 0
      ? "Other nodes reach this one at its own addresses."
      : `Other nodes reach this one through ${our.routers.join(", ")}.`,
  );
}

export interface RotateFlags extends CommandFlags {
  readonly password?: string;
}

export async function rotateKeyCommand(flags: RotateFlags, output: Output): Promise<void> {
  const password = flags.password ?? process.env["KINODE_PASSWORD"];
  if (password === undefined) {
    throw new NodeError(
      { code: "node.usage", reason: "no password" },
      "A new key needs the password of the node",
      { hint: "Give --password <text>, or set KINODE_PASSWORD" },
    );
  }
  const path = "peers/rotate-key";
  const node = connectToNode(flags.home);
  const { fingerprint } = await node.post<{ fingerprint: string }>(path, { password });
  if (flags.json === true) return output.line(JSON.stringify({ fingerprint }));
  output.line(`The key of this node is ${fingerprint} now.`);
  output.line("Nodes that are connected follow at once, the others when they meet it.");
}
