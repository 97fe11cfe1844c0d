// Mermaid is large: only a page with a picture loads it, from beside this file.
if (document.querySelector("pre.mermaid")) {
  const beside = new URL("mermaid.js", document.currentScript.src).href;
  document.write(`<script src="${beside}"></script>`);
}
