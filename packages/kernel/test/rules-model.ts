/**
 * The message rules as the simplest program that could be right: plain arrays and maps, no limits, no scheduler.
 * Source: spec/kernel.md §3.4–3.10. The oracle of `rules.prop.test.ts`.
 * @module
 */

interface Prompting {
  readonly id: number;
  readonly source: string;
  readonly rsvp: string | undefined;
}

interface Sent {
  readonly id: number;
  readonly source: string;
  readonly target: string;
  readonly rsvp: string | undefined;
  readonly expects: number | undefined;
  readonly body: string;
  readonly blob: string | undefined;
  /** Rights to message these, as they were attached. */
  readonly rights: readonly string[];
}

interface Context {
  readonly prompting: Prompting | undefined;
  readonly context: string | undefined;
  readonly request: Sent;
  readonly dueMs: number;
  readonly exactMs: number;
  state: "pending" | "answered" | "replaced";
  answer: Sent | undefined;
}

type Item =
  | { readonly kind: "request"; readonly message: Sent }
  | { readonly kind: "answer"; readonly context: Context };

interface ModelProcess {
  readonly inbox: Item[];
  readonly contexts: Map<number, Context>;
  prompting: Prompting | undefined;
  lastBlob: string | undefined;
  blobbed: boolean;
  awaiting: Context | undefined;
  /** Rights that came with messages. */
  readonly received: Set<string>;
}

export interface SendOptions {
  readonly inherit: boolean;
  readonly expects: number | undefined;
  readonly body: string;
  readonly context: string | undefined;
  readonly blob: string | undefined;
  readonly rights: readonly string[];
}

/** What a process sees of one item, and of its blobs after it. */
export type Seen = string;

export class RulesModel {
  readonly #processes = new Map<string, ModelProcess>();
  readonly #rights = new Set<string>();
  readonly #withdrawn = new Set<string>();
  #nowMs = 0;
  #nextId = 1;

