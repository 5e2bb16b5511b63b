/** A row of the list for one file. */

import { size } from "./formats.js";
import { STATES } from "./upload.js";

const ACTIONS = {
  cancel: { label: "Cancel", run: (upload) => upload.cancel() },
  keep: { label: "Keep", run: (upload) => upload.keep() },
  look: { label: "Look again", run: (upload) => upload.look() },
  again: { label: "Try again", run: (upload) => upload.start() },
};
const GLYPHS = {
  IMAGE: "image",
  MOVING_IMAGE: "film",
  SOUND: "sound",
  TEXT: "text",
  DATASET: "table",
};
const INDETERMINATE = new Set(["preparing", "checking", "keeping"]);

export class Row {
  #upload;
  #parts;
  #shownThumbnail = null;

  constructor(upload) {
    this.#upload = upload;
    const copy = document.querySelector("#row").content.cloneNode(true);
    this.element = copy.firstElementChild;
    this.#parts = Object.fromEntries(
      [...this.element.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]),
    );
    this.#parts.name.textContent = upload.file.name;
    this.#parts.name.title = upload.file.name;
    this.#parts.progress.setAttribute("aria-label", `Progress of ${upload.file.name}`);
    this.#parts.action.addEventListener("click", () => this.#act());
    upload.addEventListener("change", () => this.show());
    this.show();
  }

  show() {
    const { state, held } = this.#upload;
    const { label, action } = STATES[state];
    this.element.dataset.state = state;
    set(this.#parts.state, held ? "Waits for a token" : label);
    this.#showFacts();
    this.#showProgress();
    this.#showNotes();
    this.#showAction(action);
    this.#showThumbnail();
  }

  #showFacts() {
    const { file, found, bucket } = this.#upload;
    const facts = [found?.detectedMediaType, size(found?.sizeInBytes ?? file.size), bucket];
    set(this.#parts.facts, facts.filter(Boolean).join(" · "));
    this.#parts.glyph.setAttribute("href", `#glyph-${GLYPHS[found?.dcType] ?? "file"}`);
  }

  #showProgress() {
    const { state, file, sentBytes } = this.#upload;
    const { progress, amount } = this.#parts;
    progress.hidden = state !== "sending" && !INDETERMINATE.has(state);
    const share = file.size ? sentBytes / file.size : 0;
    if (INDETERMINATE.has(state)) progress.removeAttribute("value");
    else progress.value = share;
    amount.hidden = state !== "sending";
    set(amount, `${Math.floor(share * 100)} %`);
  }

  #showNotes() {
    const { trouble, remark, warnings, found, thumbnailProblem } = this.#upload;
    const notes = [];
    if (trouble) notes.push(["error", sentences(trouble.message, trouble.advice)]);
    for (const warning of warnings) {
      notes.push(["warning", sentences(warning, "Keep it only if it is wanted twice.")]);
    }
    if (remark) notes.push(["remark", remark]);
    if (isMisdeclared(found)) {
      notes.push(["remark", `It came as ${found.receivedMediaType}, and is recorded as that.`]);
    }
    if (thumbnailProblem) notes.push(["remark", thumbnailProblem]);
    const wanted = JSON.stringify(notes);
    if (this.#parts.notes.dataset.shown === wanted) return;
    this.#parts.notes.dataset.shown = wanted;
    this.#parts.notes.replaceChildren(...notes.map(([kind, text]) => note(kind, text)));
  }

  #showAction(name) {
    const button = this.#parts.action;
    if (name === null) {
      // The focused button is removed, so the focus moves to the row.
      if (document.activeElement === button) this.element.focus();
      button.hidden = true;
      return;
    }
    button.hidden = false;
    set(button, ACTIONS[name].label);
    button.setAttribute("aria-label", `${ACTIONS[name].label}: ${this.#upload.file.name}`);
  }

  #act() {
    const { action } = STATES[this.#upload.state];
    if (action) ACTIONS[action].run(this.#upload);
  }

  #showThumbnail() {
    const { thumbnail } = this.#upload;
    if (thumbnail === null || thumbnail === this.#shownThumbnail) return;
    this.#shownThumbnail = thumbnail;
    const picture = this.#parts.picture;
    const address = URL.createObjectURL(thumbnail);
    const release = () => URL.revokeObjectURL(address);
    picture.addEventListener("load", release, { once: true });
    picture.addEventListener("error", release, { once: true });
    picture.src = address;
    picture.hidden = false;
  }
}

function note(kind, text) {
  const element = document.createElement("li");
  element.className = `note ${kind}`;
  element.textContent = text;
  return element;
}

/** Describe the recorded type, which is the declared one, and the detected one if it differs. */
function isMisdeclared(found) {
  return (
    found?.evaluatedMediaType &&
    found.evaluatedMediaType !== found.detectedMediaType &&
    found.evaluatedMediaType === found.receivedMediaType
  );
}

function sentences(...parts) {
  return parts
    .filter(Boolean)
    .map((part) => (/[.!?]$/.test(part) ? part : `${part}.`))
    .join(" ");
}

/** Set text only if it changes: it may be selected, or a screen reader may be reading it. */
function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
