/** The panel in which a bearer token is pasted. */

import { clockTime } from "./formats.js";
import { tidy } from "./token.js";

export class SignIn {
  #token;
  #panel = document.querySelector("#identity");
  #who = document.querySelector("#who");
  #form = document.querySelector("#token-form");
  #field = document.querySelector("#token");
  #reason = document.querySelector("#token-reason");
  #forget = document.querySelector("#forget-token");
  #waiting = null;

  /** `changed` is called after the user has changed the token. */
  constructor(token, changed) {
    this.#token = token;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#use(tidy(this.#field.value));
      changed();
    });
    this.#forget.addEventListener("click", () => {
      this.#token.value = null;
      this.#show();
      this.#field.focus();
      changed();
    });
    this.#show();
  }

  /** Ask for a token; all waiting requests resolve when there is one. */
  require(reason, signal) {
    if (this.#waiting === null) {
      this.#waiting = Promise.withResolvers();
      this.#reason.textContent = reason;
      this.#reason.hidden = false;
      this.#panel.open = true;
      this.#panel.classList.add("wanted");
      this.#field.focus();
    }
    const { promise } = this.#waiting;
    if (!signal) return promise;
    return Promise.race([promise, rejectionOf(signal)]);
  }

  #use(token) {
    if (!token) {
      this.#field.focus();
      return;
    }
    this.#token.value = token;
    this.#field.value = "";
    this.#reason.hidden = true;
    this.#panel.classList.remove("wanted");
    this.#panel.open = false;
    this.#show();
    this.#panel.querySelector("summary").focus();
    this.#waiting?.resolve();
    this.#waiting = null;
  }

  #show() {
    const { user, expires } = this.#token.claims;
    const until = expires ? `, until ${clockTime(expires)}` : "";
    this.#who.textContent = this.#token.value ? `${user ?? "Token"}${until}` : "No token";
    this.#forget.hidden = this.#token.value === null;
  }
}

function rejectionOf(signal) {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
