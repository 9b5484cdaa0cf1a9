// What the page adds for who reads it on a screen: pictures open large, tables sort, the contents show the place. Without it all is there to read.
"use strict";
const words = document.body.dataset;

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Pictures: a button in the corner, or the picture itself, opens it as large as the window; the dialog gives the focus back by itself.
const frame = make("div", { className: "frame", tabIndex: 0 });
const close = make("button", { type: "button", textContent: `✕ ${words.close}` });
const dialog = make("dialog", { className: "zoom" }, close, frame);
document.body.append(dialog);
close.addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog.addEventListener("close", () => frame.replaceChildren());

function open(picture) {
  const copy = picture.cloneNode();
  copy.removeAttribute("style");
  copy.removeAttribute("class");
  frame.replaceChildren(copy);
  dialog.setAttribute("aria-label", picture.alt || picture.getAttribute("aria-label"));
  dialog.showModal();
}

for (const holder of document.querySelectorAll("main figure:not(.tabular), main .card > p:first-child")) {
  const pictures = [...holder.querySelectorAll("img")];
  if (!pictures.length) continue;
  const name = holder.querySelector("figcaption strong")?.textContent || pictures[0].alt;
  const button = make("button", { type: "button", className: "enlarge", textContent: "⤢", title: words.enlarge });
  button.setAttribute("aria-label", `${words.enlarge}: ${name}`);
  button.addEventListener("click", () => open(pictures.find((picture) => picture.offsetWidth) || pictures[0]));
  for (const picture of pictures) {
    picture.classList.add("enlargeable");
    picture.addEventListener("click", () => { button.focus(); button.click(); });
  }
  holder.classList.add("holder");
  pictures.at(-1).after(button);
}

// Tables: a click sorts by a column, rising, then falling, then as it was written.
// The number that a cell begins with, in either language's digits and with any of their signs; null where it begins with a word.
function numberOf(text) {
  const plain = text
    .replace(/[\u2066-\u2069\u200e\u200f\s]/g, "")
    .replace(/[۰-۹]/g, (digit) => digit.charCodeAt(0) - 0x6f0)
    .replace(/−/g, "-").replace(/٫/g, ".").replace(/(\d)[,٬](?=\d{3})/g, "$1");
  const found = plain.match(/^[<≤=≈×±]*([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\d.]*\.\d)/i);
  return found ? Number(found[1]) : null;
}

const inWords = new Intl.Collator(document.documentElement.lang, { numeric: true }).compare;
const isEmpty = (text) => /^[–—\s]*$/.test(text);

function sort(table, column, down) {
  const rows = [...table.tBodies[0].rows].map((row) => ({ row, text: row.cells[column].textContent.trim() }));
  const numbers = rows.filter(({ text }) => !isEmpty(text)).every((row) => (row.number = numberOf(row.text)) !== null);
  const compare = (a, b) => (numbers ? a.number - b.number : inWords(a.text, b.text));
  rows.sort((a, b) => isEmpty(a.text) - isEmpty(b.text) || (isEmpty(a.text) ? 0 : (down ? -1 : 1) * compare(a, b)));
  table.tBodies[0].append(...rows.map(({ row }) => row));
}

for (const table of document.querySelectorAll("main .tabular table")) {
  if (!table.tHead || table.tBodies[0].rows.length < 2) continue;
  const written = [...table.tBodies[0].rows];
  [...table.tHead.rows[0].cells].forEach((head, column, heads) => {
    if (!head.textContent.trim() || head.querySelector("a")) return;
    const button = make("button", { type: "button", className: "sort", title: words.sort }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const next = { ascending: "descending", descending: "none" }[head.getAttribute("aria-sort")] || "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      if (next === "none") return table.tBodies[0].append(...written);
      head.setAttribute("aria-sort", next);
      sort(table, column, next === "descending");
    });
  });
}

// Boxes that scroll can be reached by the keyboard.
function letScroll() {
  for (const box of document.querySelectorAll(".wide, pre, .formula, .display")) {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
letScroll();
addEventListener("resize", letScroll);

// Contents: the section that is being read is marked, and where they stand beside the text they follow it.
const contents = document.querySelector("nav");
const links = new Map([...contents.querySelectorAll("a")].map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
const beside = matchMedia("(min-width: 74rem)");
const headings = [...links.keys()].map((id) => document.getElementById(id));

function markPlace() {
  const reading = headings.findLast((heading) => heading.getBoundingClientRect().top <= innerHeight / 4);
  const marked = contents.querySelector("[aria-current]"), link = reading && links.get(reading.id);
  if (link === marked) return;
  marked?.removeAttribute("aria-current");
  link?.setAttribute("aria-current", "location");
  if (link && beside.matches) contents.scrollTop = link.offsetTop - contents.clientHeight / 3;
}
markPlace();
addEventListener("scroll", markPlace, { passive: true });
addEventListener("hashchange", () => { if (location.hash === "#contents") contents.querySelector("details").open = true; });
