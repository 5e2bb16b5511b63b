/** Post a file directly to the store, with a form that the API has signed. */

import { StoreTrouble, Unreachable } from "./trouble.js";

const STALLED_AFTER_MILLISECONDS = 120_000;

/**
 * Post the form with the file after its fields; `onProgress` receives the number of bytes sent.
 *
 * It uses XMLHttpRequest, because fetch has no progress of uploads. It rejects with StoreTrouble if
 * the store refuses the form, with Unreachable if the store cannot be reached or the upload stalls,
 * and with the signal's reason if that is aborted.
 */
export function postForm(upload, file, { signal, onProgress }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    let sentBytes = 0;
    let sentAll = false;
    let timer = null;

    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), STALLED_AFTER_MILLISECONDS);
    };
    const lose = () =>
      reject(
        signal.aborted
          ? signal.reason
          : new Unreachable(
              "The connection to the store was lost.",
              "Look at the network, then try again.",
              { sentBytes, sentAll },
            ),
      );
    const abort = () => request.abort();

    request.upload.addEventListener("progress", ({ loaded, total }) => {
      watch();
      // The bytes sent include the form around the file.
      sentBytes = total > 0 ? Math.round((loaded / total) * file.size) : 0;
      onProgress(sentBytes);
    });
    request.upload.addEventListener("load", () => {
      sentAll = true;
    });
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(refusal(request));
    });
    request.addEventListener("error", lose);
    request.addEventListener("abort", lose);
    request.addEventListener("loadend", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    });
    signal.addEventListener("abort", abort, { once: true });

    request.open(upload.method, upload.url);
    request.send(formOf(upload.fields, file));
    watch();
  });
}

/** True if the store responds, even if this page may not read the response. */
export async function isReachable(url, signal) {
  try {
    await fetch(url, { mode: "no-cors", credentials: "omit", cache: "no-store", signal });
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

function formOf(fields, file) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file); // S3 ignores every field behind the file
  return form;
}

/** Parse the store's error: `<Error><Code>…</Code><Message>…</Message></Error>`. */
function refusal(request) {
  const told = (name) => request.responseXML?.querySelector(`Error > ${name}`)?.textContent ?? "";
  return new StoreTrouble(request.status, told("Code"), told("Message"));
}
