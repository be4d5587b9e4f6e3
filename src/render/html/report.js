
(() => {
  "use strict";
  const tools = document.getElementById("tools");
  const search = document.getElementById("q");
  const hits = document.getElementById("hits");
  const filtered = document.getElementById("filtered");
  const nothing = document.getElementById("nothing");
  const words = new Intl.Collator("en", { numeric: true });

  // Read once, before anything is written: what rows are about, and what they stand in. What they say is read by the first
  // search: a filter has no use for it.
  let rows = null;
  let groups = [];
  let links = [];
  const read = () => {
    const known = new Map();
    const group = (element) => {
      let found = known.get(element);
      if (!found) {
        found = { element, hits: 0, was: element.open, label: null };
        if (element.localName === "details") found.label = element.querySelector(":scope > summary .hits");
        known.set(element, found);
      }
      return found;
    };
    // Rows of one table stand in the same things.
    const places = new Map();
    const place = (parent) => {
      let found = places.get(parent);
      if (!found) {
        const within = [];
        for (let at = parent; at && at.localName !== "main"; at = at.parentElement) {
          if (/^(table|ul|article|section)$/.test(at.localName) || "fold" in at.dataset) within.push(group(at));
        }
        const unit = parent.closest("article, table.rights");
        const title = unit && unit.querySelector("h3, caption");
        found = { within, title: title ? title.textContent : "" };
        places.set(parent, found);
      }
      return found;
    };
    rows = Array.from(document.querySelectorAll("[data-k]"), (element) => {
      const { within, title } = place(element.parentElement);
      return { element, kinds: element.dataset.k, title, text: null, within, shown: true };
    });
    groups = Array.from(known.values());
    links = Array.from(document.querySelectorAll("nav a"), (link) => {
      return { item: link.parentElement, target: document.querySelector(link.hash) };
    });
  };

  const says = (row, term) => {
    if (row.text === null) row.text = (row.element.textContent + " " + row.title).toLowerCase();
    return row.text.includes(term);
  };

  // One pass over the rows, then only writes: nothing asks for the layout in between.
  let active = false;
  const apply = () => {
    if (!rows) read();
    const kind = new FormData(tools).get("f") || "";
    const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const begins = !active;
    active = kind !== "" || terms.length > 0;
    for (const group of groups) {
      if (begins) group.was = group.element.open;
      group.hits = 0;
    }
    let count = 0;
    for (const row of rows) {
      const shown = row.kinds.includes(kind) && terms.every((term) => says(row, term));
      if (shown) {
        count += 1;
        for (const group of row.within) group.hits += 1;
      }
      if (shown !== row.shown) {
        row.shown = shown;
        row.element.hidden = !shown;
      }
    }
    for (const group of groups) {
      const { element, label } = group;
      element.hidden = active && group.hits === 0;
      if (label) label.textContent = active ? group.hits + " shown" : "";
      // A few rows are worth opening folds for; of many, the numbers are.
      if (label) element.open = active && count <= 400 ? group.hits > 0 : group.was;
    }
    // The contents lead to nothing that is not there.
    for (const { item, target } of links) item.hidden = target.hidden;
    nothing.hidden = count > 0;
    const part = count + " of " + rows.length + " rows";
    hits.textContent = active ? part : "";
    // Paper has no controls that would say it.
    filtered.hidden = !active;
    const chosen = kind ? [tools.querySelector("input[name=f]:checked").labels[0].textContent.trim()] : [];
    if (terms.length > 0) chosen.push("“" + search.value.trim() + "”");
    filtered.textContent = active ? "Filtered: " + chosen.concat(part).join(", ") + ". The others are not printed." : "";
  };

  let waiting = 0;
  const soon = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(apply);
  };
  tools.addEventListener("input", soon);
  tools.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target === search;
    if (event.key === "/" && !typing) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && (typing || active)) {
      event.preventDefault();
      tools.reset();
      apply();
    }
  });

  const sort = (table, head, column) => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    // A tier sorts by where it stands on its ladder and not by its letters.
    const key = (cell) => cell.dataset.v || cell.textContent.trim();
    const keyed = Array.from(body.rows, (row) => [key(row.cells[column]), row]);
    // What says nothing stands last, whichever way.
    keyed.sort(([a], [b]) => (a === "") - (b === "") || (down ? words.compare(b, a) : words.compare(a, b)));
    body.append(...keyed.map(([, row]) => row));
  };
  for (const table of document.querySelectorAll("table[data-sort]")) {
    if (table.tBodies[0].rows.length < 2) continue;
    Array.from(table.tHead.rows[0].cells, (head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.addEventListener("click", () => sort(table, head, column));
      head.replaceChildren(button);
    });
  }

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = Array.from(document.querySelectorAll("details:not([open])"));
    for (const details of folded) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of folded) details.open = false;
  });
  tools.hidden = false;
})();
