/** The bearer token, which is only stored in this tab's session. */

const PLACE = "coffer.token";

export class Token {
  /** The token, or null. */
  get value() {
    return sessionStorage.getItem(PLACE);
  }

  set value(text) {
    if (text) sessionStorage.setItem(PLACE, text);
    else sessionStorage.removeItem(PLACE);
  }

  /**
   * The claims of the token: `{ user, expires, groups }`, any of which can be missing.
   *
   * They are only displayed. The API decides if the token is valid and what it allows.
   */
  get claims() {
    const claims = decodePayload(this.value);
    const groups = Array.isArray(claims.groups) ? claims.groups : [];
    return {
      user: text(claims.preferred_username) ?? text(claims.sub),
      expires: Number.isFinite(claims.exp) ? new Date(claims.exp * 1000) : null,
      groups: [...new Set(groups.map(groupName).filter(Boolean))],
    };
  }
}

/** Return a pasted token without a header's name, `Bearer`, quotes and line breaks. */
export function tidy(pasted) {
  return pasted
    .replace(/\s+/g, " ")
    .trim()
    .replace(/^authorization: ?/i, "")
    .replace(/^bearer /i, "")
    .replace(/^["']|["']$/g, "")
    .replaceAll(" ", "");
}

function decodePayload(token) {
  try {
    const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return claims !== null && typeof claims === "object" ? claims : {};
  } catch {
    return {};
  }
}

/** Return the group of a claim: `aafc` for `/aafc/user`. */
function groupName(path) {
  return typeof path === "string" ? path.replace(/^\//, "").split("/")[0] : "";
}

function text(value) {
  return typeof value === "string" && value ? value : null;
}
