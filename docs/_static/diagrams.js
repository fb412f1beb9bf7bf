// Draws the diagrams of a page, dark or light as the page is, and again when the reader switches.
window.addEventListener("DOMContentLoaded", () => {
  const diagrams = [...document.querySelectorAll("pre.mermaid")];
  const texts = diagrams.map((diagram) => diagram.textContent);
  const isDark = () => {
    const theme = document.body.dataset.theme;
    return theme === "dark" || (theme !== "light" && window.matchMedia("(prefers-color-scheme: dark)").matches);
  };
  const draw = () => {
    mermaid.initialize({
      startOnLoad: false,
      securityLevel: "strict",
      theme: isDark() ? "dark" : "neutral",
      flowchart: { wrappingWidth: 340 },
    });
    diagrams.forEach((diagram, number) => {
      diagram.removeAttribute("data-processed");
      diagram.textContent = texts[number];
    });
    return mermaid.run({ nodes: diagrams });
  };
  draw();
  new MutationObserver(draw).observe(document.body, { attributeFilter: ["data-theme"] });
});
