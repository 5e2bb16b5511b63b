/** One upload: post a file to the store, wait for its record, and create metadata. */

import { isReachable, postForm } from "./store.js";
import {
  ADVICE,
  ApiTrouble,
  StoreTrouble,
  THUMBNAIL_FAILURES,
  Trouble,
  Unreachable,
} from "./trouble.js";
import { delays, sleep } from "./waits.js";

/** Every state with its text, and with the actions of the user in it. */
export const STATES = {
  waiting: { label: "Waiting", action: "cancel" },
  preparing: { label: "Preparing", action: "cancel" },
  sending: { label: "Uploading", action: "cancel" },
  checking: { label: "Uploaded, being checked", action: null },
  late: { label: "Not checked yet", action: "look" },
  ready: { label: "Checked", action: "keep" },
  keeping: { label: "Being kept", action: null },
  kept: { label: "Kept", action: null },
  refused: { label: "Refused", action: null },
  failed: { label: "Failed", action: "again" },
  cancelled: { label: "Cancelled", action: "again" },
};

/** States that change without an action of the user. */
export const UNDER_WAY = new Set(["waiting", "preparing", "sending", "checking", "keeping"]);
/** States in which the file would be lost if the page were closed. */
export const LOST_WITH_THE_PAGE = new Set(["waiting", "preparing", "sending"]);

/** Codes with which the API refuses this file for good. */
const UNFIT = new Set([413, 415, 422]);

const RESEND = { first: 1000, factor: 3, longest: 9000, total: 13000 };
const RECORD = { first: 400, factor: 1.6, longest: 8000, total: 10 * 60_000 };
const ARRIVED = { first: 500, factor: 2, longest: 2000, total: 3500 };
const THUMBNAIL = { first: 500, factor: 1.6, longest: 10_000, total: 5 * 60_000 };

/** One upload. It dispatches "change" after every change. */
export class Upload extends EventTarget {
  state = "waiting";
  sentBytes = 0;
  /** True while the upload waits for a token. */
  held = false;
  /** The error, or the reason of the rejection. */
  trouble = null;
  /** A further note, for example that a lost connection is retried. */
  remark = "";
  /** The attributes of its record, once it has been checked. */
  found = null;
  warnings = [];
  /** A Blob, or null before it exists. */
  thumbnail = null;
  thumbnailProblem = "";

  #api;
  #sending;
  #asking;
  #identifier = null;
  #stopping = null;

  /** `sending` and `asking` are Lanes that limit uploads and requests to the API. */
  constructor(file, bucket, { api, sending, asking }) {
    super();
    this.file = file;
    this.bucket = bucket;
    this.#api = api;
    this.#sending = sending;
    this.#asking = asking;
  }

  get isDuplicate() {
    return this.warnings.length > 0;
  }

  /** Start, or start again. */
  async start() {
    this.#stopping = new AbortController();
    const signal = this.#stopping.signal;
    this.#become("waiting", { sentBytes: 0, trouble: null, remark: "" });
    try {
      this.#identifier = await this.#sending.run(() => this.#bringIn(signal), signal);
    } catch (error) {
      this.#stop(error, signal);
      return;
    }
    await this.look();
  }

  /** Cancel an upload that is not in the store yet. */
  cancel() {
    this.#stopping.abort(new DOMException("cancelled", "AbortError"));
  }

  /** Wait for the record of a file in the store; also after this took too long or failed. */
  async look() {
    this.#become("checking", { trouble: null, remark: "" });
    try {
      this.#settle(await this.#record());
    } catch (error) {
      this.#become("late", { trouble: asTrouble(error) });
    }
    if (this.found?.thumbnailIdentifier) await this.#showThumbnail();
  }

  /** Create metadata, so that the file is kept. */
  async keep() {
    this.#become("keeping", { trouble: null });
    try {
      await this.#ask((options) => this.#api.describe(this.bucket, this.#identifier, options));
      this.#become("kept");
    } catch (error) {
      this.#become("ready", { trouble: asTrouble(error) });
    }
  }

