/** The bearer token: kept in this tab's session, and nowhere else. */

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
   * What the token says of itself: `{ user, expires, groups }`, any of them missing.
   *
   * Only for show. Whether it is genuine and what it allows is for the API to say.
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

/** What was pasted, without what often comes along: a header's name, `Bearer`, quotes, breaks. */
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

/** `/aafc/user` belongs to aafc. */
function groupName(path) {
  return typeof path === "string" ? path.replace(/^\//, "").split("/")[0] : "";
}

function text(value) {
  return typeof value === "string" && value ? value : null;
}
