/** Connect the page: take files and a bucket, and add a row for each file. */

import { Api } from "./api.js";
import { filesOf } from "./dropped.js";
import { count } from "./formats.js";
import { Row } from "./rows.js";
import { SignIn } from "./signin.js";
import { Summary } from "./summary.js";
import { Token } from "./token.js";
import { LOST_WITH_THE_PAGE, Upload } from "./upload.js";
import { Lanes } from "./waits.js";

const BUCKET_PLACE = "coffer.bucket";
const FILES_AT_ONCE = 3;
const QUESTIONS_AT_ONCE = 4;

const bucketField = document.querySelector("#bucket");
const bucketProblem = document.querySelector("#bucket-problem");
const groups = document.querySelector("#groups");
const chooser = document.querySelector("#chooser");
const dropZone = document.querySelector("#drop-zone");

const token = new Token();
const services = {
  api: new Api(token, new SignIn(token, suggestGroups)),
  sending: new Lanes(FILES_AT_ONCE),
  asking: new Lanes(QUESTIONS_AT_ONCE),
};
const summary = new Summary();
/** Files that wait for the name of the bucket. */
let early = [];

function add(files) {
  if (files.length === 0) return;
  if (!hasBucket()) {
    early.push(...files);
    const waiting = `${count(early.length, "file")} ${early.length === 1 ? "waits" : "wait"}.`;
    complain(`Name the bucket first: ${waiting}`);
    return;
  }
  const bucket = bucketField.value.trim();
  for (const file of files) {
    const upload = new Upload(file, bucket, services);
    summary.add(upload, new Row(upload));
    upload.start();
  }
  summary.say(`${count(files.length, "file")} added for ${bucket}.`);
}

function hasBucket() {
  return bucketField.value.trim() !== "" && bucketField.checkValidity();
}

function complain(message) {
  bucketProblem.textContent = message;
  bucketField.setAttribute("aria-invalid", "true");
  bucketField.focus();
}

/** Start the uploads that waited for the name of the bucket. */
function takeBucket() {
  if (bucketField.value.trim() === "") return;
  if (!hasBucket()) {
    complain(
      "A bucket is named with up to 50 letters, digits, '.', '_', '~' or '-', and begins with a " +
        "letter or a digit.",
    );
    return;
  }
  bucketProblem.textContent = "";
  bucketField.removeAttribute("aria-invalid");
  sessionStorage.setItem(BUCKET_PLACE, bucketField.value.trim());
  const files = early;
  early = [];
  add(files);
}

function suggestGroups() {
  const names = token.claims.groups;
  groups.replaceChildren(...names.map((name) => new Option(name, name)));
  if (bucketField.value === "" && names.length === 1) {
    bucketField.value = names[0];
    takeBucket();
  }
}

function carriesFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

// The whole page accepts files: a file that is dropped beside the zone must not replace the page.
let depth = 0;
document.addEventListener("dragenter", (event) => {
  if (!carriesFiles(event)) return;
  depth += 1;
  dropZone.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (!carriesFiles(event)) return;
  depth -= 1;
  if (depth === 0) dropZone.classList.remove("over");
});
document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
});
document.addEventListener("drop", async (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  depth = 0;
  dropZone.classList.remove("over");
  add(await filesOf(event.dataTransfer));
});

chooser.addEventListener("change", () => {
  add([...chooser.files]);
  chooser.value = ""; // so that the same file can be chosen again
});
bucketField.addEventListener("change", takeBucket);
window.addEventListener("beforeunload", (event) => {
  if (summary.hasAny(LOST_WITH_THE_PAGE)) event.preventDefault();
});

bucketField.value = sessionStorage.getItem(BUCKET_PLACE) ?? "";
suggestGroups();
