/** Certificates for tests of TLS: made when they are needed, because keys do not belong in a repository. */
import { generate } from "selfsigned";

const DAY_MS = 86_400_000;

/** Both in PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** A self-signed certificate (P-256, a day long) whose subject is `commonName`, valid for the host names. */
export async function createTestCertificate(
  commonName: string,
  hosts: readonly string[] = ["localhost"],
): Promise<TestCertificate> {
  const made = await generate([{ name: "commonName", value: commonName }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notAfterDate: new Date(Date.now() + DAY_MS),
    extensions: [
      { name: "subjectAltName", altNames: hosts.map((value) => ({ type: 2 as const, value })) },
    ],
  });
  return { cert: made.cert, key: made.private };
}
