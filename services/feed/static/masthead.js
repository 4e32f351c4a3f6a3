// Says once that the article is read: when somebody looks at it, not while a browser fetches it ahead of time.
(() => {
  "use strict";
  const article = document.querySelector("[data-read]");
  if (!article || !navigator.sendBeacon) return;
  const tell = () => {
    if (document.prerendering || document.visibilityState !== "visible") return;
    document.removeEventListener("visibilitychange", tell);
    document.removeEventListener("prerenderingchange", tell);
    navigator.sendBeacon(article.dataset.read);
  };
  document.addEventListener("visibilitychange", tell);
  document.addEventListener("prerenderingchange", tell);
  tell();
})();

// Copy link and Web Share: the two ways of sharing that need a script. Without it the page lacks nothing else.
(() => {
  "use strict";
  const share = document.querySelector(".share");
  if (!share) return;
  const { url, title } = share.dataset;
  const template = share.querySelector("template");
  template.replaceWith(template.content);
  const said = share.querySelector(".share-said");
  const native = share.querySelector("[data-share=native]");
  const copy = share.querySelector("[data-share=copy]");

  // navigator.clipboard exists on https and localhost only; a newsroom's first trial is often neither.
  const copyBySelection = () => {
    const field = document.createElement("textarea");
    field.value = url;
    field.className = "off-screen";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done ? Promise.resolve() : Promise.reject();
  };
  const copyLink = () =>
    navigator.clipboard ? navigator.clipboard.writeText(url).catch(copyBySelection) : copyBySelection();

  // Emptied first, so that a second copy is announced again.
  const say = (text) => {
    said.textContent = "";
    setTimeout(() => { said.textContent = text; }, 50);
  };

  copy.addEventListener("click", () => {
    copyLink().then(() => say(copy.dataset.done), () => say(copy.dataset.failed)).finally(() => copy.focus());
  });

  if (navigator.share) {
    native.addEventListener("click", () => { navigator.share({ title, url }).catch(() => {}); });
  } else {
    native.closest("li").remove();
  }
})();
