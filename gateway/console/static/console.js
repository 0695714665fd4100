// What htmx leaves to the page: say that a request is under way, and that the gateway cannot be reached.
"use strict";

function say(text, kind) {
  const line = document.createElement("p");
  line.className = "said " + kind;
  line.textContent = text;
  document.getElementById("said")?.replaceChildren(line);
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const text = event.target.dataset.busy;
  if (text) say(text, "busy");
});

document.addEventListener("htmx:sendError", () => say("The gateway does not answer. This page tries again.", "bad"));

document.addEventListener("submit", (event) => {
  if (event.submitter?.getAttribute("aria-disabled") === "true") {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);
