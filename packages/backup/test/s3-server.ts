/**
 * An S3 service in memory, as much of it as a repository needs. It looks at who asks, not at signatures.
 * @module
 */
export interface S3Server extends Disposable {
  readonly endpoint: string;
  /** By key, without the bucket. */
  readonly objects: Map<string, Uint8Array>;
  /** Answers the next requests of a method with an error. */
  fail(method: string, status: number, code: string, count?: number): void;
}

interface Failure {
  readonly method: string;
  readonly status: number;
  readonly code: string;
  left: number;
}

const BUCKET = "backups";
export const S3_ACCESS = {
  bucket: BUCKET,
  accessKeyId: "ours",
  secretAccessKey: "secret",
} as const;

function problem(status: number, code: string): Response {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  return new Response(body, { status, headers: { "content-type": "application/xml" } });
}

/** @param pageSize - keys in one answer to a list */
export function startS3Server(pageSize = 7): S3Server {
  const objects = new Map<string, Uint8Array>();
  const failures: Failure[] = [];

  const list = (query: URLSearchParams): Response => {
    const prefix = query.get("prefix") ?? "";
    const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
    const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const page = keys.slice(0, pageSize);
    const more = keys.length > page.length;
    const contents = page.map(
      (key) =>
        `<Contents><Key>${key}</Key><Size>${objects.get(key)!.length}</Size><ETag>"x"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified><StorageClass>STANDARD</StorageClass></Contents>`,
    );
    const next = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : "";
    const head = `<Name>${BUCKET}</Name><Prefix>${prefix}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${pageSize}</MaxKeys><IsTruncated>${more}</IsTruncated>`;
    const body = `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${head}${next}${contents.join("")}</ListBucketResult>`;
    return new Response(body, { headers: { "content-type": "application/xml" } });
  };

  const read = (key: string, request: Request): Response => {
    const bytes = objects.get(key);
    const isHead = request.method === "HEAD";
    if (bytes === undefined)
      return isHead ? new Response(null, { status: 404 }) : problem(404, "NoSuchKey");
    const headers = { etag: '"x"', "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT" };
    if (isHead) {
      return new Response(null, { headers: { ...headers, "content-length": `${bytes.length}` } });
    }
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "");
    if (range === null) return new Response(bytes.slice(), { headers });
    const [from, to] = [Number(range[1]), range[2] === "" ? bytes.length - 1 : Number(range[2])];
    if (from >= bytes.length) return problem(416, "InvalidRange");
    const end = Math.min(to, bytes.length - 1);
    const part = { "content-range": `bytes ${from}-${end}/${bytes.length}` };
    return new Response(bytes.slice(from, end + 1), {
      status: 206,
      headers: { ...headers, ...part },
    });
  };

  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const url = new URL(request.url);
      const failure = failures.find(({ method, left }) => method === request.method && left > 0);
      if (failure !== undefined) {
        failure.left--;
        return problem(failure.status, failure.code);
      }
      if (!(request.headers.get("authorization") ?? "").includes("Credential=ours/")) {
        return problem(403, "InvalidAccessKeyId");
      }
      const [, bucket, ...rest] = decodeURIComponent(url.pathname).split("/");
      if (bucket !== BUCKET) return problem(404, "NoSuchBucket");
      const key = rest.join("/");
      if (key === "") return list(url.searchParams);
      switch (request.method) {
        case "PUT":
          objects.set(key, await request.bytes());
          return new Response(null, { headers: { etag: '"x"' } });
        case "DELETE":
          objects.delete(key);
          return new Response(null, { status: 204 });
        default:
          return read(key, request);
      }
    },
  });
  return {
    endpoint: `http://127.0.0.1:${server.port}`,
    objects,
    fail: (method, status, code, left = 1) => failures.push({ method, status, code, left }),
    [Symbol.dispose]: () => void server.stop(true),
  };
}