  #stop(error, signal) {
    const trouble = signal.aborted ? null : asTrouble(error);
    const isUnfit = error instanceof ApiTrouble && UNFIT.has(error.status);
    const state = signal.aborted ? "cancelled" : isUnfit ? "refused" : "failed";
    this.#become(state, { trouble, remark: "" });
  }

  /** Post the file and return its identifier. An expired form is renewed once. */
  async #bringIn(signal) {
    const first = await this.#offer(signal);
    try {
      return await this.#send(first, signal);
    } catch (error) {
      if (!(error instanceof StoreTrouble && error.isExpiredForm)) throw error;
    }
    return this.#send(await this.#offer(signal), signal);
  }

  #offer(signal) {
    this.#become("preparing", { sentBytes: 0 });
    return this.#api.offerUpload(this.bucket, this.file, { signal, held: this.#hold });
  }

  async #send(offer, signal) {
    const patience = delays(RESEND);
    for (let lost = 1; ; lost += 1) {
      try {
        this.#become("sending", { sentBytes: 0 });
        await postForm(offer.upload, this.file, { signal, onProgress: this.#progress });
        this.#become("sending", { sentBytes: this.file.size, remark: "" });
        return offer.fileIdentifier;
      } catch (error) {
        if (signal.aborted || !isPassing(error)) throw error;
        if (error.sentAll && (await this.#hasArrived(offer.fileIdentifier, signal))) {
          return offer.fileIdentifier;
        }
        await this.#requireReadable();
        const { value: delay, done } = patience.next();
        // The store responds but has failed twice in a row, so its CORS rules exclude this page.
        const shutOut = error instanceof Unreachable && error.sentBytes === 0 && lost > 1;
        if (shutOut && (await isReachable(offer.upload.url, signal))) throw shutOutTrouble();
        if (done) throw error;
        this.#become("sending", { sentBytes: 0, remark: `${error.message} Trying again.` });
        await sleep(delay, signal);
      }
    }
  }

  #progress = (sentBytes) => this.#become("sending", { sentBytes, remark: "" });

  /** True if the store has the file although its response was lost. */
  async #hasArrived(identifier, signal) {
    for (const delay of delays(ARRIVED)) {
      await sleep(delay, signal);
      const found = await this.#ask((options) =>
        this.#api.objectUpload(identifier, { ...options, signal }),
      );
      if (found) return true;
    }
    return false;
  }

  /** Check the file: one that was moved or changed also looks like a lost connection. */
  async #requireReadable() {
    try {
      await this.file.slice(0, 1).arrayBuffer();
    } catch {
      throw new Trouble("The file was moved or changed since it was chosen.", "Add it again.");
    }
  }

  /** Return the record when the file has been processed, or null if that takes too long. */
  async #record() {
    for (const delay of delays(RECORD)) {
      await sleep(delay);
      const resource = await this.#ask((options) =>
        this.#api.objectUpload(this.#identifier, options),
      );
      if (resource !== null) return resource;
    }
    return null;
  }

  #settle(resource) {
    if (resource === null) {
      this.#become("late", { remark: "This takes longer than usual." });
      return;
    }
    const found = resource.attributes;
    const warnings = Object.values(resource.meta?.warnings ?? {});
    if (found.uploadStatus === "REJECTED") {
      const { code, detail } = found.rejectionReason ?? {};
      const trouble = new Trouble(detail ?? "The file isn't kept.", ADVICE[code]);
      this.#become("refused", { found, warnings, trouble });
    } else {
      this.#become("ready", { found, warnings });
    }
  }

  /** Load the thumbnail. Without one the upload has still succeeded, so this only adds a note. */
  async #showThumbnail() {
    try {
      const thumbnail = await this.#waitForThumbnail();
      this.#become(this.state, { thumbnail });
    } catch (error) {
      const reason = await this.#whyNoThumbnail(error);
      this.#become(this.state, { thumbnailProblem: `No thumbnail: ${reason.replace(/\.$/, "")}.` });
    }
  }

  async #waitForThumbnail() {
    for (const delay of delays(THUMBNAIL)) {
      try {
        return await this.#ask((options) =>
          this.#api.thumbnail(this.bucket, this.#identifier, options),
        );
      } catch (error) {
        const isBeingMade = error instanceof ApiTrouble && error.retryAfterSeconds !== null;
        if (!isBeingMade) throw error;
        await sleep(Math.max(delay, error.retryAfterSeconds * 1000));
      }
    }
    throw new Trouble("making it takes too long");
  }

  async #whyNoThumbnail(error) {
    if (error.code !== "thumbnail_failed") return error.message;
    const resource = await this.#ask((options) =>
      this.#api.objectUpload(this.#identifier, options),
    ).catch(() => null);
    return THUMBNAIL_FAILURES[resource?.attributes.thumbnailFailure] ?? error.message;
  }

  /** Send a request to the API when it is this file's turn. */
  #ask(question) {
    return this.#asking.run(() => question({ held: this.#hold }));
  }

  #hold = (held) => this.#become(this.state, { held });

  #become(state, changes = {}) {
    Object.assign(this, changes, { state });
    this.dispatchEvent(new Event("change"));
  }
}

function isPassing(error) {
  return error instanceof Unreachable || (error instanceof StoreTrouble && error.isPassing);
}

function shutOutTrouble() {
  return new Trouble(
    `The store answers, but takes nothing from this page (${location.origin}).`,
    "Its bucket needs a CORS rule for this address. Report this, then try again.",
  );
}

/** Return an unexpected error as Trouble with its own message. */
function asTrouble(error) {
  if (error instanceof Trouble) return error;
  console.error(error);
  return new Trouble(`Something failed unexpectedly: ${error.message}`, "Try again.");
}
