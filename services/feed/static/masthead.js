// Says once that the article is read: when somebody looks at it, not while a browser fetches it ahead of time. Who came by
// a post of one of the newsroom's accounts brings its campaign tag along, which is told too and then taken out of the
// address: whoever passes that on did not come by the post.
(() => {
  "use strict";
  const article = document.querySelector("[data-read]");
  if (!article || !navigator.sendBeacon) return;
  const tell = () => {
    if (document.prerendering || document.visibilityState !== "visible") return;
    document.removeEventListener("visibilitychange", tell);
    document.removeEventListener("prerenderingchange", tell);
    const address = new URL(location.href);
    const via = address.searchParams.get("via");
    navigator.sendBeacon(article.dataset.read + (via === null ? "" : `?via=${encodeURIComponent(via.slice(0, 50))}`));
    if (via === null) return;
    address.searchParams.delete("via");
    history.replaceState(history.state, "", address);
  };
  document.addEventListener("visibilitychange", tell);
  document.addEventListener("prerenderingchange", tell);
  tell();
})();

// What sharing needs a script for: copying the link, the system's own window (Web Share), and one's own Mastodon server.
// Without it the page lacks nothing else.
(() => {
  "use strict";
  const share = document.querySelector(".share");
  if (!share) return;
  const { url, title } = share.dataset;
  for (const template of share.querySelectorAll("template")) template.replaceWith(template.content);
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

  const dialog = share.querySelector("dialog");
  if (!dialog) return;
  const field = dialog.querySelector("input");
  const fault = dialog.querySelector("[role=alert]");
  const chooser = dialog.querySelector("a");

  // The server stays in the reader's browser. Storage may be forbidden; then it is asked for each time.
  const SERVER = "mastodon-server";
  const recall = () => { try { return localStorage.getItem(SERVER) ?? ""; } catch { return ""; } };
  const remember = (server) => { try { localStorage.setItem(SERVER, server); } catch { /* forbidden */ } };

  // From what people write: a host, an address of a page there, or their own name with its server.
  const serverIn = (text) => {
    const name = text.trim().replace(/^https?:\/\//i, "").replace(/\/.*$/s, "").replace(/^.*@/s, "");
    try {
      const { host, hostname } = new URL(`https://${name}`);
      return /^[^.]+(\.[^.]+)+$/.test(hostname) ? host : "";
    } catch {
      return "";
    }
  };

  const mark = (faulty) => {
    fault.hidden = !faulty;
    field.setAttribute("aria-invalid", String(faulty));
  };

  const link = share.querySelector(`li a[href="${chooser.getAttribute("href")}"]`);
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-label", dialog.querySelector("h3").textContent);
  button.append(...link.childNodes);
  link.replaceWith(button);
  button.addEventListener("click", () => {
    mark(false);
    field.value = recall();
    dialog.showModal();
    field.select();
  });

  dialog.querySelector("[type=button]").addEventListener("click", () => dialog.close());
  chooser.addEventListener("click", () => dialog.close());
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const server = serverIn(field.value);
    mark(!server);
    if (!server) {
      field.focus();
      return;
    }
    remember(server);
    // Counted as any other share link: asked for, and not followed.
    fetch(chooser.href, { redirect: "manual", keepalive: true }).catch(() => {});
    const text = encodeURIComponent(`${title}\n${url}`);
    window.open(`https://${server}/share?text=${text}`, "_blank", "noopener,noreferrer");
    dialog.close();
  });
})();
