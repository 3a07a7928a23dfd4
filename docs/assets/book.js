// Outputs take light or dark from the word that JupyterLab has for it; here the page's own choice says it.
const follow = () => {
  const dark = document.body.getAttribute("data-md-color-scheme") === "slate";
  document.body.setAttribute("data-jp-theme-light", String(!dark));
};
new MutationObserver(follow).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
follow();
