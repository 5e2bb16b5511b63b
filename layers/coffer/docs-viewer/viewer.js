"use strict";
// Shows openapi.json with Redoc, and corrects what Redoc leaves inaccessible.

const container = document.getElementById("viewer");

// Colors with a contrast of at least 7:1 (WCAG 2.2, success criterion 1.4.6).
const theme = {
  colors: {
    primary: { main: "#1f3f77", light: "#1f3f77" },
    success: { main: "#0b4a16" },
    error: { main: "#7f1210" },
    warning: { main: "#5c3a00", dark: "#5c3a00" },
    text: { primary: "#1c1c1c", secondary: "#3a3a3a" },
    responses: {
      success: { tabTextColor: "#8fe0a0" },
      error: { tabTextColor: "#ffb3b3" },
      redirect: { tabTextColor: "#ffd27a" },
      info: { color: "#0d4a63", tabTextColor: "#a5dcf5" },
    },
    http: { get: "#1c5620", post: "#0d4675", patch: "#7a350b", delete: "#8c1c1c", head: "#6a2171" },
  },
  typography: {
    fontFamily: "system-ui, sans-serif",
    headings: { fontFamily: "system-ui, sans-serif" },
    code: { color: "#7f1210", fontFamily: "ui-monospace, monospace" },
  },
};

// Redoc's headings skip levels, and the names of its menu items differ from their texts.
const correct = () => {
  for (const heading of container.querySelectorAll("h3, h4, h5")) {
    heading.setAttribute("aria-level", "3");
  }
  for (const item of container.querySelectorAll("[role=menuitem][aria-label]")) {
    item.removeAttribute("aria-label");
  }
};
new MutationObserver(correct).observe(container, { childList: true, subtree: true });

Redoc.init("openapi.json", { nativeScrollbars: true, sanitize: true, theme }, container);
