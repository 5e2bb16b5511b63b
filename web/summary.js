/** The summary of all files: progress, buttons for all files, and announcements. */

import { count } from "./formats.js";
import { UNDER_WAY } from "./upload.js";

const WORDS = [
  ["ready", "checked"],
  ["kept", "kept"],
  ["refused", "refused"],
  ["failed", "failed"],
  ["late", "not checked yet"],
  ["cancelled", "cancelled"],
];
const OVER = new Set(["kept", "refused", "cancelled"]);
const SHOW_EVERY_MILLISECONDS = 100;
const ANNOUNCE_EVERY_MILLISECONDS = 1500;

export class Summary {
  #uploads = new Map();
  #announced = new Map();
  #list = document.querySelector("#files");
  #page = document.querySelector("main");
  #text = document.querySelector("#summary");
  #progress = document.querySelector("#overall");
  #keepAll = document.querySelector("#keep-all");
  #clear = document.querySelector("#clear");
  #hint = document.querySelector("#keep-hint");
  #heading = document.querySelector("#files-heading");
  #live = document.querySelector("#live");
  #showing = null;
  #announcing = null;

  constructor() {
    this.#keepAll.addEventListener("click", () => {
      for (const upload of this.#keepable()) upload.keep();
      this.#heading.focus();
    });
    this.#clear.addEventListener("click", () => {
      for (const [upload, row] of this.#uploads) {
        if (OVER.has(upload.state)) this.#drop(upload, row);
      }
      this.#heading.focus();
      this.#show();
    });
    this.#show();
  }

  /** Add a file with its row. */
  add(upload, row) {
    this.#uploads.set(upload, row);
    this.#list.append(row.element);
    upload.addEventListener("change", () => this.#later());
    this.#later();
  }

  /** Announce a text to screen readers. */
  say(text) {
    this.#live.textContent = text;
  }

  /** True if a file is in one of these states. */
  hasAny(states) {
    return [...this.#uploads.keys()].some((upload) => states.has(upload.state));
  }

  #keepable() {
    return [...this.#uploads.keys()].filter(
      (upload) => upload.state === "ready" && !upload.isDuplicate,
    );
  }

  #drop(upload, row) {
    this.#uploads.delete(upload);
    this.#announced.delete(upload);
    row.element.remove();
  }

  /** Update later, with a timer: a page in the background has no animation frames. */
  #later() {
    this.#showing ??= setTimeout(() => this.#show(), SHOW_EVERY_MILLISECONDS);
    this.#announcing ??= setTimeout(() => this.#announce(), ANNOUNCE_EVERY_MILLISECONDS);
  }

  #show() {
    this.#showing = null;
    const uploads = [...this.#uploads.keys()];
    const number = uploads.length;
    const under = uploads.filter((upload) => UNDER_WAY.has(upload.state)).length;
    this.#page.classList.toggle("empty", number === 0);
    this.#text.textContent = describe(uploads, under);
    this.#progress.hidden = under === 0;
    this.#progress.value = share(uploads);
    document.title = under ? `${number - under} of ${number} · Coffer` : "Coffer";

    const keepable = this.#keepable().length;
    this.#keepAll.hidden = keepable === 0;
    this.#keepAll.textContent = `Keep ${count(keepable, "file")}`;
    const duplicates = uploads.filter((one) => one.state === "ready" && one.isDuplicate).length;
    this.#hint.hidden = keepable + duplicates === 0;
    this.#hint.textContent = hintOf(duplicates);
    this.#clear.hidden = !this.hasAny(OVER);
  }

  #announce() {
    this.#announcing = null;
    const news = [];
    for (const upload of this.#uploads.keys()) {
      if (this.#announced.get(upload) === upload.state) continue;
      this.#announced.set(upload, upload.state);
      if (!UNDER_WAY.has(upload.state)) news.push(upload);
    }
    if (news.length > 0) this.say(newsOf(news));
  }
}

function describe(uploads, under) {
  const parts = WORDS.map(([state, word]) => {
    const number = uploads.filter((upload) => upload.state === state).length;
    return number ? `${number} ${word}` : "";
  });
  if (under) parts.unshift(`${under} under way`);
  if (uploads.some((upload) => upload.held)) parts.push("a token is needed");
  const told = parts.filter(Boolean).join(", ");
  return `${count(uploads.length, "file")}${told && ": "}${told}`;
}

function hintOf(duplicates) {
  const hint = "A file that isn't kept may be removed after a while.";
  if (duplicates === 0) return hint;
  return `${hint} Duplicates are kept one by one.`;
}

/** Return the share of bytes that are sent, from 0 to 1. */
function share(uploads) {
  let whole = 0;
  let sent = 0;
  for (const upload of uploads) {
    whole += upload.file.size;
    const isGoingOut = upload.state === "sending";
    const isBehind = upload.state === "waiting" || upload.state === "preparing";
    if (isGoingOut) sent += upload.sentBytes;
    else if (!isBehind) sent += upload.file.size;
  }
  return whole ? sent / whole : 0;
}

/** Describe the files that have finished since the last call; name failed ones if they are few. */
function newsOf(uploads) {
  const good = WORDS.slice(0, 2)
    .map(([state, word]) => [uploads.filter((upload) => upload.state === state).length, word])
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${count(number, "file")} ${word}.`);
  const bad = uploads.filter((upload) => upload.trouble);
  const named = bad
    .slice(0, 3)
    .map((upload) => `${upload.file.name}: ${upload.trouble.message}`);
  if (bad.length > named.length) named.push(`${bad.length - named.length} more with problems.`);
  return [...good, ...named].join(" ");
}
