/**
 * A place for backups that is an S3-compatible bucket, or a part of one.
 * @module
 */
import type { BackupObjectKind, BackupRemote } from "@kinode-ts/types";
import { BackupError } from "./errors.ts";
import { hostCode } from "./host-errors-bun.ts";
import { objectPath } from "./object-path.ts";

export interface S3RemoteOptions {
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Address of the service; default: Amazon's for the region. */
  readonly endpoint?: string;
  readonly region?: string;
  /** The repository is below this, as `restic -r s3:<endpoint>/<bucket>/<prefix>` takes it. Default: the whole bucket. */
  readonly prefix?: string;
  /** Default: `s3:<bucket>/<prefix>`. */
  readonly label?: string;
}

const MISSING = ["NoSuchKey", "NotFound", "ERR_S3_FILE_NOT_FOUND"];
const FULL = ["QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "EntityTooLarge"];
const REFUSED = [
  ...["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket"],
  ...["AccountProblem", "AllAccessDisabled", "InvalidBucketName", "AuthorizationHeaderMalformed"],
];
const PAGE = 1_000;

export function createS3Remote(options: S3RemoteOptions): BackupRemote {
  const { bucket, accessKeyId, secretAccessKey, endpoint, region } = options;
  const prefix = (options.prefix ?? "").replace(/^\/+|\/+$/g, "");
  const label = options.label ?? `s3:${prefix === "" ? bucket : `${bucket}/${prefix}`}`;
  const client = new Bun.S3Client({
    ...{ bucket, accessKeyId, secretAccessKey },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
  });
  const below = (path: string): string => (prefix === "" ? path : `${prefix}/${path}`);
  const key = (kind: BackupObjectKind, name: string): string => below(objectPath(kind, name));
  const orMissing = async <T>(run: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await run();
    } catch (error) {
      if (MISSING.includes(hostCode(error))) return undefined;
      throw explain(error, label);
    }
  };

  return {
    label,
    async *list(kind) {
      const folder = below(kind === "config" ? "config" : `${kind}/`);
      let continuationToken: string | undefined;
      do {
        const token = continuationToken === undefined ? {} : { continuationToken };
        const request = { prefix: folder, maxKeys: PAGE, ...token };
        const page = await client.list(request).catch((error: unknown) => {
          throw explain(error, label);
        });
        for (const { key, size } of page.contents ?? []) {
          yield { name: key.slice(key.lastIndexOf("/") + 1), sizeBytes: Number(size ?? 0) };
        }
        continuationToken = page.isTruncated === true ? page.nextContinuationToken : undefined;
      } while (continuationToken !== undefined);
    },
    stat: (kind, name) =>
      orMissing(async () => ({ name, sizeBytes: (await client.stat(key(kind, name))).size })),
    get: (kind, name, range) =>
      orMissing(async () => {
        const file = client.file(key(kind, name));
        const { offset = 0, length = 0 } = range ?? {};
        const part = range === undefined ? file : file.slice(offset, offset + length);
        return new Uint8Array(await part.arrayBuffer());
      }),
    async put(kind, name, bytes) {
      try {
        await client.write(key(kind, name), bytes);
      } catch (error) {
        throw explain(error, label);
      }
    },
    async delete(kind, name) {
      await orMissing(() => client.delete(key(kind, name)));
    },
  };
}

/** The fault that trying again does not cure. */
function explain(error: unknown, remote: string): unknown {
  const why = hostCode(error);
  if (FULL.includes(why)) {
    return new BackupError({ code: "backup.remote-full", remote, why }, { cause: error });
  }
  if (REFUSED.includes(why)) {
    return new BackupError({ code: "backup.remote-refused", remote, why }, { cause: error });
  }
  return error;
}
