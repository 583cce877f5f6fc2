/** Style and script of the HTML report: constants, so that their hashes are all that the page allows. */

export const PAGE_STYLE = `
:root { color-scheme: light dark; --text: #1c2024; --faint: #6b7280; --line: #d5d9de; --stripe: #f4f6f8; --page: #fff;
  --s0: #2f6fb5; --s1: #8aa9c7; --s2: #c8472f; --failed: #fbe3de; }
@media (prefers-color-scheme: dark) { :root { --text: #e3e6ea; --faint: #9aa3ad; --line: #3a4149; --stripe: #20252a; --page: #15181b;
  --s0: #6ea8e6; --s1: #4c6783; --s2: #f0806a; --failed: #4a2620; } }
body { margin: 2rem auto; padding: 0 1rem; max-width: 100rem; color: var(--text); background: var(--page);
  font: 14px/1.45 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.4rem; }
header p, dt, figcaption span { color: var(--faint); }
header p { margin: .2rem 0 1.2rem; }
dl { display: flex; flex-wrap: wrap; gap: 2.5rem; margin: 0 0 1.5rem; }
dl div { display: flex; flex-direction: column-reverse; }
dd { margin: 0; font-size: 1.6rem; font-variant-numeric: tabular-nums; }
figure { display: inline-block; width: min(100%, 30rem); margin: 0 1.5rem 1.5rem 0; }
figcaption { font-weight: 600; }
figcaption span { font-weight: 400; margin-left: 1rem; }
figcaption i { display: inline-block; width: .7em; height: .7em; margin: 0 .3em 0 .6em; }
svg { display: block; width: 100%; height: auto; }
svg line { stroke: var(--line); }
svg .top { stroke-dasharray: 2 4; }
svg text { fill: var(--faint); font-size: 11px; }
svg .hit { fill: transparent; }
svg g:hover .hit { fill: var(--faint); fill-opacity: .15; }
.s0 { fill: var(--s0); background: var(--s0); }
.s1 { fill: var(--s1); background: var(--s1); }
.s2 { fill: var(--s2); background: var(--s2); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { position: sticky; top: 0; background: var(--page); border-bottom: 2px solid var(--line); }
th button { all: unset; font-weight: 600; padding: .35rem .6rem; white-space: nowrap; }
.sortable th button { cursor: pointer; }
th button:focus-visible { outline: 2px solid var(--s0); }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
td { padding: .2rem .6rem; white-space: pre; border-bottom: 1px solid var(--line); }
tbody tr:nth-child(even) { background: var(--stripe); }
tbody tr.failed { background: var(--failed); }
[hidden] { display: none; }
.search { margin: 0 0 .6rem; }
.search input { font: inherit; width: min(100%, 24rem); padding: .3rem .5rem; color: inherit; background: var(--page);
  border: 1px solid var(--faint); border-radius: .3rem; }
.search output { margin-left: 1rem; color: var(--faint); }
.left { text-align: left; }
.right { text-align: right; }
@media print { .search { display: none; } th { position: static; } }
`;

/**
 * Sorts the rows by the column whose title is clicked, then the other way; what is not known stays at the end. Hides the rows that do not
 * hold every word of the search box.
 */
export const PAGE_SCRIPT = `
const body = document.querySelector("tbody");
const titles = [...document.querySelectorAll("th")];
const order = new Intl.Collator();
body.parentElement.classList.add("sortable");
for (const [index, title] of titles.entries()) title.addEventListener("click", () => {
  const sign = title.ariaSort === "ascending" ? -1 : 1;
  for (const other of titles) other.removeAttribute("aria-sort");
  title.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
  const known = [], unknown = [];
  for (const row of body.rows) {
    const { dataset, textContent } = row.cells[index];
    const isNumber = dataset.n !== undefined;
    if (isNumber || dataset.t !== undefined) known.push({ row, key: isNumber ? Number(dataset.n) : textContent, isNumber });
    else unknown.push(row);
  }
  known.sort((a, b) => sign * (a.isNumber && b.isNumber ? a.key - b.key : order.compare(a.key, b.key)));
  for (const { row } of known) body.append(row);
  for (const row of unknown) body.append(row);
});
const search = document.querySelector(".search");
const [box, count] = search.children;
search.hidden = false;
box.addEventListener("input", () => {
  const words = box.value.toLowerCase().split(" ");
  let shown = 0;
  for (const row of body.rows) {
    const text = [...row.cells].map(({ textContent }) => textContent).join("\\n").toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    if (!row.hidden) shown++;
  }
  count.textContent = shown + " of " + body.rows.length + " rows";
});
`;
