/**
 * The fluent builders of the Rust library, for code that is ported.
 * Source: spec/packages-and-tools.md §25.3. New code reads better with `request`, `send` and `reply`.
 * @module
 */
import type { GuestCapability } from "@kinode-ts/types";
import type { Target } from "./address.ts";
import { targetText } from "./address.ts";
import type { AnswerOptions } from "./answer.ts";
import { Reply } from "./answer.ts";
import type { LazyLoadBlob } from "./blob.ts";
import type { Body } from "./body.ts";
import { attached } from "./capabilities.ts";
import { BuildError } from "./errors.ts";
import type { IncomingResponse } from "./message.ts";
import type { Sending, SendOptions } from "./send.ts";
import { request, respond, send } from "./send.ts";
import { encodeUtf8 } from "./utf8.ts";

const NO_BYTES = new Uint8Array(0);

abstract class Builder {
  protected inherits = false;
  protected content: Body | undefined = undefined;
  protected note: string | undefined = undefined;
  protected attachment: LazyLoadBlob | undefined = undefined;
  protected rights: GuestCapability[] = [];

  inherit(inherit: boolean): this {
    this.inherits = inherit;
    return this;
  }

  body(body: Body): this {
    this.content = body;
    return this;
  }

  metadata(text: string): this {
    this.note = text;
    return this;
  }

  blob(blob: LazyLoadBlob): this {
    this.attachment = blob;
    return this;
  }

  /** Sets the MIME type and keeps the bytes. */
  blobMime(mime: string): this {
    this.attachment = { mime, bytes: this.attachment?.bytes ?? NO_BYTES };
    return this;
  }

  /** Sets the bytes and keeps the MIME type. */
  blobBytes(content: Uint8Array | string): this {
    const bytes = typeof content === "string" ? encodeUtf8(content) : content;
    this.attachment = { mime: this.attachment?.mime, bytes };
    return this;
  }

  /** Replaces the attached list. */
  capabilities(list: readonly GuestCapability[]): this {
    this.rights = [...list];
    return this;
  }

  /** Attaches every capability we hold that this process issued. */
  attachAll(issuer: Target): this {
    this.rights.push(...attached("all", targetText(issuer)));
    return this;
  }

  protected mandatoryBody(): Body {
    if (this.content === undefined) throw new BuildError({ code: "NoBody" });
    return this.content;
  }
}

/** Builds a request: `await Request.to("our@vfs:distro:sys").body({ … }).sendAndAwaitResponse(5)`. */
export class Request extends Builder {
  #target: Target | undefined = undefined;
  #seconds: number | undefined = undefined;
  #context: Uint8Array | undefined = undefined;

  /** Starts with the target. */
  static to(target: Target): Request {
    return new Request().target(target);
  }

  /** Sets the target. */
  target(target: Target): this {
    this.#target = target;
    return this;
  }

  /** Seconds. Without it no response will come. */
  expectsResponse(seconds: number): this {
    this.#seconds = seconds;
    return this;
  }

  /** Returned with the response or the failure; never leaves the node. */
  context(context: Uint8Array | string): this {
    this.#context = typeof context === "string" ? encodeUtf8(context) : context;
    return this;
  }

  /** Attaches every capability we hold that the target, or another process, issued. @throws {BuildError} no target */
  override attachAll(issuer: Target = this.#mandatoryTarget()): this {
    return super.attachAll(issuer);
  }

  /** Attaches the capability to message us. */
  attachMessaging(): this {
    this.rights.push(...attached("messaging", ""));
    return this;
  }

  /** What `send`, `sendAll` and `request` take. @throws {BuildError} no target or no body */
  build(): Sending {
    const seconds = this.#seconds;
    return {
      target: this.#mandatoryTarget(),
      body: this.mandatoryBody(),
      ...this.#options(),
      ...(seconds === undefined
        ? {}
        : { expectsResponse: seconds * 1_000, timeout: seconds * 1_000 }),
    };
  }

  /** @throws {BuildError} no target or no body */
  send(): Promise<void> {
    return send(this.build());
  }

  /**
   * Rejects with a `SendError` when it fails on the way.
   * @throws {BuildError} no target or no body
   */
  sendAndAwaitResponse(seconds: number): Promise<IncomingResponse> {
    return request({ ...this.build(), timeout: seconds * 1_000 });
  }

  #mandatoryTarget(): Target {
    if (this.#target === undefined) throw new BuildError({ code: "NoTarget" });
    return this.#target;
  }

  #options(): SendOptions {
    return {
      blob: this.attachment,
      inherit: this.inherits,
      metadata: this.note,
      attach: this.rights.length === 0 ? undefined : this.rights,
      context: this.#context,
    };
  }
}

/** Builds a response: `new Response().body("done").send()` answers the request being handled. */
export class Response extends Builder {
  /** @throws {BuildError} no body */
  build(): Reply {
    const options: AnswerOptions = {
      blob: this.attachment,
      inherit: this.inherits,
      metadata: this.note,
      capabilities: this.rights.length === 0 ? undefined : this.rights,
    };
    return new Reply(this.mandatoryBody(), options);
  }

  /** @throws {BuildError} no body */
  send(): void {
    respond(this.build());
  }
}
