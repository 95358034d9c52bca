/**
 * Offers the files of its drive to other nodes, and fetches theirs.
 * From the terminal: `download:file-transfer:example.os bob.local holiday.mp4`
 * @module
 */
import type { Answer, IncomingRequest } from "@kinode-ts/stdlib";
import { defineProcess, our, request, SendError, serve } from "@kinode-ts/stdlib";
import { createDrive } from "@kinode-ts/stdlib/vfs";
import { textOf } from "./one-download.ts";
import { Downloads } from "./downloads.ts";
import { OfferedFiles } from "./offered-files.ts";
import type { FileInfo, TransferRequest } from "./wire.ts";
import { parseFiles, parseRequest } from "./wire.ts";

async function filesOf(node: string): Promise<FileInfo[]> {
  const target = `${node}@${our().processId.toString()}`;
  const response = await request(target, JSON.stringify("ListFiles"), { timeout: "15s" });
  return parseFiles(response.json());
}

class Transfer {
  readonly #offered: OfferedFiles;
  readonly #downloads: Downloads;

  constructor(offered: OfferedFiles, downloads: Downloads) {
    this.#offered = offered;
    this.#downloads = downloads;
  }

  /** What went wrong is an answer, too. */
  async answer(message: IncomingRequest): Promise<Answer> {
    try {
      return await this.#answer(parseRequest(message.json()), message.isLocal);
    } catch (thrown) {
      if (!(thrown instanceof SendError)) return { Err: textOf(thrown) };
      return {
        Err: thrown.isOffline ? "that node cannot be reached" : "that node does not answer",
      };
    }
  }

  async #answer(asked: TransferRequest, isLocal: boolean): Promise<Answer> {
    if (asked.kind === "chunk") return await this.#offered.chunk(asked);
    if (asked.kind === "list" && asked.node === undefined) {
      return { ListFiles: await this.#offered.list() };
    }
    if (!isLocal) throw new TypeError("other nodes may ask for ListFiles and Chunk only");
    switch (asked.kind) {
      case "list":
        return { ListFiles: await filesOf(asked.node ?? our().node) };
      case "download":
        if (asked.target === our().node) throw new RangeError("this is the node that you are on");
        await this.#downloads.start(asked);
        return JSON.stringify("Started");
      case "cancel":
        await this.#downloads.cancel(asked.name);
        return { Ok: null };
      case "progress":
        return { Progress: this.#downloads.progress };
      default:
        return asked satisfies never;
    }
  }
}

export default defineProcess(async () => {
  const drive = await createDrive("files");
  const offered = new OfferedFiles(drive);
  await offered.watch();
  const transfer = new Transfer(offered, await Downloads.load(drive));
  await serve((message) => transfer.answer(message));
});
