/**
 * Which machines apps may reach: not the node's own interfaces, and not those where clouds keep secrets.
 * Source: spec/runtime-modules.md §7.4 (2).
 * @module
 */

export interface AddressPolicyOptions {
  /** Ports the node itself listens on. */
  readonly ownPorts: () => readonly number[];
  /** Whether an address, as text, is one of this machine's. Loopback addresses need not be told. */
  readonly isThisMachine: (address: string) => boolean;
  /** Whether apps may reach private ranges (RFC 1918, RFC 4193). Default: yes; a home has printers. */
  readonly privateRanges?: boolean;
}

/** Eight 16-bit groups; IPv4 is the last two of `::ffff:0:0/96`. */
type Groups = readonly number[];

/** Says why apps may not connect to an address, or nothing. `address` is numeric, without brackets. */
export type RefusalOf = (address: string, port: number) => string | undefined;

export function createAddressPolicy(options: AddressPolicyOptions): RefusalOf {
  const allowsPrivate = options.privateRanges ?? true;
  return (address, port) => {
    const groups = parseAddress(address);
    if (groups === undefined) return `"${address}" is no address`;
    const v4 = ipv4Of(groups);
    if (isMetadata(groups, v4)) return `${address} is a link-local or metadata address`;
    const isOwnPort = options.ownPorts().includes(port);
    // Asking for the addresses of this machine is not for every request.
    if (!isOwnPort && allowsPrivate) return undefined;
    const isHere = isLocal(groups, v4) || options.isThisMachine(address);
    if (isHere && isOwnPort) return `${address} port ${port} is the node itself`;
    if (!allowsPrivate && (isHere || isPrivate(groups, v4)))
      return `${address} is a private address`;
    return undefined;
  };
}

/** @returns `undefined` for what is no numeric address; a zone is cut off */
export function parseAddress(text: string): Groups | undefined {
  const [plain = ""] = text.split("%");
  if (!plain.includes(":")) {
    const v4 = parseIpv4(plain);
    return v4 && [0, 0, 0, 0, 0, 0xffff, v4[0]! * 256 + v4[1]!, v4[2]! * 256 + v4[3]!];
  }
  const [head = "", tail, ...more] = plain.split("::");
  if (more.length > 0) return undefined;
  const before = parseGroups(head);
  const after = tail === undefined ? [] : parseGroups(tail);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...before, ...new Array<number>(missing).fill(0), ...after];
}

function parseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    const v4 = i === parts.length - 1 && part.includes(".") ? parseIpv4(part) : undefined;
    if (v4 !== undefined) groups.push(v4[0]! * 256 + v4[1]!, v4[2]! * 256 + v4[3]!);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

function parseIpv4(text: string): readonly number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part)))
    return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

/** The IPv4 address inside a mapped, compatible or NAT64 one, as four bytes. */
function ipv4Of(groups: Groups): Groups | undefined {
  const [a, b, c, d, e, f, high, low] = groups as readonly [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const isZero = a === 0 && b === 0 && c === 0 && d === 0;
  const isMapped = isZero && e === 0 && (f === 0xffff || (f === 0 && (high > 0 || low > 1)));
  const isTranslated = a === 0x64 && b === 0xff9b && c === 0 && d === 0 && e === 0 && f === 0;
  if (!isMapped && !isTranslated) return undefined;
  return [high >> 8, high & 255, low >> 8, low & 255];
}

function isMetadata(groups: Groups, v4: Groups | undefined): boolean {
  if (v4 !== undefined) {
    const [a, b, c, d] = v4;
    return (a === 169 && b === 254) || (a === 100 && b === 100 && c === 100 && d === 200);
  }
  const isLinkLocal = (groups[0]! & 0xffc0) === 0xfe80;
  return isLinkLocal || (groups[0] === 0xfd00 && groups[1] === 0xec2);
}

/** Loopback, and the unspecified address, which connects to it. */
function isLocal(groups: Groups, v4: Groups | undefined): boolean {
  if (v4 !== undefined) return v4[0] === 127 || v4[0] === 0;
  return groups.slice(0, 7).every((group) => group === 0) && groups[7]! <= 1;
}

function isPrivate(groups: Groups, v4: Groups | undefined): boolean {
  if (v4 === undefined) return (groups[0]! & 0xfe00) === 0xfc00;
  const [a, b] = v4 as readonly [number, number];
  return (
    a === 10 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 100 && b >= 64 && b < 128)
  );
}
