/** WIT texts of the kind existing packages have. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The process interface, version 1.0.0. */
export const PROCESS = readFileSync(
  join(import.meta.dir, "../../../wit/kinode-process-1.0.0/process.wit"),
  "utf8",
);

/** Messages only. */
export const CHAT = `
interface chat {
  /// What a chat process is asked.
  variant request {
    send(send-request),
    /// What was said with this node.
    history(string),
    leave,
  }

  variant response {
    send,
    history(list<chat-message>),
    err(string),
  }

  record send-request {
    target: string,
    message: string,
  }

  record chat-message {
    author: string,
    content: string,
  }
}

world chat-example-dot-os-v0 {
  import chat;
  include process-v1;
}
`;

/** Messages, a foreign type and a function that another process links. */
export const TRANSFER = `
interface file-transfer-worker {
  use standard.{address};

  variant request {
    download(download-request),
  }

  variant response {
    download(result<_, string>),
  }

  variant internal-request {
    size(u64),
  }

  record download-request {
    name: string,
    target: address,
    is-requestor: bool,
  }

  /// Starts a download.
  start-download: func(our: address, name: string, is-requestor: bool) -> result<_, string>;
}

world file-transfer-worker-api-v0 {
  export file-transfer-worker;
}
`;

/** What the successor's kit writes for functions of an app. */
export const SIGNATURES = `
interface todo {
  use standard.{address};

  record entry {
    id: u64,
    %type: option<string>,
  }

  // Function signature for: add-entry (remote)
  // args: (entry: entry, urgent: bool)
  record add-entry-signature-remote {
    target: address,
    arg-types: tuple<entry, bool>,
    returning: result<u64, string>,
  }

  record add-entry-signature-local {
    target: address,
    arg-types: tuple<entry, bool>,
    returning: result<u64, string>,
  }

  record list-all-signature-local {
    target: address,
    returning: list<entry>,
  }

  record find-signature-local {
    target: address,
    text: string,
    returning: option<entry>,
  }

  record page-signature-http {
    target: string,
    returning: string,
  }
}
`;
