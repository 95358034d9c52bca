/**
 * `restic` itself, the oracle of this package: `KINODE_RESTIC` names it, or it is in the PATH.
 * @module
 */
import { S3_ACCESS } from "./s3-server.ts";

export const RESTIC = process.env["KINODE_RESTIC"] ?? Bun.which("restic") ?? undefined;

export interface ResticRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it with a password; its cache is off. */
export async function restic(
  repository: string,
  password: string,
  ...args: readonly string[]
): Promise<ResticRun> {
  const child = Bun.spawn([RESTIC!, "--repo", repository, "--no-cache", ...args], {
    env: {
      ...process.env,
      RESTIC_PASSWORD: password,
      AWS_ACCESS_KEY_ID: S3_ACCESS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: S3_ACCESS.secretAccessKey,
      AWS_DEFAULT_REGION: "us-east-1",
    },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}
