/** Requests to the API. An error response is thrown as ApiTrouble with the API's message. */

import { ApiTrouble, Trouble } from "./trouble.js";
import { delays, sleep } from "./waits.js";

const ROOT = "/api/v1";
const JSON_API = "application/vnd.api+json";
const PASSING = new Set([429, 502, 503, 504]);
const PATIENCE = { first: 1000, factor: 2, longest: 8000, total: 16000 };

export class Api {
  #token;
  #signIn;

  /** `signIn.require(reason, signal)` resolves when there is a new token. */
  constructor(token, signIn) {
    this.#token = token;
    this.#signIn = signIn;
  }

  /** Return a presigned POST for one file: `{ fileIdentifier, upload }`. */
  async offerUpload(bucket, file, options) {
    const announced = { originalFilename: file.name, sizeInBytes: file.size };
    if (file.type) announced.receivedMediaType = file.type;
    if (file.relativePath) announced.relativePath = file.relativePath;
    const path = `/upload/${encodeURIComponent(bucket)}`;
    const response = await this.#send("POST", path, { ...options, body: { files: [announced] } });
    return (await response.json()).files[0];
  }

  /** Return the record of an upload as a JSON:API resource, or null if it does not exist yet. */
  async objectUpload(identifier, options) {
    try {
      const response = await this.#send("GET", `/object-upload/${identifier}`, options);
      return (await response.json()).data;
    } catch (error) {
      if (error instanceof ApiTrouble && error.status === 404) return null;
      throw error;
    }
  }

  /** Return a thumbnail as a Blob; throw ApiTrouble with `retryAfterSeconds` until it exists. */
  async thumbnail(bucket, identifier, options) {
    const path = `/file/${encodeURIComponent(bucket)}/${identifier}/thumbnail`;
    const response = await this.#send("GET", path, { ...options, accept: "image/jpeg" });
    return response.blob();
  }

  /** Create metadata with defaults only, so that the file is kept. */
  async describe(bucket, identifier, options) {
    const attributes = { bucket, fileIdentifier: identifier };
    const body = { data: { type: "metadata", attributes } };
    try {
      await this.#send("POST", "/metadata", { ...options, body });
    } catch (error) {
      // The metadata exists: another client created it, or the response to our request was lost.
      if (!(error instanceof ApiTrouble && error.code === "file_already_described")) throw error;
    }
  }

  /**
   * Send a request. Retry if the network or the service fails for a moment, and with another token
   * if the API needs one. So every request here may arrive twice. `held(true)` is called while the
   * request waits for a token.
   */
  async #send(method, path, options) {
    const patience = delays(PATIENCE);
    for (;;) {
      const token = this.#token.value;
      try {
        return await this.#fetch(method, path, token, options);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (error.status === 401) {
          // The token may have been replaced during this request.
          if (token === this.#token.value) await this.#waitForToken(error, options);
          continue;
        }
        if (!isPassing(error)) throw error;
        const { value: delay, done } = patience.next();
        if (done) throw error;
        await sleep(Math.max(delay, (error.retryAfterSeconds ?? 0) * 1000), options.signal);
      }
    }
  }

  async #waitForToken(error, { held, signal }) {
    held?.(true);
    try {
      await this.#signIn.require(error.message, signal);
    } finally {
      held?.(false);
    }
  }

  async #fetch(method, path, token, { body, accept = JSON_API, signal }) {
    const headers = { Accept: accept };
    if (body) headers["Content-Type"] = JSON_API;
    if (token) headers.Authorization = `Bearer ${token}`;
    const response = await this.#reach(ROOT + path, {
      method,
      headers,
      signal,
      body: body && JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
    });
    if (response.ok) return response;
    const wait = Number.parseInt(response.headers.get("Retry-After"), 10);
    throw new ApiTrouble(
      response.status,
      problemsOf(await response.text()),
      Number.isFinite(wait) ? wait : null,
    );
  }

  async #reach(path, request) {
    try {
      return await fetch(path, request);
    } catch {
      request.signal?.throwIfAborted();
      throw new Trouble("The API can't be reached.", "Look at the network, then try again.");
    }
  }
}

/** True if the same request may succeed in a moment. */
function isPassing(error) {
  return error instanceof ApiTrouble ? PASSING.has(error.status) : error instanceof Trouble;
}

/** Return the errors of a JSON:API document, or the gateway's message as one error. */
function problemsOf(text) {
  try {
    const document = JSON.parse(text);
    if (Array.isArray(document.errors)) return document.errors;
    return typeof document.message === "string" ? [{ detail: document.message }] : [];
  } catch {
    return [];
  }
}
