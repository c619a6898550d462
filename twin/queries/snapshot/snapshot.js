// How old the snapshot is, by the clock of whoever reads it; the page is whole without this.
(() => {
  const stamp = document.querySelector("[data-made]");
  const words = JSON.parse(document.getElementById("ages").textContent);
  const units = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];
  const told = (seconds, language) => {
    const [size, unit] = units.find(([length]) => seconds >= 2 * length) ?? units[3];
    return words[unit][language].replace("{n}", Math.floor(seconds / size));
  };
  const show = () => {
    const seconds = Math.max(0, (Date.now() - Number(stamp.dataset.made)) / 1000);
    const old = seconds > Number(stamp.dataset.old);
    const language = document.documentElement.dataset.lang;
    stamp.classList.toggle("old", old);
    stamp.textContent = words[old ? "old" : "fresh"][language].replace("{age}", told(seconds, language));
  };
  show();
  setInterval(show, 5000);
  document.addEventListener("languagechange", show);
})();
