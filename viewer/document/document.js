// The language of a page: ?lang=en, or the button. Both languages stand in the page; the style sheet shows one.
(() => {
  const root = document.documentElement;
  const title = document.querySelector("title");
  const show = (language) => {
    root.dataset.lang = language;
    root.lang = language === "en" ? "en" : "zh-CN";
    title.textContent = title.dataset[language];
    document.dispatchEvent(new Event("languagechange"));
  };
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked === "en" || asked === "zh") show(asked);
  document.querySelector("[data-action=language]")?.addEventListener("click", () => show(root.dataset.lang === "zh" ? "en" : "zh"));
  document.querySelector("[data-action=print]")?.addEventListener("click", () => print());
})();