  create(name: string, peers: readonly string[]): void {
    this.#processes.set(name, {
      inbox: [],
      contexts: new Map(),
      prompting: undefined,
      lastBlob: undefined,
      blobbed: false,
      awaiting: undefined,
      received: new Set(),
    });
    for (const peer of [...peers, name]) this.#give(name, peer);
  }

  /** The child gets of the wanted rights those its parent holds or issues, and both may message each other. */
  spawn(parent: string, name: string, wanted: readonly string[]): void {
    const passed = wanted.filter((peer) => this.#mayAttach(parent, peer));
    this.create(name, [...passed, parent]);
    this.#give(parent, name);
  }

  /** A process may save what it holds, issues, or was sent. */
  save(name: string, target: string): void {
    if (this.#withdrawn.has(`${name}>${target}`)) return;
    if (target === name || this.#processes.get(name)!.received.has(target)) {
      this.#give(name, target);
    }
  }

  rightsOf(name: string): string[] {
    return [...this.#rights].filter((right) => right.startsWith(`${name}>`)).sort();
  }

  #mayAttach(holder: string, target: string): boolean {
    return target === holder || this.#rights.has(`${holder}>${target}`);
  }

  isAlive(name: string): boolean {
    return this.#processes.has(name);
  }

  isAwaiting(name: string): boolean {
    return this.#processes.get(name)?.awaiting !== undefined;
  }

  kill(name: string): void {
    this.#processes.delete(name);
    for (const right of [...this.#rights]) {
      if (right.endsWith(`>${name}`) || right.startsWith(`${name}>`)) this.#rights.delete(right);
    }
    for (const right of [...this.#withdrawn]) {
      if (right.startsWith(`${name}>`)) this.#withdrawn.delete(right);
    }
  }

  /** The person gives a right. */
  grant(holder: string, target: string): void {
    this.#withdrawn.delete(`${holder}>${target}`);
    this.#give(holder, target);
  }

  /** The person takes a right away: the process cannot save it again by itself. */
  revoke(holder: string, target: string): void {
    if (this.#processes.has(holder)) this.#withdrawn.add(`${holder}>${target}`);
    this.#rights.delete(`${holder}>${target}`);
  }

  #give(holder: string, target: string): void {
    if (this.#processes.has(holder)) this.#rights.add(`${holder}>${target}`);
  }

  advanceTo(nowMs: number): void {
    this.#nowMs = nowMs;
    const due = [...this.#processes.values()]
      .flatMap((process) => [...process.contexts.values()].map((context) => ({ process, context })))
      .filter(({ context }) => context.state === "pending" && context.dueMs <= nowMs)
      .sort((a, b) => a.context.exactMs - b.context.exactMs);
    for (const { process, context } of due) this.#answer(process, context, undefined);
  }

  send(name: string, target: string, options: SendOptions, awaits = false): void {
    const process = this.#processes.get(name)!;
    const prompting = options.inherit ? process.prompting : undefined;
    const message: Sent = {
      id: prompting?.id ?? this.#nextId++,
      source: name,
      target,
      rsvp: options.expects !== undefined ? name : prompting?.rsvp,
      expects: options.expects,
      body: options.body,
      blob: options.blob ?? (options.inherit ? process.lastBlob : undefined),
      rights: options.rights.filter((peer) => this.#mayAttach(name, peer)),
    };
    let context: Context | undefined;
    if (options.expects !== undefined) {
      context = this.#open(process, message, awaits ? undefined : options.context);
      if (awaits) process.awaiting = context;
      if (options.expects === 0) this.#answer(process, context, undefined);
    }
    const receiver = this.#processes.get(target);
    if (receiver !== undefined && this.#rights.has(`${name}>${target}`)) {
      receiver.inbox.push({ kind: "request", message });
    } else if (context !== undefined) {
      this.#answer(process, context, undefined);
    }
  }

  respond(
    name: string,
    options: {
      readonly inherit: boolean;
      readonly body: string;
      readonly blob: string | undefined;
    },
  ): void {
    const process = this.#processes.get(name)!;
    const { prompting } = process;
    if (prompting === undefined) return;
    const target = prompting.rsvp ?? prompting.source;
    const receiver = this.#processes.get(target);
    if (receiver === undefined || !this.#rights.has(`${name}>${target}`)) return;
    const context = receiver.contexts.get(prompting.id);
    if (context === undefined) return;
    this.#answer(receiver, context, {
      id: prompting.id,
      source: name,
      target,
      rsvp: undefined,
      expects: undefined,
      body: options.body,
      blob: options.inherit ? process.lastBlob : options.blob,
      rights: [],
    });
  }

  /** The next item, or what is awaited; nothing when the process would wait. */
  receive(name: string): Seen | undefined {
    const process = this.#processes.get(name)!;
    if (process.awaiting !== undefined) {
      const context = process.awaiting;
      if (context.state !== "answered") return undefined;
      process.awaiting = undefined;
      return this.#seeAnswer(process, context);
    }
    const item = process.inbox.shift();
    if (item === undefined) return undefined;
    return item.kind === "answer"
      ? this.#seeAnswer(process, item.context)
      : this.#seeRequest(process, item.message);
  }

  #open(process: ModelProcess, request: Sent, text: string | undefined): Context {
    const older = process.contexts.get(request.id);
    if (older?.state === "pending") older.state = "replaced";
    const exactMs = this.#nowMs + request.expects! * 1_000;
    const context: Context = {
      prompting: process.prompting,
      context: text,
      request,
      dueMs: Math.ceil(exactMs),
      exactMs,
      state: "pending",
      answer: undefined,
    };
    process.contexts.set(request.id, context);
    return context;
  }

  #answer(process: ModelProcess, context: Context, answer: Sent | undefined): void {
    if (context.state !== "pending") return;
    context.state = "answered";
    context.answer = answer;
    if (process.awaiting !== context) process.inbox.push({ kind: "answer", context });
  }

  #seeRequest(process: ModelProcess, message: Sent): Seen {
    this.#noteBlob(process, message.blob);
    if (message.expects !== undefined || message.rsvp !== undefined) {
      process.prompting = { id: message.id, source: message.source, rsvp: message.rsvp };
    }
    for (const right of message.rights) process.received.add(right);
    const { source, body, expects, rights } = message;
    return this.#describe(process, `request ${source} ${body} ${expects} ${rights.join("")}`);
  }

  #seeAnswer(process: ModelProcess, context: Context): Seen {
    if (process.contexts.get(context.request.id) === context) {
      process.contexts.delete(context.request.id);
    }
    process.prompting = context.prompting;
    const { answer, request } = context;
    if (answer === undefined) {
      process.blobbed = false;
      const failed = `timeout ${request.target} ${request.body} ${request.blob} ${context.context}`;
      return this.#describe(process, failed);
    }
    this.#noteBlob(process, answer.blob);
    return this.#describe(process, `response ${answer.source} ${answer.body} ${context.context}`);
  }

  #noteBlob(process: ModelProcess, blob: string | undefined): void {
    process.blobbed = blob !== undefined;
    if (blob !== undefined) process.lastBlob = blob;
  }

  #describe(process: ModelProcess, what: string): Seen {
    return `${what} | ${process.blobbed} ${process.lastBlob}`;
  }
}
