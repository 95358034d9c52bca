/**
 * The certificate of `--tls`: read at the start, and again when its files change.
 * @module
 */
import { readFileSync, statSync } from "node:fs";
import { TlsIdentityError, type TlsIdentity } from "@kinode-ts/http";
import { errorText, type Clock } from "@kinode-ts/types";
import { NodeError } from "./errors.ts";

/** Where the two PEM files are. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** Programs that renew certificates write their files once in some weeks. */
const LOOK_EVERY_MS = 30_000;

/** @throws {NodeError} `node.tls` naming the file and what is wrong with it */
export function readTlsFiles(files: TlsFiles): TlsIdentity {
  const cert = readPem(files.cert, "certificate", /-----BEGIN CERTIFICATE-----/);
  const key = readPem(
    files.key,
    "private key",
    /-----BEGIN (?:(?!ENCRYPTED)[A-Z]+ )?PRIVATE KEY-----/,
  );
  return { cert, key };
}

/** What the server says of a certificate, with the names of its files. */
export function tlsFault(files: TlsFiles, thrown: TlsIdentityError): NodeError {
  return new NodeError(
    { code: "node.tls", path: files.key },
    `${thrown.message}: "${files.cert}" and "${files.key}"`,
    {
      hint: "Give the certificate first and its own key second: --tls cert.pem key.pem",
      cause: thrown,
    },
  );
}

/**
 * Tells of a certificate that was renewed. One that is no good is told and not taken; the old one stays.
 * @returns ends the watch
 */
export function watchTlsFiles(
  files: TlsFiles,
  powers: { readonly clock: Clock; readonly say: (text: string) => void },
  renew: (tls: TlsIdentity) => void,
): () => void {
  let seen = stamp(files);
  const look = (): void => {
    const now = stamp(files);
    if (now !== seen) {
      seen = now;
      try {
        renew(readTlsFiles(files));
        powers.say(`The certificate "${files.cert}" was renewed and is in use`);
      } catch (thrown) {
        const reason = thrown instanceof TlsIdentityError ? tlsFault(files, thrown) : thrown;
        powers.say(`The certificate was not renewed, the old one stays: ${errorText(reason)}`);
      }
    }
    timer = powers.clock.after(LOOK_EVERY_MS, look);
  };
  let timer = powers.clock.after(LOOK_EVERY_MS, look);
  return () => timer.cancel();
}

function readPem(path: string, what: string, shape: RegExp): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new NodeError(
      { code: "node.tls", path },
      `The ${what} "${path}" cannot be read: ${errorText(cause)}`,
      { hint: "--tls takes two PEM files: the certificate and its private key", cause },
    );
  }
  if (shape.test(text)) return text;
  const isEncrypted = text.includes("ENCRYPTED PRIVATE KEY");
  throw new NodeError(
    { code: "node.tls", path },
    isEncrypted
      ? `The private key "${path}" is encrypted; the node cannot ask for its password`
      : `"${path}" holds no ${what} in PEM form`,
    { hint: "--tls takes two PEM files: the certificate first, its private key second" },
  );
}

/** Changes when one of the files does, also behind a link. */
function stamp(files: TlsFiles): string {
  return [files.cert, files.key]
    .map((path) => {
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? "missing" : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
    })
    .join(" ");
}
