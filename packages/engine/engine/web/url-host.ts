/**
 * Hosts of URLs: names, IPv4 and IPv6 addresses.
 * Names with other letters than ASCII are lower-cased, composed (NFC) and written in Punycode; the mapping tables of
 * UTS #46 are not here, they would weigh more than everything else.
 * Source: URL Standard §3.5 (WHATWG), RFC 3492.
 * @module
 */
import { decodeText, ENCODE, encodeText } from "./percent-encoding.ts";

const FORBIDDEN_HOST = /[\0\t\n\r #/:<>?@[\\\]^|]/;
// oxlint-disable-next-line no-control-regex -- the standard forbids controls
const FORBIDDEN_DOMAIN = /[\0-\x20#%/:<>?@[\\\]^|\x7f]/;

/** The host as serialized, or `undefined`: not a host. */
export function parseHost(input: string, isSpecial: boolean): string | undefined {
  if (input.startsWith("[")) {
    if (!input.endsWith("]")) return undefined;
    const pieces = parseIpv6(input.slice(1, -1));
    return pieces && `[${formatIpv6(pieces)}]`;
  }
  if (!isSpecial) {
    return FORBIDDEN_HOST.test(input) ? undefined : encodeText(input, ENCODE.control);
  }
  const name = toAscii(decodeText(input));
  if (name === undefined || name === "" || FORBIDDEN_DOMAIN.test(name)) return undefined;
  return endsInNumber(name) ? parseIpv4(name) : name;
}

// --- names -----------------------------------------------------------------------------------------

function toAscii(name: string): string | undefined {
  const labels: string[] = [];
  const composed = name.replaceAll("\u00ad", "").normalize("NFKC").toLowerCase().normalize("NFC");
  for (const label of composed.split(/[.\u3002\uff0e\uff61]/)) {
    // oxlint-disable-next-line no-control-regex -- all of ASCII
    if (/^[\0-\x7f]*$/.test(label)) {
      if (label.startsWith("xn--") && !/^xn--[a-z\d-]*[a-z\d]$/.test(label)) return undefined;
      labels.push(label);
    } else if (label.includes("\ufffd")) return undefined;
    else labels.push(`xn--${toPunycode(label)}`);
  }
  return labels.join(".");
}

function adapt(delta: number, count: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? 700 : 2));
  rest += Math.floor(rest / count);
  let k = 0;
  for (; rest > 455; k += 36) rest = Math.floor(rest / 35);
  return k + Math.floor((36 * rest) / (rest + 38));
}

function toPunycode(label: string): string {
  const points = Array.from(label, (character) => character.codePointAt(0)!);
  const basic = points.filter((point) => point < 0x80);
  let output = String.fromCharCode(...basic) + (basic.length > 0 ? "-" : "");
  let next = 0x80;
  let delta = 0;
  let bias = 72;
  for (let done = basic.length; done < points.length; next++) {
    const least = Math.min(...points.filter((point) => point >= next));
    delta += (least - next) * (done + 1);
    next = least;
    for (const point of points) {
      if (point < next) delta++;
      if (point !== next) continue;
      let q = delta;
      for (let k = 36; ; k += 36) {
        const t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        if (q < t) break;
        output += digit(t + ((q - t) % (36 - t)));
        q = Math.floor((q - t) / (36 - t));
      }
      output += digit(q);
      bias = adapt(delta, done + 1, done === basic.length);
      delta = 0;
      done++;
    }
    delta++;
  }
  return output;
}

function digit(value: number): string {
  return String.fromCharCode(value < 26 ? value + 97 : value + 22);
}

// --- IPv4 ------------------------------------------------------------------------------------------

function endsInNumber(name: string): boolean {
  const parts = name.split(".");
  if (parts.at(-1) === "" && parts.length > 1) parts.pop();
  const last = parts.at(-1)!;
  return /^\d+$/.test(last) || /^0x[\da-f]*$/i.test(last);
}

function parseIpv4Number(text: string): number | undefined {
  if (text === "") return undefined;
  if (/^0x[\da-f]*$/i.test(text)) return text.length === 2 ? 0 : parseInt(text, 16);
  if (/^0[0-7]+$/.test(text)) return parseInt(text, 8);
  return /^\d+$/.test(text) && !/^0\d/.test(text) ? parseInt(text, 10) : undefined;
}

function parseIpv4(name: string): string | undefined {
  const parts = name.split(".");
  if (parts.at(-1) === "" && parts.length > 1) parts.pop();
  if (parts.length > 4) return undefined;
  let address = 0;
  for (const [index, part] of parts.entries()) {
    const value = parseIpv4Number(part);
    const isLast = index === parts.length - 1;
    const bound = isLast ? 256 ** (5 - parts.length) : 256;
    if (value === undefined || value >= bound) return undefined;
    address += isLast ? value : value * 256 ** (3 - index);
  }
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

// --- IPv6 ------------------------------------------------------------------------------------------

function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (/^[\da-f]{1,4}$/i.test(part)) {
      groups.push(parseInt(part, 16));
      continue;
    }
    const octets = part.split(".");
    const isIpv4 = octets.length === 4 && octets.every((each) => /^(0|[1-9]\d{0,2})$/.test(each));
    if (!isIpv4 || !mayEndInIpv4 || index !== parts.length - 1) return undefined;
    const [a, b, c, d] = octets.map(Number) as [number, number, number, number];
    if (a > 255 || b > 255 || c > 255 || d > 255) return undefined;
    groups.push(a * 256 + b, c * 256 + d);
  }
  return groups;
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]!, halves.length === 1);
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  const tail = parseGroups(halves[1]!, true);
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** The longest run of at least two zeros is written `::`. */
function formatIpv6(groups: readonly number[]): string {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  if (best.start < 0) return text(0, 8);
  return `${text(0, best.start)}::${text(best.start + best.length, 8)}`;
}
