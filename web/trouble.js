/** Errors, with advice for the user. */

/** An error with a `message`, and `advice` on what to do. */
export class Trouble extends Error {
  constructor(message, advice = "") {
    super(message);
    this.advice = advice;
  }
}

/** An error response of the API. `problems` are the errors of its document. */
export class ApiTrouble extends Trouble {
  constructor(status, problems, retryAfterSeconds) {
    super(
      problems.map((problem) => problem.detail).join(" ") || `The API answered ${status}.`,
      ADVICE[problems[0]?.code] ?? ADVICE_BY_STATUS[status] ?? "",
    );
    this.status = status;
    this.code = problems[0]?.code ?? null;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The store cannot be reached, or its response cannot be read. */
export class Unreachable extends Trouble {
  constructor(message, advice, { sentBytes = 0, sentAll = false } = {}) {
    super(message, advice);
    this.sentBytes = sentBytes;
    this.sentAll = sentAll;
  }
}

/** An error response of the store. */
export class StoreTrouble extends Trouble {
  constructor(status, code, message) {
    super(message || `The store answered ${status}.`, STORE_ADVICE[code] ?? "Try again.");
    this.status = status;
    this.code = code;
  }

  /** True if a new form solves the problem. */
  get isExpiredForm() {
    return this.code === "AccessDenied" && /expired/i.test(this.message);
  }

  /** True if the same form may be accepted in a moment. */
  get isPassing() {
    return this.status >= 500 || this.code === "RequestTimeout" || this.code === "SlowDown";
  }
}

const RENAME = "Rename the file and add it again.";

/** Advice by the API's error codes and rejection codes. */
export const ADVICE = {
  empty_file: "Look at the original: there is nothing in it.",
  file_extension_too_long: RENAME,
  file_name_too_long: RENAME,
  file_too_large: "Split the file or make it smaller, then add it again.",
  malformed_bucket: "Correct the bucket and add the file again.",
  media_type_forbidden:
    "Archives and programs aren't kept. Unpack an archive and add the files in it.",
  relative_path_too_long: "Move the folder up or shorten its name, then add it again.",
  realm_role_required: "Ask who looks after this service to give you the role.",
  role_required: "Choose a bucket of your own, or ask who looks after this group for the role.",
  source_replaced: "Try again.",
  upload_not_found: "It may have been removed as nobody kept it. Upload it again.",
};

const ADVICE_BY_STATUS = {
  429: "The service is busy. Try again in a moment.",
  500: "Try again; if it stays so, report it.",
  502: "Try again in a moment.",
  503: "Try again in a moment.",
  504: "Try again in a moment.",
};

const STORE_ADVICE = {
  AccessDenied: "Try again: a new form is asked for.",
  EntityTooLarge: "The file has grown since it was chosen. Add it again.",
  EntityTooSmall: "The file has shrunk since it was chosen. Add it again.",
  NoSuchBucket: "The service is set up wrongly. Report this.",
};

/** Reasons why a thumbnail could not be created, by the API's codes. */
export const THUMBNAIL_FAILURES = {
  decoder_crashed: "the image breaks what decodes it",
  decoder_timed_out: "decoding the image takes too long",
  document_encrypted: "the document wants a password",
  image_damaged: "the image can't be decoded; look at whether the original is damaged",
  image_too_large: "the image has too many pixels",
  image_truncated: "the image can't be decoded, because the file ends too early",
  kind_unsupported: "it's of a rare kind that nothing here decodes",
  memory_exhausted: "decoding the image takes too much memory",
  no_preview: "the camera put no preview into the file",
  not_an_image: "its content isn't an image",
  source_too_large: "the file is too large to be decoded",
};
