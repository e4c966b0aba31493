// Keeps a page as the server has it: told that something changed, it reads the page again and changes what differs. What people are at stays:
// focus, selection, what they opened, what they typed. It never shows what isn't this page, nor says that it is live when it isn't. Without it a page is as it was when it was read.
"use strict";

(() => {
  const own = document.currentScript;
  const place = own.dataset.live;
  const status = document.getElementById("live");
  // So long between two readings at least, and so many times as long as the last one took: many tabs cost the server little.
  const LEAST_MS = 1000;
  const TIMES = 20;
  // What devices do is no event: so often the page is read anew while somebody looks at it.
  const ANEW_MS = 15000;
  const AGAIN_MS = 10000;
  // A line may be dead without anybody saying so.
  const PATIENCE_MS = 60000;

  let source = null;
  let heard = "";
  let changed = "";
  let isReading = false;
  let isWanted = false;
  // Whether the last reading was answered with the page.
  let isRead = true;
  // Whether its reader has done something since.
  let isUsed = false;
  let isOver = false;
  let due = null;
  let rested = 0;

  function say(words) {
    if (status.textContent !== words) {
      status.textContent = words;
    }
  }

  // Says how it stands, never better than it is.
  function tell() {
    if (isOver) {
      return;
    }
    if (!isRead) {
      say("Not live: the server doesn't give the page. What you see may be old.");
    } else if (source !== null && source.readyState === EventSource.OPEN) {
      say("Live." + changed);
    } else {
      say("Not live: the connection is lost. The page is tried again from time to time.");
    }
  }

  // Reads the page after `wait`, or as soon as it may be; an earlier wish stays.
  function plan(wait) {
    const now = performance.now();
    const at = Math.max(now + wait, rested);
    if (isOver || document.hidden || (due !== null && due.at <= at)) {
      return;
    }
    if (due !== null) {
      clearTimeout(due.timer);
    }
    due = { at, timer: setTimeout(read, at - now) };
  }

  // All tabs hear of something at once, and don't all ask at once.
  function soon() {
    plan(Math.random() * LEAST_MS);
  }

  function anew() {
    plan(ANEW_MS * (0.8 + 0.2 * Math.random()));
  }

  async function read() {
    due = null;
    if (isReading || isOver) {
      isWanted = true;
      return;
    }
    [isReading, isWanted] = [true, false];
    const began = performance.now();
    // What nobody asked for keeps nobody signed in.
    const headers = isUsed ? {} : { "mainstay-unattended": "1" };
    isUsed = false;
    try {
      const asked = { credentials: "same-origin", cache: "no-store", redirect: "manual", headers };
      const answer = await fetch(location.href, { ...asked, signal: AbortSignal.timeout(PATIENCE_MS) });
      if (answer.type === "opaqueredirect" || answer.status === 401) {
        end("Not live: sign in again and reload.");
      } else {
        isRead = answer.ok && show(new DOMParser().parseFromString(await answer.text(), "text/html"));
      }
    } catch {
      isRead = false;
    }
    tell();
    isReading = false;
    const now = performance.now();
    rested = now + Math.max(LEAST_MS, Math.min(now - began, PATIENCE_MS) * TIMES);
    if (isWanted) {
      soon();
    } else {
      anew();
    }
  }

  // Shows what was read, if it is this page; whether it was. Something between may answer with a page of its own.
  function show(page) {
    const script = page.querySelector("script[data-live]");
    if (script === null) {
      return false;
    }
    const style = (of) => of.querySelector("style")?.textContent;
    if (script.getAttribute("src") !== own.getAttribute("src") || style(page) !== style(document)) {
      end("Not live: the server was updated. Reload to see what is new.");
      return false;
    }
    for (const part of ["header", "main", "footer"]) {
      const [here, there] = [document.querySelector(`body > ${part}`), page.querySelector(`body > ${part}`)];
      if (here !== null && there !== null) {
        follow(here, there);
      }
    }
    if (document.title !== page.title) {
      document.title = page.title;
    }
    return true;
  }

  // Makes `here` say what `there` says. What is alike in both is left alone, with all that people did to it.
  function follow(here, there) {
    if (here.isEqualNode(there)) {
      return;
    }
    if (here.nodeType !== Node.ELEMENT_NODE) {
      here.nodeValue = there.nodeValue;
      return;
    }
    attributes(here, there);
    const old = Array.from(here.childNodes);
    const next = Array.from(there.childNodes);
    const stays = paired(old, next);
    const kept = new Set(stays.values());
    old.filter((child) => !kept.has(child)).forEach((child) => child.remove());
    let at = here.firstChild;
    next.forEach((child, n) => {
      const stayed = stays.get(n);
      if (stayed === undefined) {
        here.insertBefore(document.importNode(child, true), at);
      } else {
        follow(stayed, child);
        at = stayed.nextSibling;
      }
    });
  }

  // What tells a node from those beside it. Rows and cards are those of what they lead to.
  function name(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) {
      return node.nodeName;
    }
    const link = node.matches("a") ? node : node.matches("article, li, tr") ? node.querySelector("a") : null;
    return `${node.nodeName}#${node.id} ${link?.getAttribute("href") ?? ""}`;
  }

  // Which of the `old` nodes stays for which of the `next` ones, by their places: as many as can in this order, so that what comes between moves nothing.
  function paired(old, next) {
    const [a, b] = [old.map(name), next.map(name)];
    const stays = new Map();
    let [i, j] = [0, 0];
    while (i < a.length && j < b.length && a[i] === b[j]) {
      stays.set(j++, old[i++]);
    }
    const [done, skipped] = [i, j];
    // How many of those from these places on can stay.
    const most = Array.from({ length: a.length - done + 1 }, () => new Uint32Array(b.length - skipped + 1));
    for (i = a.length - done - 1; i >= 0; i--) {
      for (j = b.length - skipped - 1; j >= 0; j--) {
        const isAlike = a[done + i] === b[skipped + j];
        most[i][j] = isAlike ? most[i + 1][j + 1] + 1 : Math.max(most[i + 1][j], most[i][j + 1]);
      }
    }
    [i, j] = [0, 0];
    while (done + i < a.length && skipped + j < b.length) {
      if (a[done + i] === b[skipped + j]) {
        stays.set(skipped + j++, old[done + i++]);
      } else if (most[i + 1][j] >= most[i][j + 1]) {
        i++;
      } else {
        j++;
      }
    }
    return stays;
  }

  // Whether a box is open is the reader's; what was typed is no attribute.
  function attributes(here, there) {
    for (const { name } of Array.from(here.attributes)) {
      if (!there.hasAttribute(name) && name !== "open") {
        here.removeAttribute(name);
      }
    }
    for (const { name, value } of Array.from(there.attributes)) {
      if (name !== "open" && here.getAttribute(name) !== value) {
        here.setAttribute(name, value);
      }
    }
  }

  function listen() {
    if (isOver || document.hidden || source !== null) {
      return;
    }
    // A browser that comes again by itself says what it heard last; this one closed the stream.
    source = new EventSource(heard === "" ? place : place.replace(/after=\d+/, "after=" + heard));
    source.addEventListener("open", () => {
      changed = "";
      tell();
    });
    source.addEventListener("changed", (event) => {
      heard = event.lastEventId;
      changed = " Changed: " + event.data + ".";
      tell();
      soon();
    });
    source.addEventListener("error", () => {
      if (source !== null && source.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(listen, AGAIN_MS * (1 + Math.random()));
      }
      tell();
    });
  }

  function rest() {
    if (source !== null) {
      source.close();
      source = null;
    }
    if (due !== null) {
      clearTimeout(due.timer);
      due = null;
    }
  }

  function end(words) {
    isOver = true;
    rest();
    say(words);
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      rest();
    } else {
      listen();
      plan(0);
    }
  });
  for (const kind of ["pointerdown", "pointermove", "keydown", "wheel"]) {
    document.addEventListener(kind, () => (isUsed = true), { capture: true, passive: true });
  }
  status.hidden = false;
  listen();
  anew();
})();
