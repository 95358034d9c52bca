/**
 * A file of a drive as the content of a path: read from where it lies, part by part, when it is asked for.
 * @module
 */
import { primitives } from "@kinode-ts/crypto";
import type { ProcessId } from "@kinode-ts/types";
import { emptyResponse } from "./responses.ts";
import { matches, readRange } from "./static-content.ts";

/** A file that is open. */
export interface FileSource {
  readonly size: number;
  /** Another text when the file has changed; `undefined`: nobody can tell. */
  readonly trace: string | undefined;
  read(position: number, length: number): Promise<Uint8Array>;
  close(): void;
}

/** The drives, for paths that serve files. */
export interface ServedFiles {
  mayRead(process: ProcessId, path: string): boolean;
  open(path: string): Promise<FileSource | undefined>;
}

/** What a binding says. */
export interface FileBinding {
  /** In the drives: `/pkg:pub/drive/file`. */
  readonly path: string;
  readonly mime: string | undefined;
}

const PART_BYTES = 256 * 1024;

/** Answers GET and HEAD. The right to read is asked each time: it may have been taken back. */
export async function answerFile(
  files: ServedFiles,
  process: ProcessId,
  { path, mime }: FileBinding,
  request: Request,
): Promise<Response> {
  if (!files.mayRead(process, path)) return emptyResponse(404);
  const file = await files.open(path).catch(() => undefined);
  if (file === undefined) return emptyResponse(404);
  const etag = file.trace === undefined ? undefined : tagOf(file);
  const headers = new Headers({ "content-type": mime ?? "application/octet-stream" });
  headers.set("accept-ranges", "bytes");
  if (etag !== undefined) headers.set("etag", etag);
  const asked = request.headers;
  if (etag !== undefined && matches(asked.get("if-none-match"), etag)) {
    file.close();
    return new Response(null, { status: 304, headers: { etag } });
  }
  if (request.method === "HEAD") {
    file.close();
    headers.set("content-length", String(file.size));
    return new Response(null, { headers });
  }
  const condition = asked.get("if-range");
  const wanted = condition === null || condition === etag ? asked.get("range") : null;
  const range = wanted === null ? "whole" : readRange(wanted, file.size);
  if (range === "whole") return send(file, 0, file.size, { status: 200, headers });
  if (range === "outside") {
    file.close();
    const size = `bytes */${file.size}`;
    return new Response(null, { status: 416, headers: { "content-range": size } });
  }
  const [first, last] = range;
  headers.set("content-range", `bytes ${first}-${last}/${file.size}`);
  return send(file, first, last + 1, { status: 206, headers });
}

interface Head {
  readonly status: number;
  readonly headers: Headers;
}

/** What fits into one part goes with its length, which bodies in parts cannot have. */
async function send(file: FileSource, start: number, end: number, head: Head): Promise<Response> {
  if (end - start > PART_BYTES) return new Response(partsOf(file, start, end), head);
  const bytes = await file.read(start, end - start).catch(() => undefined);
  file.close();
  return bytes?.length === end - start ? new Response(bytes, head) : emptyResponse(500);
}

/** Nothing of what the disk tells goes out. */
function tagOf({ trace, size }: FileSource): string {
  const text = new TextEncoder().encode(`${size} ${trace}`);
  return `"${primitives.sha256(text).subarray(0, 16).toHex()}"`;
}

/** A file that becomes shorter meanwhile arrives broken, not short. */
function partsOf(file: FileSource, start: number, end: number): ReadableStream<Uint8Array> {
  let at = start;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (at >= end) {
          file.close();
          return controller.close();
        }
        const bytes = await file.read(at, Math.min(PART_BYTES, end - at)).catch(() => undefined);
        if (bytes !== undefined && bytes.length > 0) {
          at += bytes.length;
          return controller.enqueue(bytes);
        }
        file.close();
        controller.error(undefined);
      },
      cancel: () => file.close(),
    },
    { highWaterMark: 0 },
  );
}
