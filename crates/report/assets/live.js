// Keeps a page as the server has it: told that something changed, it reads the page again and changes what differs. What people are at stays:
// focus, selection, what they opened, what they typed. Without it a page is as it was when it was read.
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

  let source = null;
  let heard = "";
  let isReading = false;
  let isWanted = false;
  let isOver = false;
  let due = null;
  let rested = 0;

  function say(words) {
    if (status.textContent !== words) {
      status.textContent = words;
    }
  }

  // Reads the page after `wait`, or as soon as it may be; an earlier wish stays.
  function plan(wait) {
    const at = Math.max(Date.now() + wait, rested);
    if (isOver || document.hidden || (due !== null && due.at <= at)) {
      return;
    }
    if (due !== null) {
      clearTimeout(due.timer);
    }
    due = { at, timer: setTimeout(read, at - Date.now()) };
  }

  async function read() {
    due = null;
    if (isReading || isOver) {
      isWanted = true;
      return;
    }
    [isReading, isWanted] = [true, false];
    const began = Date.now();
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
      if (answer.redirected || answer.status === 401) {
        end("Not live: sign in again and reload.");
      } else if (answer.ok) {
        show(new DOMParser().parseFromString(await answer.text(), "text/html"));
      }
    } catch {
      // Who listens is told that the connection is lost.
    }
    isReading = false;
    const now = Date.now();
    rested = now + Math.max(LEAST_MS, (now - began) * TIMES);
    plan(isWanted ? 0 : ANEW_MS);
  }

  function show(page) {
    for (const part of ["main", "footer"]) {
      const [here, there] = [document.querySelector(part), page.querySelector(part)];
      if (here !== null && there !== null) {
        follow(here, there);
      }
    }
    if (document.title !== page.title) {
      document.title = page.title;
    }
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
    next.forEach((child, n) => {
      if (n >= old.length) {
        here.append(document.importNode(child, true));
      } else if (old[n].nodeName === child.nodeName && old[n].id === child.id) {
        follow(old[n], child);
      } else {
        old[n].replaceWith(document.importNode(child, true));
      }
    });
    old.slice(next.length).forEach((child) => child.remove());
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
    source.addEventListener("open", () => say("Live."));
    source.addEventListener("changed", (event) => {
      heard = event.lastEventId;
      say("Live. Changed: " + event.data + ".");
      plan(0);
    });
    source.addEventListener("error", () => {
      say("Not live: the connection is lost. Reload to see what is new.");
      if (source !== null && source.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(listen, AGAIN_MS);
      }
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
  status.hidden = false;
  listen();
  plan(ANEW_MS);
})();
