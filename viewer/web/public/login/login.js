// The page that asks for a key: gives it to the service once, keeps nothing of it, and goes on to where the person wanted to be.

const SAID = {
  wrong: { zh: "钥匙不对、已停用或已过期。", en: "The key is wrong, revoked or expired." },
  many: { zh: "错误次数过多,请稍候再试。", en: "Too many wrong keys. Wait a moment, then try again." },
  network: { zh: "连不上服务。", en: "The service cannot be reached." },
};
const element = (id) => document.getElementById(id);
let said = null;
let role = null;

function speak(language) {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = language === "zh" ? "登录 · 屏山孪生" : "Sign in · Pingshan Twin";
  element("language").textContent = language === "zh" ? "English" : "中文";
  element("language").lang = language === "zh" ? "en" : "zh";
  element("said").textContent = said ? SAID[said][language] : "";
  element("role").textContent = role ? role[language] : "";
}

const language = () => (document.documentElement.lang === "en" ? "en" : "zh");

function say(what) {
  said = what;
  speak(language());
}

/** Where the person wanted to be, on this service and nowhere else. */
function destination() {
  const wanted = new URL(new URLSearchParams(location.search).get("next") ?? "/", location.origin);
  return wanted.origin === location.origin ? wanted.pathname + wanted.search : "/";
}

async function ask(method, body) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  return fetch("/session", { method, headers, cache: "no-store", body: body && JSON.stringify(body) });
}

async function show() {
  const answer = await ask("GET");
  if (answer.ok && new URLSearchParams(location.search).has("next")) {
    location.replace(destination());
    return;
  }
  element("sign-in").hidden = answer.ok;
  element("signed-in").hidden = !answer.ok;
  if (answer.ok) {
    const session = await answer.json();
    element("name").textContent = session.name;
    element("sign-out").hidden = !session.ends;
    role = session.role_name;
  } else {
    role = null;
    element("key").focus();
  }
  speak(language());
}

element("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const key = element("key").value.trim();
  element("key").value = "";
  try {
    const answer = await ask("POST", { key });
    if (answer.ok) location.replace(destination());
    else say(answer.status === 429 ? "many" : "wrong");
  } catch {
    say("network");
  }
});

element("sign-out").addEventListener("click", async () => {
  await ask("DELETE");
  await show();
});

element("language").addEventListener("click", () => speak(language() === "zh" ? "en" : "zh"));

speak(navigator.language.startsWith("zh") ? "zh" : "en");
show().catch(() => {
  element("sign-in").hidden = false;
  say("network");
});
