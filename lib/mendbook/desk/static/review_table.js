/**
 * The review table as it is drawn in the browser: the cases of a plan, a decision a key, before and after side by side.
 *
 * It is one file without any build step, and asks nothing of any network. The kernel (review_desk.py) holds the plan and saves
 * the decisions; here they are painted at once, called "saving" until the kernel says that they are on the disk, and taken back
 * where it does not. Every text is put in place as text: no markup is ever made of what stands in a database.
 */

const BLOCK = 100; // rows that are asked for at once
const MOST_BLOCKS = 60; // blocks that are remembered
const MOST_PIXELS = 8_000_000; // browsers draw nothing beyond some height of an element
const MOST_SELECTED = 2_000; // what one selects by hand
const WAIT = 8_000; // milliseconds until the kernel counts as silent; a page that tries it may set wait_ms
const SEARCH_PAUSE = 200; // milliseconds of not typing before a search begins
const CASE_PAUSE = 60; // milliseconds on a case before its details are asked for
const SAMPLE = 5;
const VERBS = ["approve", "reject", "defer"];
const DONE = { approve: "approved", reject: "rejected", defer: "deferred" };
const MARKS = { approve: "✓", reject: "✗", defer: "‖" };
const STATES = ["undecided", "blocked", "approved", "rejected", "deferred", "applied", "stale"];
const SIGNING = { approved: "ready to be applied", waiting: "nothing is approved", refused: "not complete", looking: "looking…" };
const SORTS = { plan: "as in the plan", kind: "kind", risk: "risk", state: "state", rows: "rows", case_key: "case" };
const NO_FILTER = {
  kind: null, profile: null, risk: null, repair: null, state: null, blocked: null, mine: null, search: "",
};
const COLUMNS = [
  ["select", "", null], ["mine", "My decision", null], ["case", "Case", "case_key"], ["repair", "Repair", null],
  ["risk", "Risk", "risk"], ["rows", "Rows", "rows"], ["blocked", "Blocked by", null], ["because", "Why", null],
  ["state", "State", "state"],
];
const KEYS = [
  ["a", "approve the case, or all that are selected"], ["r", "reject"], ["d", "defer"],
  ["j or ↓, k or ↑", "next, previous case"], ["u", "next undecided case"], ["g, G", "first, last case"],
  ["x or Space", "select, or no longer"], ["J, K", "select on the way down, up"],
  ["Enter or o", "open the details, and read on there"], ["c", "write a comment"], ["v", "reveal this case, or mask it again"],
  ["/", "search"], ["Esc", "back to the list; there: select nothing"], ["?", "this help"],
];

// Ids are told apart between the views of one table, in whatever window they are.
let counter = Math.floor(Math.random() * 2 ** 40);
const number = (value) => Number(value ?? 0).toLocaleString("en-US");
const many = (count, one, more = `${one}s`) => `${number(count)} ${count === 1 ? one : more}`;

/** An element. Strings among the children become text; nothing is ever read as markup. */
function make(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  return fill(node, children);
}

/** Put these children into an element, behind what is there. */
function fill(node, ...children) {
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** Put these children into an element, in the place of what is there. */
function refill(node, ...children) {
  node.replaceChildren();
  return fill(node, ...children);
}

/** Words for who listens; they are not seen. */
const heard = (text) => make("span", { class: "heard", text });
/** A sign for who looks; it is not read out. */
const seen = (text) => make("span", { class: "sign", "aria-hidden": "true", text });

/** Why something was not done, and what to do. `silent`: the kernel said nothing at all. */
class Refused extends Error {
  constructor(message, hint = "", silent = false) {
    super(message);
    this.hint = hint;
    this.silent = silent;
  }
}

/** Questions to the kernel and its answers, by their ids; what was not asked for is news. */
class Kernel {
  constructor(model, news) {
    this.model = model;
    this.news = news;
    this.wait = model.get?.("wait_ms") || WAIT;
    this.waiting = new Map();
    this.late = new Map();
    this.silent = false;
    this.replaced = false; // another table has taken this one's place: no late answer wakes it
    this.hear = this.hear.bind(this);
    model.on("msg:custom", this.hear);
  }

  close() {
    this.model.off("msg:custom", this.hear);
    for (const { timer } of this.waiting.values()) clearTimeout(timer);
    this.waiting.clear();
    this.late.clear();
  }

  /** The kernel's answer; Refused where it refuses or says nothing in time. `late` hears an answer that comes after that. */
  ask(type, content = {}, late = null) {
    if (this.replaced && type.startsWith("decide")) return Promise.reject(new Refused(...REPLACED));
    const id = (counter += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        this.late.set(id, late ?? (() => {}));
        this.silent = true;
        reject(new Refused(`The kernel has not answered for ${Math.ceil(this.wait / 1000)} s.`, NO_ANSWER, true));
      }, this.wait);
      this.waiting.set(id, { resolve, reject, timer });
      try {
        this.model.send({ type, id, ...content });
      } catch {
        clearTimeout(timer);
        this.waiting.delete(id);
        this.silent = true;
        reject(new Refused("The kernel cannot be reached.", NO_ANSWER, true));
      }
    });
  }

  hear(message) {
    if (!message || typeof message !== "object") return;
    const asked = this.waiting.get(message.re);
    const refused = message.type === "refused";
    if (asked) {
      clearTimeout(asked.timer);
      this.waiting.delete(message.re);
      this.wakes();
      if (refused) asked.reject(new Refused(message.message, message.hint));
      else asked.resolve(message);
    } else if (this.late.has(message.re)) {
      const late = this.late.get(message.re);
      this.late.delete(message.re);
      this.wakes();
      late(message);
    } else if (!refused) {
      this.news(message);
    }
  }

  wakes() {
    if (this.replaced) return;
    const slept = this.silent;
    this.silent = false;
    if (slept) this.news({ type: "awake" });
  }
}

const REPLACED = ["This table was replaced by a newer one of the same plan.", "Go on there, or run this cell again."];
const NO_ANSWER =
  "It may be busy with another cell, or have been restarted. Decisions that are on the disk are safe: run this cell again to go on.";

/** The rows of a view, asked for block by block as they are looked at. */
class Rows {
  constructor(kernel, arrived, failed) {
    Object.assign(this, { kernel, arrived, failed, view: null, total: 0, groups: [], epoch: 0 });
    this.blocks = new Map();
    this.asked = new Map();
    this.numbers = new Map();
  }

  reset(view, total, groups) {
    Object.assign(this, { view, total, groups: groups ?? [] });
    this.forget();
  }

  /** Ask anew for what is looked at; what is shown stays until the answer is there. */
  forget() {
    this.epoch += 1;
    this.blocks.clear();
    this.asked.clear();
    this.numbers.clear();
  }

  at(index) {
    return this.blocks.get(Math.floor(index / BLOCK))?.[index % BLOCK] ?? null;
  }

  named(n) {
    return this.numbers.get(n) ?? null;
  }

  want(from, to) {
    const last = Math.min(to, this.total - 1);
    for (let block = Math.floor(Math.max(from, 0) / BLOCK); block * BLOCK <= last; block += 1) {
      if (!this.blocks.has(block) && !this.asked.has(block)) this.fetch(block).catch(this.failed);
    }
  }

  fetch(block) {
    if (this.blocks.has(block)) return Promise.resolve(this.blocks.get(block));
    if (this.asked.has(block)) return this.asked.get(block);
    const { epoch } = this;
    const range = { view: this.view, from: block * BLOCK, to: Math.min((block + 1) * BLOCK, this.total) };
    const answer = this.kernel.ask("rows", range).then(
      (message) => (epoch === this.epoch ? this.keep(block, message.rows) : []),
      (error) => {
        if (epoch === this.epoch) this.asked.delete(block);
        throw error;
      },
    );
    this.asked.set(block, answer);
    return answer;
  }

  keep(block, rows) {
    this.asked.delete(block);
    this.blocks.set(block, rows);
    rows.forEach((row) => this.numbers.set(row.n, row));
    if (this.blocks.size > MOST_BLOCKS) {
      const farthest = [...this.blocks.keys()].reduce((a, b) => (Math.abs(a - block) > Math.abs(b - block) ? a : b));
      this.blocks.get(farthest).forEach((row) => this.numbers.delete(row.n));
      this.blocks.delete(farthest);
    }
    this.arrived();
    return rows;
  }

  // Lines are what is drawn: rows, and a heading above each group.
  get lines() {
    return this.total + this.groups.length;
  }

  lineOf(index) {
    return index + this.groupsThrough((group) => group.from <= index);
  }

  /** The heading ({group}) or the row ({index}) on a line. */
  onLine(line) {
    const before = this.groupsThrough((group, place) => group.from + place <= line);
    const group = this.groups[before - 1];
    if (group && group.from + before - 1 === line) return { group, place: before - 1 };
    return { index: line - before };
  }

  groupsThrough(fits) {
    let low = 0;
    let high = this.groups.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (fits(this.groups[middle], middle)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  groupOf(index) {
    return this.groups[this.groupsThrough((group) => group.from <= index) - 1] ?? null;
  }
}

/** The list: only the lines that are looked at are there, and the one with the cursor on it. */
class List {
  constructor(table) {
    this.table = table;
    this.drawn = new Map();
    this.id = `mendbook-review-${(counter += 1)}`;
    this.body = make("div", { class: "lines", role: "rowgroup" });
    this.head = make("div", { class: "head", role: "row", "aria-rowindex": "1" });
    this.pin = make("div", { class: "pin", "aria-hidden": "true" }, make("div", { class: "group" }));
    this.node = make("div", {
      class: "list", role: "grid", tabindex: "0", "aria-label": "Cases", "aria-multiselectable": "true",
      "aria-colcount": COLUMNS.length, "aria-describedby": `${this.id}-hint`, scroll: () => this.later(),
      mousedown: (event) => this.pressed(event), dblclick: (event) => this.lineUnder(event) && table.details.enter(),
    }, this.head, this.pin, this.body);
    this.hint = make("p", {
      id: `${this.id}-hint`, class: "hint",
      text: "Keys: a approve, r reject, d defer, j and k down and up, x select, ? all keys.",
    });
    this.observer = new ResizeObserver(() => this.later());
    this.observer.observe(this.node);
  }

  close() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
  }

  later() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  /** How tall a line is by its style; asked for anew, as a person may change the size of letters. */
  measure() {
    this.height = this.head.getBoundingClientRect().height || 32;
    this.room = Math.max(this.node.clientHeight - this.height, 0);
    const whole = this.table.rows.lines * this.height;
    this.scrolled = Math.min(whole, MOST_PIXELS);
    const spare = this.scrolled - this.room;
    this.ratio = spare > 0 && whole > this.scrolled ? (whole - this.room) / spare : 1;
  }

  draw() {
    const { rows, cursor } = this.table;
    if (!this.node.clientHeight) return;
    this.drawHead();
    this.measure();
    this.body.style.height = `${this.scrolled}px`;
    const top = this.node.scrollTop * this.ratio;
    const from = Math.max(Math.floor(top / this.height) - 4, 0);
    const to = Math.min(Math.ceil((top + this.room) / this.height) + 4, rows.lines);
    const lines = new Set(Array.from({ length: Math.max(to - from, 0) }, (_, place) => from + place));
    const current = cursor >= 0 && cursor < rows.total ? rows.lineOf(cursor) : -1;
    if (current >= 0) lines.add(current);
    for (const [line, { node }] of this.drawn) {
      if (lines.has(line)) continue;
      node.remove();
      this.drawn.delete(line);
    }
    for (const line of [...lines].sort((a, b) => a - b)) this.drawLine(line, line * this.height - top + this.node.scrollTop);
    this.node.setAttribute("aria-rowcount", rows.lines + 1);
    if (current >= 0 && rows.at(cursor)) this.node.setAttribute("aria-activedescendant", `${this.id}-${current}`);
    else this.node.removeAttribute("aria-activedescendant");
    this.drawPin(Math.floor(top / this.height));
    const first = rows.onLine(from);
    rows.want((first.index ?? first.group?.from ?? 0) - 20, (first.index ?? first.group?.from ?? 0) + (to - from) + 40);
  }

  drawHead() {
    const { sort, descending } = this.table.view;
    const signature = `${sort} ${descending}`;
    if (this.head.dataset.drawn === signature) return;
    this.head.dataset.drawn = signature;
    refill(this.head, ...COLUMNS.map(([name, title, by]) => {
      const direction = by && by === sort ? (descending ? "descending" : "ascending") : null;
      const arrow = direction ? seen(direction === "ascending" ? " ▲" : " ▼") : "";
      const turn = () => this.table.sortBy(by);
      const inner = by ? make("button", { type: "button", tabindex: "-1", click: turn }, title, arrow) : title || heard("Selected");
      return make("div", { class: `cell ${name}`, role: "columnheader", "aria-sort": direction }, inner);
    }));
  }

  /** The heading of the group that one is in, when it has been scrolled away. */
  drawPin(line) {
    const on = this.table.rows.lines ? this.table.rows.onLine(line) : {};
    const group = on.index === undefined ? null : this.table.rows.groupOf(on.index);
    this.pin.hidden = !group;
    if (group) refill(this.pin.firstChild, ...this.heading(group));
  }

  drawLine(line, top) {
    const { rows, cursor } = this.table;
    const on = rows.onLine(line);
    const row = on.group ? null : rows.at(on.index);
    const shown = row && this.table.shown(row);
    const selected = Boolean(row) && this.table.selected.has(row.n);
    const isCurrent = !on.group && on.index === cursor;
    const signature = JSON.stringify([on.group ?? row, shown, selected, isCurrent]);
    let drawn = this.drawn.get(line);
    if (!drawn) {
      drawn = { node: make("div", { id: `${this.id}-${line}`, role: "row" }), signature: null };
      this.drawn.set(line, drawn);
      this.body.append(drawn.node);
    }
    const { node } = drawn;
    node.style.transform = `translateY(${top}px)`;
    if (drawn.signature === signature) return;
    drawn.signature = signature;
    node.dataset.line = line;
    node.setAttribute("aria-rowindex", line + 2);
    node.className = on.group ? "group" : `row${isCurrent ? " current" : ""}${selected ? " selected" : ""}`;
    if (on.group) {
      node.removeAttribute("aria-selected");
      refill(node, ...this.heading(on.group));
    } else {
      node.setAttribute("aria-selected", selected ? "true" : "false");
      refill(node, ...(row ? this.cells(row, shown, selected) : [make("div", { class: "cell because", role: "gridcell", text: "…" })]));
    }
  }

  heading(group) {
    const open = group.count - group.decided;
    const counts = `${many(group.count, "case")}, ${open ? `${number(open)} undecided` : "all decided"}`;
    const title = this.table.title(group.kind);
    const parts = [make("strong", { text: `${group.kind}, ${group.risk} risk` }), `: ${counts}`, title ? make("span", { class: "quiet", text: ` · ${title}` }) : ""];
    return [make("div", { class: "cell", role: "rowheader", "aria-colspan": COLUMNS.length, title: `${title} (click to show this group alone)`.trim() }, parts)];
  }

  cells(row, shown, selected) {
    const blocked = row.blockers.length ? [seen("⚠ "), row.blockers.join(", ")] : [];
    const texts = {
      select: [seen(selected ? "☑" : "☐"), heard(selected ? "selected" : "")],
      mine: this.decision(shown),
      case: [make("bdi", { text: [this.table.rows.groups.length ? "" : row.kind, row.profile, row.key].filter(Boolean).join(" ") }), row.comment ? seen(" ✎") : "", row.comment ? heard(" with a comment") : ""],
      repair: [row.repair], risk: [row.risk], rows: [number(row.rows)], blocked,
      because: [make("bdi", { text: row.because })],
      state: [row.state, row.others ? make("bdi", { text: ` · ${row.others}` }) : ""],
    };
    return COLUMNS.map(([name]) => {
      const said = name === "because" ? row.because : name === "blocked" ? row.blockers.join(", ") : name === "state" ? row.others : null;
      return make("div", { class: `cell ${name}`, role: "gridcell", title: said || null }, texts[name]);
    });
  }

  /** What is decided on a row, and whether that is on the disk. */
  decision({ decision, saving, failed }) {
    if (failed) return [make("span", { class: "mark failed" }, seen("! "), "NOT saved")];
    if (!decision) return [make("span", { class: "mark none", text: "undecided" })];
    return [make("span", { class: `mark ${decision}`, "data-decision": decision }, seen(`${MARKS[decision]} `), DONE[decision]), saving ? make("span", { class: "saving", text: " saving…" }) : ""];
  }

  /** Bring a row into sight. */
  reveal(index) {
    this.measure();
    const line = this.table.rows.lineOf(index);
    const heading = this.table.rows.groups.length ? 1 : 0; // its own, or the one that is pinned there
    const above = (line - heading) * this.height;
    const below = (line + 1) * this.height - this.room;
    const top = this.node.scrollTop * this.ratio;
    // The body may not be as tall as it will be: the height is set before the scrolling.
    this.body.style.height = `${this.scrolled}px`;
    if (above < top) this.node.scrollTop = above / this.ratio;
    else if (below > top) this.node.scrollTop = below / this.ratio;
  }

  get page() {
    return Math.max(Math.floor((this.room ?? 0) / (this.height || 32)) - 1, 1);
  }

  lineUnder(event) {
    const node = event.target.closest?.(".row");
    return node && this.body.contains(node) ? this.table.rows.onLine(Number(node.dataset.line)) : null;
  }

  /** The group of a heading, in its line or pinned above. */
  headingUnder(event) {
    const { rows } = this.table;
    if (!this.pin.contains(event.target)) return rows.onLine(Number(event.target.closest(".group").dataset.line)).group;
    return rows.groupOf(rows.onLine(Math.floor((this.node.scrollTop * this.ratio) / this.height)).index);
  }

  pressed(event) {
    const group = event.target.closest?.(".group") && this.headingUnder(event);
    if (group && event.button === 0) this.table.filters.choose({ kind: group.kind, risk: group.risk });
    const on = this.lineUnder(event);
    if (!on || event.button !== 0) return;
    if (event.shiftKey) {
      event.preventDefault();
      this.node.focus({ preventScroll: true });
      this.table.selectThrough(on.index);
    } else {
      this.table.moveTo(on.index, false);
      if (event.target.closest(".select")) this.table.toggle();
    }
  }
}

/** Why a case was found. */
function drawReasons(detail) {
  if (!detail.because.length) return null;
  return make("ul", { "aria-label": "Why it was found" }, detail.because.map((why) => make("li", {}, make("bdi", { text: why }))));
}

/** Draw what the kernel told of a case: every row before and after, and what else happens. */
function drawCase(detail) {
  const marked = { changed: "changes", added: "is added", removed: "is removed" };
  const parts = [];
  for (const table of detail.tables) parts.push(drawTable(table, marked[table.role]));
  if (detail.moved.length) {
    const moved = detail.moved.map((each) => {
      const examples = each.examples.length ? ` such as ${each.examples.join(", ")}` : "";
      return make("li", {}, make("bdi", { text: `${many(each.rows, "row")} of ${each.table}${examples}` }));
    });
    parts.push(make("h4", { text: "References that move to the survivor" }), make("ul", {}, moved));
  }
  if (detail.victims.length) {
    const victims = detail.victims.map((each) => make("li", {}, make("bdi", { text: `${each.table} ${each.key}: ${each.why}` })));
    parts.push(make("h4", { text: "Rows that are removed, as they collide with the survivor's" }), make("ul", {}, victims));
  }
  if (detail.leaves.length) parts.push(make("p", {}, "It knowingly leaves: ", make("bdi", { text: detail.leaves.join(", ") })));
  return parts;
}

/** One table of a case; a cell that differs has a sign before it, and a word for who listens. */
function drawTable(table, word) {
  const heads = table.columns.map((name) => make("th", { scope: "col" }, make("bdi", { text: name })));
  const sign = { added: "+", removed: "−" }[table.role] ?? "≠";
  const rows = table.rows.map((row) => {
    const cells = row.cells.map((text, place) => {
      const differs = Boolean(row.differs[place]);
      const inner = make("bdi", { class: "value", text: text ?? "" });
      return differs
        ? make("td", { class: "differs" }, seen(`${sign} `), heard(sign === "≠" ? "differs: " : `${word ?? "differs"}: `), inner)
        : make("td", {}, inner);
    });
    return make("tr", {}, make("th", { scope: "row" }, make("bdi", { text: row.column })), cells);
  });
  const caption = make("caption", {}, make("bdi", { text: table.caption }));
  const inner = make("table", { class: `values ${table.role}` }, caption, make("thead", {}, make("tr", {}, heads)), make("tbody", {}, rows));
  return make("div", { class: "sideways", tabindex: "0", role: "region", "aria-label": table.caption }, inner);
}

/** The case with the cursor on it, whole; and what the reviewer says about it before they decide. */
class Details {
  constructor(table) {
    this.table = table;
    this.known = new Map();
    this.drafts = new Map();
    this.current = null;
    this.title = make("h3", { tabindex: "-1", text: "Details" });
    this.told = make("div", { class: "told" });
    this.node = make("section", { class: "details", "aria-label": "Details of the case" });
    this.idle();
  }

  idle() {
    this.current = null;
    refill(this.node, make("p", { class: "quiet", text: "No case is chosen." }));
  }

  /** Look at a case; its details are asked for when one stays on it. */
  show(row) {
    clearTimeout(this.timer);
    if (this.table.selected.size > 1) return this.drawSelection();
    if (!row) return this.idle();
    if (this.current !== null && this.current !== row.n && this.known.get(this.current)?.revealed && !this.table.opened?.reveal) {
      this.known.delete(this.current); // revealed for as long as one looks at it
    }
    const again = this.current === row.n;
    this.current = row.n;
    const known = this.known.get(row.n);
    if (known) return this.draw(row, known);
    if (!again) refill(this.node, make("h3", {}, make("bdi", { text: row.case })), make("p", { class: "quiet", text: "…" }));
    this.timer = setTimeout(() => this.load(row.n).catch((error) => this.failed(row, error)), CASE_PAUSE);
    return undefined;
  }

  async load(n, reveal = false, whole = false) {
    const detail = await this.table.kernel.ask("case", { case: n, reveal, whole });
    detail.whole = whole;
    this.known.delete(n);
    this.known.set(n, detail);
    if (this.known.size > 100) this.known.delete(this.known.keys().next().value);
    const row = this.table.rows.named(n);
    if (this.current === n && row && this.table.selected.size < 2) this.draw(row, detail);
    return detail;
  }

  forget(numbers) {
    if (numbers) numbers.forEach((n) => this.known.delete(n));
    else this.known.clear();
  }

  failed(row, error) {
    if (this.current !== row.n) return;
    const again = make("button", { type: "button", text: "Try again", click: () => this.load(row.n).catch((later) => this.failed(row, later)) });
    refill(this.node, make("p", { class: "quiet", text: `The case cannot be shown: ${error.message} ${error.hint}` }), again);
  }

  /** What is said of a case and not saved yet; it begins with what was saved before. */
  draft(n, detail) {
    let draft = this.drafts.get(n);
    if (!draft) {
      const mine = detail?.decision ?? {};
      draft = {
        comment: detail?.comment ?? "", waive: new Set(mine.waive ?? mine.waived ?? []),
        chosen: new Map((detail?.options ?? []).map((option) => [option.name, Boolean(option.chosen)])),
      };
      if (detail) this.drafts.set(n, draft);
    }
    return draft;
  }

  draw(row, detail) {
    const focused = this.node.contains(document.activeElement) ? document.activeElement.dataset.name : null;
    const draft = this.draft(row.n, detail);
    this.title = make("h3", { tabindex: "-1" }, make("bdi", { text: detail.title }));
    this.told = make("div", { class: "told" }, drawCase(detail));
    refill(this.node, 
      make("div", { class: "title" }, this.title, this.revealing(row, detail)),
      this.standing(row), drawReasons(detail), this.blockers(detail, draft), this.options(detail, draft), this.told, this.rest(row, detail), this.saying(draft, "The case"),
    );
    if (this.drawn !== row.n) this.node.scrollTop = 0;
    this.drawn = row.n;
    if (focused) [...this.node.querySelectorAll("[data-name]")].find((node) => node.dataset.name === focused)?.focus({ preventScroll: true });
  }

  standing(row) {
    const { decision, saving, failed } = this.table.shown(row);
    const mine = failed ? `NOT saved: ${failed}` : decision ? `You ${DONE[decision]} it${saving ? "; saving…" : "."}` : "You have not decided on it.";
    return make("p", { class: failed ? "standing failed" : "standing" }, mine, row.others ? make("bdi", { text: ` ${row.others}` }) : "");
  }

  /** Long values are cut, and many rows are counted: the whole is a press away. */
  rest(row, detail) {
    const cut = (text) => /more characters\)$/.test(text ?? "");
    const cells = detail.tables.some((table) => table.rows.some((each) => each.cells.some(cut)));
    if (detail.whole || !(detail.more || detail.moved.length || cells)) return null;
    const text = detail.more ? `Show every row (${number(detail.more)} more), uncut` : "Show every row, uncut";
    const whole = () => this.load(row.n, detail.revealed, true).catch((error) => this.table.troubled(error));
    return make("div", { class: "buttons" }, make("button", { type: "button", "data-name": "whole", click: whole, text }));
  }

  revealing(row, detail) {
    if (this.table.opened?.reveal) return make("span", { class: "quiet", text: "personal data is shown" });
    const text = detail.revealed ? "Mask again (v)" : "Reveal (v)";
    const title = detail.revealed ? null : "Shows names and values as they are; that you did is recorded.";
    return make("button", { type: "button", title, "data-name": "reveal", "aria-pressed": detail.revealed ? "true" : "false", click: () => this.table.reveal(row), text });
  }

  blockers(detail, draft) {
    if (!detail.blockers.length) return null;
    const boxes = detail.blockers.map((blocker) => this.box(
      `waive ${blocker.name}`, draft.waive.has(blocker.name), [make("strong", { text: blocker.name }), ": ", make("bdi", { text: blocker.why })],
      (checked) => (checked ? draft.waive.add(blocker.name) : draft.waive.delete(blocker.name)),
    ));
    return make("fieldset", { class: "blockers" }, make("legend", {}, seen("⚠ "), "Blocked. To approve it all the same, waive each by name:"), boxes);
  }

  options(detail, draft) {
    if (!detail.options.length) return null;
    const boxes = detail.options.map((option) => this.box(
      `option ${option.name}`, draft.chosen.get(option.name), [make("strong", {}, make("bdi", { text: option.name })), ": ", make("bdi", { text: option.why })],
      (checked) => draft.chosen.set(option.name, checked),
    ));
    return make("fieldset", { class: "options" }, make("legend", { text: "Options, done where they are checked" }), boxes);
  }

  box(name, checked, label, changed) {
    const input = make("input", { type: "checkbox", "data-name": name, change: (event) => changed(event.target.checked) });
    input.checked = Boolean(checked);
    return make("label", { class: "choice" }, input, make("span", {}, label));
  }

  /** The comment and the buttons; what is written here is saved with the next decision. */
  saying(draft, whom) {
    const area = make("textarea", { rows: "2", "data-name": "comment", input: (event) => (draft.comment = event.target.value) });
    area.value = draft.comment;
    const buttons = VERBS.map((verb) => make("button", { type: "button", class: verb, "data-name": verb, click: () => this.table.decide(verb) }, seen(`${MARKS[verb]} `), `${verb[0].toUpperCase()}${verb.slice(1)} (${verb[0]})`));
    return make("div", { class: "saying" }, make("label", {}, make("span", { text: `Comment (c), saved with the decision` }), area), make("div", { class: "buttons", role: "group", "aria-label": `${whom}: decide` }, buttons));
  }

  drawSelection() {
    clearTimeout(this.timer);
    this.current = null;
    const count = this.table.selected.size;
    this.together ??= { comment: "" };
    const clear = make("button", { type: "button", text: "Select nothing (Esc)", click: () => this.table.selectNothing() });
    refill(this.node, 
      make("div", { class: "title" }, make("h3", { tabindex: "-1", text: `${many(count, "case")} selected` }), clear),
      make("p", { text: "They are decided on together, with one comment for all. Options stay as the plan has them." }), this.saying(this.together, "All that are selected"),
    );
    this.title = this.node.querySelector("h3");
  }

  enter() {
    this.table.open(true);
    this.title.focus({ preventScroll: true });
  }

  comment() {
    this.table.open(true);
    const area = this.node.querySelector("textarea");
    if (area) area.focus({ preventScroll: true });
    else this.table.say("The case is not there yet; press c again.");
  }
}

/** Filters, search and order. */
class Filters {
  constructor(table) {
    this.table = table;
    this.selects = {};
    this.search = make("input", {
      type: "search", "aria-label": "Search cases (key /)", placeholder: "Search (/)", "data-name": "search", autocomplete: "off", spellcheck: "false",
      input: () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.table.changeView({ search: this.search.value }), SEARCH_PAUSE); },
      keydown: (event) => this.leaves(event),
    });
    this.node = make("div", { class: "filters", role: "search", "aria-label": "Which cases are shown" });
    this.count = make("p", { class: "count" });
  }

  draw(opened) {
    const kinds = Object.fromEntries(opened.kinds.map((each) => [each.kind, each.title]));
    const choices = (name) => (opened.facets[name] ?? []).map((value) => [value, value]);
    const plain = (values) => values.map((value) => [value, value]);
    refill(this.node, 
      this.search,
      this.select("kind", "Kind", choices("kind").map(([value, text]) => [value, kinds[value] ? `${text}: ${kinds[value]}` : text])),
      this.select("profile", "Profile", choices("profile").map(([value, text]) => [value, text || "(users)"])),
      this.select("risk", "Risk", choices("risk")), this.select("repair", "Repair", choices("repair")),
      this.select("state", "State", plain(STATES)), this.select("blocked", "Blocked", [[true, "blocked"], [false, "not blocked"]]),
      this.select("mine", "Mine", [["undecided", "not decided by me"], ["decided", "decided by me"]]),
      this.sorting(), make("button", { type: "button", text: "Show all", click: () => this.clear() }), this.count,
    );
  }

  select(name, title, choices) {
    const turned = (event) => {
      const place = event.target.selectedIndex;
      this.table.changeView({ [name]: place ? choices[place - 1][0] : null });
    };
    const options = [make("option", { text: "all" }), ...choices.map(([, text]) => make("option", { text: String(text) }))];
    const node = make("select", { "data-name": name, change: turned }, options);
    this.selects[name] = { node, choices };
    return make("label", {}, make("span", { text: title }), node);
  }

  sorting() {
    const { view } = this.table;
    const names = Object.keys(SORTS);
    const sort = make("select", { "data-name": "sort", change: (event) => this.table.changeView({ sort: names[event.target.selectedIndex] }) }, Object.values(SORTS).map((text) => make("option", { text })));
    sort.selectedIndex = names.indexOf(view.sort);
    const down = make("input", { type: "checkbox", "data-name": "descending", change: (event) => this.table.changeView({ descending: event.target.checked }) });
    down.checked = view.descending;
    const grouped = make("input", { type: "checkbox", "data-name": "grouped", change: (event) => this.table.changeView({ grouped: event.target.checked }) });
    grouped.checked = view.grouped;
    Object.assign(this, { sort, down, grouped });
    return [
      make("label", {}, make("span", { text: "Order" }), sort), make("label", { class: "choice" }, down, make("span", { text: "descending" })),
      make("label", { class: "choice" }, grouped, make("span", { text: "by kind and risk" })),
    ];
  }

  clear() {
    clearTimeout(this.timer);
    this.search.value = "";
    for (const { node } of Object.values(this.selects)) node.selectedIndex = 0;
    this.table.changeView({ ...NO_FILTER });
  }

  /** Filter by these, as if they had been chosen in their boxes. */
  choose(wanted) {
    for (const [name, value] of Object.entries(wanted)) {
      const { node, choices } = this.selects[name];
      node.selectedIndex = choices.findIndex(([each]) => each === value) + 1;
    }
    this.table.changeView(wanted);
  }

  /** Show the order that was chosen by a column's head. */
  follow(view) {
    this.sort.selectedIndex = Object.keys(SORTS).indexOf(view.sort);
    this.down.checked = view.descending;
  }

  leaves(event) {
    if (event.key !== "Enter" && event.key !== "ArrowDown") return;
    event.preventDefault();
    clearTimeout(this.timer);
    this.table.changeView({ search: this.search.value });
    this.table.list.node.focus({ preventScroll: true });
  }
}

/** A dialog keeps the focus within itself until it is closed, and gives it back then: the browser's own does all that. */
class Dialog {
  constructor(table, title) {
    this.table = table;
    this.id = `mendbook-dialog-${(counter += 1)}`;
    this.body = make("div", { class: "body" });
    this.close = make("button", { type: "button", text: "Close (Esc)", click: () => this.node.close() });
    this.node = make("dialog", { "aria-labelledby": this.id, close: () => this.ended() }, make("h2", { id: this.id, text: title }), this.body);
    table.node.append(this.node);
  }

  open() {
    this.before = document.activeElement;
    this.node.showModal();
  }

  ended() {
    this.node.remove();
    const back = this.before?.isConnected && this.before !== document.body ? this.before : this.table.list.node;
    back.focus({ preventScroll: true });
  }
}

class Help extends Dialog {
  constructor(table) {
    super(table, "Keys");
    const rows = KEYS.map(([keys, what]) => make("tr", {}, make("th", { scope: "row" }, make("kbd", { text: keys })), make("td", { text: what })));
    this.body.append(
      make("table", { class: "keys" }, make("tbody", {}, rows)),
      make("p", { text: "They work while the list or the details have the focus, and never while you type. A decision is saved when it is made; a later one takes its place. Nothing is applied by deciding: that takes your signature." }),
      make("div", { class: "buttons" }, this.close),
    );
  }
}

/** Decide on a whole group after its sample was looked at, case by case. */
class Sample extends Dialog {
  constructor(table, sample) {
    super(table, `Decide on ${many(sample.total, "case")} at once`);
    Object.assign(this, { sample, place: 0, looked: new Set(), verb: "approve" });
    const some = sample.cases.length === sample.total ? "all of them" : `${number(sample.cases.length)} of them, evenly spread`;
    this.where = make("p", { class: "where", "aria-live": "polite" });
    this.title = make("h3", { tabindex: "-1" });
    this.told = make("div", { class: "told", tabindex: "0", role: "region", "aria-label": "The case" });
    this.problem = make("p", { class: "problem", role: "alert" });
    this.back = make("button", { type: "button", text: "Previous", click: () => this.step(-1) });
    this.next = make("button", { type: "button", text: "Next", click: () => this.step(1) });
    this.go = make("button", { type: "button", class: "go", disabled: true, click: () => this.decide() });
    const comment = make("textarea", { rows: "2", input: (event) => (this.comment = event.target.value) });
    const verbs = VERBS.map((verb) => {
      const radio = make("input", { type: "radio", name: this.id, value: verb, change: () => { this.verb = verb; this.follow(); } });
      radio.checked = verb === this.verb;
      return make("label", { class: "choice" }, radio, make("span", { text: verb }));
    });
    this.comment = "";
    this.body.append(
      make("p", { text: `You have not decided on them, and they are not blocked. Look at ${some}; then you can decide on all ${number(sample.total)}.${sample.blocked ? ` ${many(sample.blocked, "blocked case")} ${sample.blocked === 1 ? "is" : "are"} passed over.` : ""}` }),
      this.where, make("div", { class: "buttons" }, this.back, this.next), this.title, this.told,
      make("fieldset", { class: "verbs" }, make("legend", { text: "All of them:" }), verbs),
      make("label", {}, make("span", { text: "Comment, for all of them" }), comment), this.problem, make("div", { class: "buttons" }, this.go, this.close),
    );
    this.follow();
  }

  open() {
    super.open();
    this.step(0);
  }

  async step(by) {
    const { cases } = this.sample;
    this.place = Math.min(Math.max(this.place + by, 0), cases.length - 1);
    const n = cases[this.place];
    this.where.textContent = `Case ${this.place + 1} of ${cases.length}`;
    this.back.disabled = this.place === 0;
    this.next.disabled = this.place === cases.length - 1;
    refill(this.told, "…");
    this.problem.textContent = "";
    try {
      const detail = await this.table.kernel.ask("case", { case: n, reveal: false });
      if (cases[this.place] !== n) return;
      refill(this.title, make("bdi", { text: detail.title }));
      refill(this.told, drawReasons(detail), drawCase(detail));
      this.told.scrollTop = 0;
      this.looked.add(n);
    } catch (error) {
      this.fails(error);
    }
    this.follow();
    if (document.activeElement === document.body || document.activeElement?.disabled) (this.next.disabled ? this.go : this.next).focus();
  }

  /** What the button says, and whether it may be pressed. */
  follow() {
    const left = this.sample.cases.length - this.looked.size;
    const word = `${this.verb[0].toUpperCase()}${this.verb.slice(1)}`;
    this.go.disabled = left > 0;
    this.go.textContent = left ? `${word} all ${number(this.sample.total)}: ${number(left)} more to look at` : `${word} all ${number(this.sample.total)}`;
  }

  async decide() {
    this.go.disabled = true;
    try {
      const content = { token: this.sample.token, decision: this.verb, comment: this.comment, seen: [...this.looked] };
      const answer = await this.table.kernel.ask("decide_all", content, (late) => this.table.settled(late));
      this.node.close();
      this.table.settled(answer, this.verb);
    } catch (error) {
      this.fails(error);
      this.follow();
    }
  }

  fails(error) {
    this.problem.textContent = `NOT saved: ${error.message} ${error.hint}`;
  }
}

/** How far the review is, and how it is signed. */
class Standing {
  constructor(table) {
    this.table = table;
    this.bar = make("progress", { max: "1", value: "0", "aria-label": "Cases that you have decided on" });
    this.told = make("span", { class: "told" });
    this.saved = make("span", { class: "saved", role: "status" });
    this.progress = make("div", { class: "how-far" }, this.bar, this.told, this.saved);
    this.signing = make("section", { class: "signing", "aria-label": "Signing" });
    // made once: what is focused or just being pressed must not be taken away by news of the review
    this.signingTold = make("div");
    this.command = make("code", { tabindex: "0", role: "textbox", "aria-readonly": "true", "aria-label": "The command that signs" });
    this.copied = make("span", { role: "status" });
    const copy = make("button", { type: "button", text: "Copy", "aria-label": "Copy the command that signs", click: () => this.copy() });
    this.commandRow = make("div", { class: "command" }, this.command, copy, this.copied);
  }

  draw({ progress, signing }) {
    if (progress) {
      this.bar.max = Math.max(progress.total, 1);
      this.bar.value = progress.decided;
      const parts = VERBS.map((verb) => `${number(progress[verb])} ${DONE[verb]}`).join(", ");
      const unsigned = progress.unsigned ? `${many(progress.unsigned, "decision")} not signed yet` : "";
      refill(this.told, make("strong", { text: `${number(progress.decided)} of ${number(progress.total)} decided` }), ` (${parts}) `, unsigned ? make("span", { class: "unsigned", text: unsigned }) : "");
    }
    if (signing) this.drawSigning(signing);
  }

  drawSigning(signing) {
    const signature = JSON.stringify(signing);
    if (this.drawn === signature) return;
    const state = SIGNING[signing.state] ?? signing.state;
    if (this.drawn) this.table.say(`Signing: ${state}. ${signing.why}`);
    this.drawn = signature;
    if (this.command.textContent !== signing.command) {
      this.command.textContent = signing.command;
      this.copied.textContent = "";
    }
    const who = (signing.signed ?? []).map((each) => make("li", {}, make("bdi", { text: [each.who, each.as, each.what, each.signed && readable(each.signed), each.signature].filter(Boolean).join(" · ") })));
    refill(this.signingTold,
      make("h3", {}, "Signing: ", make("span", { class: "state", text: state })), make("p", {}, make("bdi", { text: [signing.why, signing.hint].filter(Boolean).join(" ") })),
      ...(who.length ? [make("ul", { "aria-label": "Who has signed" }, who)] : []),
      make("p", { text: "Type this in a terminal. It signs the decisions that are saved; your key stays there and never enters this kernel. The signature is seen here by itself." }),
    );
    if (!this.commandRow.isConnected) this.signing.append(this.signingTold, this.commandRow);
  }

  async copy() {
    let done = false;
    try {
      await navigator.clipboard.writeText(this.command.textContent);
      done = true;
    } catch {
      const range = document.createRange();
      range.selectNodeContents(this.command);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      done = document.execCommand("copy");
    }
    // beside the button, where the next announcement does not take its place
    this.copied.textContent = done ? "The command is copied." : "The command is selected: copy it by Ctrl+C.";
  }

  /** Whether everything is on the disk. */
  follow(saving, failed) {
    const parts = [];
    if (failed) parts.push(`${many(failed, "decision")} NOT saved`);
    if (saving) parts.push(`saving ${many(saving, "decision")}…`);
    const text = parts.join(", ") || (this.told.textContent ? "all saved" : "");
    if (this.saved.textContent !== text) this.saved.textContent = text;
    this.saved.classList.toggle("failed", failed > 0);
  }
}

/** The whole of it: which case has the cursor, what is painted and not saved yet, what the keys do. */
class Table {
  constructor(model, el) {
    this.model = model;
    this.view = { ...NO_FILTER, sort: "plan", descending: false, grouped: true };
    this.cursor = -1;
    this.selected = new Set();
    this.painted = new Map(); // case: {decision, by} that the kernel has not confirmed
    this.failures = new Map(); // case: why its last decision was not saved
    this.opened = null;
    this.kernel = new Kernel(model, (message) => this.news(message));
    this.rows = new Rows(this.kernel, () => this.arrived(), (error) => this.troubled(error));
    this.list = new List(this);
    this.details = new Details(this);
    this.filters = new Filters(this);
    this.standing = new Standing(this);
    this.build();
    el.append(this.node);
    this.beat = () => this.probe();
    model.on("comm_live_update", this.beat);
    this.start();
  }

  build() {
    this.heading = make("h2", { text: "Review" });
    this.facts = make("p", { class: "facts" });
    this.polite = make("div", { class: "heard", role: "status", "aria-live": "polite" });
    this.alarm = make("div", { class: "alarm", role: "alert", hidden: true });
    this.together = make("button", { type: "button", disabled: true, click: () => this.sample() });
    this.toggleDetails = make("button", { type: "button", "aria-expanded": "true", click: () => this.open(!this.isOpen), text: "Hide details" });
    const help = make("button", { type: "button", text: "Keys (?)", click: () => this.help() });
    this.panes = make("div", { class: "panes" }, this.list.node, this.details.node, this.alarm);
    this.isOpen = true;
    this.node = make(
      "section",
      { class: "mendbook-review", "aria-label": "Review table", "data-lm-suppress-shortcuts": "true", keydown: (event) => this.pressed(event) },
      make("header", {}, make("div", { class: "title" }, this.heading, help), this.facts),
      this.filters.node,
      make("div", { class: "bar" }, this.together, make("button", { type: "button", text: "Next undecided (u)", click: () => this.nextUndecided() }), this.toggleDetails, this.list.hint),
      this.standing.progress, this.panes, this.standing.signing, this.polite,
    );
  }

  close() {
    clearTimeout(this.details.timer);
    clearTimeout(this.filters.timer);
    this.model.off("comm_live_update", this.beat);
    this.list.close();
    this.kernel.close();
    this.node.remove();
  }

  async start() {
    try {
      // All that the first picture needs is asked for at once.
      const [opened, viewed] = await Promise.all([this.kernel.ask("open"), this.kernel.ask("view", { view: this.view })]);
      this.opened = opened;
      const act = opened.act === "apply" ? "" : ` (${opened.act})`;
      this.heading.textContent = `Review of ${opened.source}${act}`;
      refill(this.facts, 
        "Plan ", make("code", { text: opened.plan }), ", by ", make("bdi", { text: opened.author }), ", until ", make("time", { datetime: opened.expires, text: readable(opened.expires) }), ". You review as ", make("bdi", { text: opened.reviewer || "nobody" }), ".",
        opened.reveal ? " Personal data is shown as it is." : " Personal data is masked.",
      );
      this.filters.draw(opened);
      this.standing.draw(opened);
      this.kept();
      this.seen(viewed, this.view);
      if (opened.barred) this.warn(opened.barred.message, opened.barred.hint);
    } catch (error) {
      this.troubled(error);
    }
  }

  title(kind) {
    return this.opened?.kinds.find((each) => each.kind === kind)?.title ?? "";
  }

  // What is shown

  /** What holds of a row for who looks: the decision painted last, else the one that is saved. */
  shown(row) {
    const painted = this.painted.get(row.n);
    return { decision: painted ? painted.decision : row.decision, saving: Boolean(painted), failed: this.failures.get(row.n) ?? null };
  }

  seen(viewed, view) {
    this.rows.reset(view, viewed.total, viewed.groups);
    this.cursor = viewed.total ? 0 : -1;
    this.list.node.scrollTop = 0;
    this.counted();
    this.list.draw();
    if (!viewed.total) this.details.show(null);
  }

  counted() {
    const { total } = this.rows;
    const whole = this.opened?.total ?? total;
    this.filters.count.textContent = total === whole ? `All ${many(total, "case")}` : `${number(total)} of ${many(whole, "case")} shown`;
    this.together.textContent = `Decide on all ${number(total)} shown…`;
    this.together.disabled = total === 0;
  }

  arrived() {
    this.list.draw();
    const row = this.rows.at(this.cursor);
    if (row && this.isOpen && this.selected.size < 2 && (this.details.current !== row.n || !this.details.known.has(row.n))) this.details.show(row);
  }

  draw() {
    this.list.draw();
    const row = this.rows.at(this.cursor);
    if (this.isOpen) this.details.show(row);
  }

  changeView(change) {
    const view = { ...this.view, ...change };
    if (JSON.stringify(view) === JSON.stringify(this.view)) return;
    this.view = view;
    const dropped = this.selected.size;
    this.selected.clear(); // what one no longer sees is not decided on by mistake
    this.kernel.ask("view", { view }).then(
      (viewed) => {
        if (this.view !== view) return;
        this.seen(viewed, view);
        this.say(`${this.filters.count.textContent}.${dropped ? " Nothing is selected now." : ""}`);
      },
      (error) => this.troubled(error),
    );
  }

  sortBy(sort) {
    this.changeView({ sort, descending: this.view.sort === sort && !this.view.descending });
    this.filters.follow(this.view);
  }

  open(wanted) {
    if (this.isOpen !== wanted) {
      this.isOpen = wanted;
      this.panes.classList.toggle("alone", !wanted);
      this.toggleDetails.setAttribute("aria-expanded", String(wanted));
      this.toggleDetails.textContent = wanted ? "Hide details" : "Show details";
    }
    this.draw();
  }

  say(text) {
    this.polite.textContent = "";
    this.polite.textContent = text;
  }

  warn(message, hint = "") {
    const away = () => { this.alarm.hidden = true; this.list.node.focus({ preventScroll: true }); };
    const again = this.kernel.silent ? make("button", { type: "button", text: "Ask the kernel again", click: () => this.probe() }) : null;
    this.alarm.hidden = false;
    refill(this.alarm, make("p", {}, make("strong", {}, make("bdi", { text: message })), " ", make("bdi", { text: hint })), ...[again, make("button", { type: "button", text: "Close", click: away })].filter(Boolean));
  }

  troubled(error) {
    this.warn(error.message, error.hint);
  }

  /** Find out whether the kernel is still there. */
  probe() {
    if (!this.opened) return this.start();
    return this.kernel.ask("open").then((opened) => this.standing.draw(opened), (error) => this.troubled(error));
  }

  // Moving

  get row() {
    return this.rows.at(this.cursor);
  }

  moveTo(index, follow = true) {
    if (!this.rows.total) return;
    this.seeking = null;
    this.cursor = Math.min(Math.max(index, 0), this.rows.total - 1);
    if (follow) this.list.reveal(this.cursor);
    this.rows.want(this.cursor - BLOCK / 2, this.cursor + BLOCK);
    this.draw();
  }

  isOpenCase(row) {
    return !this.shown(row).decision && !this.failures.has(row.n);
  }

  /** The cursor on the next case that this reviewer has not decided on; after the last one it goes on from the first. */
  nextUndecided(said = "") {
    const start = this.cursor;
    const { total } = this.rows;
    for (let step = 1; step <= total; step += 1) {
      const index = (start + step) % total;
      const row = this.rows.at(index);
      if (!row) return this.seek(start, said);
      if (this.isOpenCase(row)) return this.arriveAt(index, said);
    }
    this.say(`${said} Every case that is shown is decided on.`.trim());
    this.draw();
    return undefined;
  }

  arriveAt(index, said) {
    this.moveTo(index);
    if (said) this.say(`${said} Next: ${this.row?.case ?? ""}`);
  }

  /** As above where the kernel must be asked; keys that decide wait for it. */
  async seek(start, said) {
    const mine = (this.seeking = {});
    this.list.draw();
    try {
      const { view, total } = this.rows;
      let from = start + 1;
      for (let turn = 0; turn < 100 && this.seeking === mine; turn += 1) {
        const answer = await this.kernel.ask("next", { view, from });
        if (this.seeking !== mine) return;
        if (answer.at === null || answer.at === undefined) break;
        await this.rows.fetch(Math.floor(answer.at / BLOCK));
        if (this.seeking !== mine) return;
        const row = this.rows.at(answer.at);
        if (row && this.isOpenCase(row)) return this.arriveAt(answer.at, said);
        from = (answer.at + 1) % total;
      }
      this.say(`${said} Every case that is shown is decided on.`.trim());
    } catch (error) {
      this.troubled(error);
    } finally {
      if (this.seeking === mine) this.seeking = null;
    }
  }

  toggle() {
    const { row } = this;
    if (!row) return;
    if (!this.selected.delete(row.n)) this.selected.add(row.n);
    this.anchor = this.cursor;
    this.say(`${this.selected.has(row.n) ? "Selected" : "Not selected"}: ${row.case}. ${number(this.selected.size)} selected.`);
    this.draw();
  }

  extend(by) {
    if (this.row) this.selected.add(this.row.n);
    this.moveTo(this.cursor + by);
    if (this.row) this.selected.add(this.row.n);
    this.say(`${number(this.selected.size)} selected.`);
    this.draw();
  }

  async selectThrough(index) {
    const start = this.anchor ?? this.cursor;
    const [from, to] = [Math.min(start, index), Math.max(start, index)];
    if (to - from >= MOST_SELECTED) {
      this.warn(`At most ${number(MOST_SELECTED)} cases are selected by hand.`, "Filter them, and decide on all that are shown.");
      return;
    }
    try {
      for (let block = Math.floor(from / BLOCK); block * BLOCK <= to; block += 1) await this.rows.fetch(block);
    } catch (error) {
      this.troubled(error);
      return;
    }
    for (let each = from; each <= to; each += 1) if (this.rows.at(each)) this.selected.add(this.rows.at(each).n);
    this.moveTo(index, false);
    this.say(`${number(this.selected.size)} selected.`);
  }

  selectNothing() {
    this.selected.clear();
    this.say("Nothing is selected.");
    this.draw();
    this.list.node.focus({ preventScroll: true });
  }

  // Deciding

  async decide(decision) {
    if (this.seeking) {
      this.say("Looking for the next undecided case; nothing was decided.");
      return;
    }
    const cases = this.selected.size ? [...this.selected] : this.row ? [this.row.n] : [];
    if (!cases.length) {
      this.say("There is no case to decide on.");
      return;
    }
    const together = cases.length > 1;
    const why = this.hindrance(decision, cases);
    if (why) {
      this.warn(...why);
      if (!together) this.open(true);
      return;
    }
    const by = {};
    for (const n of cases) {
      this.painted.set(n, { decision, by });
      this.failures.delete(n);
    }
    const said = together ? `${many(cases.length, "case")} ${DONE[decision]}.` : `${this.rows.named(cases[0])?.case ?? "The case"} ${DONE[decision]}.`;
    const comment = this.details.together?.comment ?? "";
    this.selected.clear();
    if (together) this.details.together = null;
    this.alarm.hidden = true;
    this.kept();
    this.nextUndecided(said);
    await this.save(by, cases, decision, together ? { comment } : null, said);
  }

  /** Why these cases cannot be decided on like that, as far as it can be told without the kernel. */
  hindrance(decision, cases) {
    if (this.kernel.replaced) return [`NOT saved: ${REPLACED[0]}`, REPLACED[1]];
    if (this.kernel.silent) return ["NOT saved: the kernel does not answer.", NO_ANSWER];
    if (this.opened?.barred) return [`NOT saved: ${this.opened.barred.message}`, this.opened.barred.hint];
    if (decision !== "approve") return null;
    const blocked = cases.filter((n) => this.missing(n, cases.length > 1).length);
    if (!blocked.length) return null;
    if (cases.length > 1) {
      return [`NOT saved: ${number(blocked.length)} of the ${number(cases.length)} selected cases ${blocked.length === 1 ? "is" : "are"} blocked.`, "Approve each of those alone, and waive its blockers by name in its details."];
    }
    return [`NOT saved: the case is blocked by ${this.missing(blocked[0]).join(", ")}.`, "Waive each of its blockers by name in the details, then approve it."];
  }

  /** The blockers of a case that are not waived. */
  missing(n, together = false) {
    const blockers = this.rows.named(n)?.blockers ?? [];
    const waived = together ? null : this.details.drafts.get(n)?.waive;
    return blockers.filter((name) => !waived?.has(name));
  }

  async save(by, cases, decision, given, said) {
    try {
      const details = given ?? (await this.saying(cases[0], decision));
      const content = { cases, decision, comment: "", waive: [], accept: [], decline: [], ...details };
      const late = (message) => this.lately(message, said);
      const answer = await this.kernel.ask("decide", content, late);
      this.unpaint(by, cases);
      cases.forEach((n) => this.details.drafts.delete(n));
      const rows = cases.map((n) => this.rows.named(n)).filter(Boolean);
      rows.forEach((row) => (row.comment = Boolean(content.comment)));
      this.settled(answer);
    } catch (error) {
      const mine = this.unpaint(by, cases);
      mine.forEach((n) => this.failures.set(n, error.message));
      this.warn(`NOT saved: ${said} ${error.message}`, error.hint);
      this.kept();
      this.draw();
    }
  }

  /** What was said in the details, as the kernel takes it. What stood there before stays, though nobody looked at it. */
  async saying(n, decision) {
    let draft = this.details.drafts.get(n);
    let detail = this.details.known.get(n);
    const row = this.rows.named(n);
    if (!draft && row && (row.comment || row.decision)) {
      detail = detail ?? (await this.details.load(n));
      draft = this.details.draft(n, detail);
    }
    if (!draft) return {};
    if (decision !== "approve") return { comment: draft.comment };
    const options = detail?.options ?? [];
    const turned = (taken) => options.filter((option) => option.taken === taken && draft.chosen.get(option.name) === !taken).map((option) => option.name);
    return { comment: draft.comment, waive: [...draft.waive], accept: turned(false), decline: turned(true) };
  }

  /** Take a paint away, where no later one has taken its place. The cases that it was taken from. */
  unpaint(by, cases) {
    const mine = cases.filter((n) => this.painted.get(n)?.by === by);
    mine.forEach((n) => this.painted.delete(n));
    return mine;
  }

  /** The kernel says that decisions are on the disk. */
  settled(answer, verb = "") {
    if (answer.cases) this.take(answer.cases);
    else this.refresh();
    this.standing.draw(answer);
    this.kept();
    this.list.draw();
    if (verb) {
      const passed = answer.passed_over ? ` ${many(answer.passed_over.length ?? answer.passed_over, "blocked case")} passed over.` : "";
      this.say(`${many(answer.count, "case")} ${DONE[verb]}.${passed}`);
      this.alarm.hidden = true;
    }
  }

  /** An answer to what was already called not saved. */
  lately(message, said) {
    if (message.type !== "decided") return;
    Object.keys(message.cases ?? {}).forEach((n) => this.failures.delete(Number(n)));
    this.settled(message);
    this.warn(`Saved after all: ${said}`);
  }

  take(states) {
    for (const [name, state] of Object.entries(states)) {
      const n = Number(name);
      this.details.forget([n]);
      const row = this.rows.named(n);
      if (!row) continue;
      const group = this.rows.groupOf(this.indexOf(n));
      if (group) group.decided += Number(Boolean(state.decision)) - Number(Boolean(row.decision));
      Object.assign(row, state);
    }
    const { row } = this;
    if (row && row.n in states && this.isOpen) this.details.show(row);
  }

  indexOf(n) {
    for (const [block, rows] of this.rows.blocks) {
      const place = rows.findIndex((row) => row.n === n);
      if (place >= 0) return block * BLOCK + place;
    }
    return -1;
  }

  /** Ask for everything again that is shown, and stay where one is. */
  refresh() {
    const { view } = this;
    this.details.forget();
    this.kernel.ask("view", { view }).then(
      (viewed) => {
        if (this.view !== view) return;
        const top = this.list.node.scrollTop;
        this.rows.reset(view, viewed.total, viewed.groups);
        this.cursor = Math.min(this.cursor, viewed.total - 1);
        this.counted();
        this.list.draw();
        this.list.node.scrollTop = top;
        if (!viewed.total) this.details.show(null);
      },
      (error) => this.troubled(error),
    );
  }

  news(message) {
    if (message.type === "awake") {
      this.alarm.hidden = true;
      return;
    }
    if (message.type === "closed") {
      this.kernel.replaced = true;
      this.warn(...REPLACED);
      return;
    }
    if (message.type === "trouble") this.warn(message.message, message.hint);
    else if (message.type === "changed" || message.type === "decided") this.settled(message);
  }

  kept() {
    this.standing.follow(this.painted.size, this.failures.size);
  }

  async reveal(row = this.row) {
    if (!row || this.selected.size > 1) return;
    this.open(true);
    const revealed = !this.details.known.get(row.n)?.revealed;
    try {
      this.details.current = row.n;
      clearTimeout(this.details.timer);
      await this.details.load(row.n, revealed);
      this.say(revealed ? "Shown as it is. That you looked is recorded." : "Masked again.");
    } catch (error) {
      this.troubled(error);
    }
  }

  /** Whether all that is shown is of one kind and risk: a sample of many sorts would say little of each. */
  isOneGroup() {
    const { view, groups } = this.rows;
    if (groups.length) return groups.length === 1;
    const fits = (each) => ["kind", "risk", "repair"].every((name) => view[name] === null || view[name] === each[name]);
    return new Set(this.opened.kinds.filter(fits).map((each) => JSON.stringify([each.kind, each.risk]))).size === 1;
  }

  async sample() {
    if (!this.isOneGroup()) {
      this.warn("Cases of several kinds or risks are shown.", "Click the heading of a group, or filter by kind and risk: many are decided on together only where they are alike.");
      return;
    }
    try {
      const sample = await this.kernel.ask("sample", { view: this.view, count: SAMPLE });
      if (sample.total) new Sample(this, sample).open();
      else this.say("None of the cases shown is undecided and not blocked.");
      if (!sample.total) this.warn("None of the cases shown is undecided and not blocked.", "Blocked cases are approved one by one.");
    } catch (error) {
      this.troubled(error);
    }
  }

  help() {
    new Help(this).open();
  }

  // Keys

  pressed(event) {
    event.stopPropagation(); // they are not JupyterLab's
    const { target, key } = event;
    if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "s") event.preventDefault(); // nor do they save the page
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.closest("dialog")) return;
    const typing = target.matches("textarea, select, [contenteditable], input:not([type=checkbox]):not([type=radio])");
    if (key === "Escape") {
      event.preventDefault();
      if (target === this.list.node && this.selected.size) this.selectNothing();
      else this.list.node.focus({ preventScroll: true });
      return;
    }
    if (typing) return;
    const control = target !== this.list.node && target.matches("button, input, summary, a");
    if (control && (key === "Enter" || key === " ")) return;
    const reads = target.closest(".details, .signing") && /^(Arrow|Page|Home|End)/.test(key);
    if (reads) return; // they scroll what one reads
    const action = this.action(key, event.shiftKey);
    if (!action) return;
    event.preventDefault();
    if (!event.repeat || !VERBS.some((verb) => verb[0] === key)) action();
  }

  action(key, shift) {
    const by = (step) => () => (shift ? this.extend(step) : this.moveTo(this.cursor + step));
    const actions = {
      a: () => this.decide("approve"), r: () => this.decide("reject"), d: () => this.decide("defer"),
      j: () => this.moveTo(this.cursor + 1), k: () => this.moveTo(this.cursor - 1), J: () => this.extend(1), K: () => this.extend(-1),
      ArrowDown: by(1), ArrowUp: by(-1), PageDown: () => this.moveTo(this.cursor + this.list.page), PageUp: () => this.moveTo(this.cursor - this.list.page),
      g: () => this.moveTo(0), Home: () => this.moveTo(0), G: () => this.moveTo(this.rows.total - 1), End: () => this.moveTo(this.rows.total - 1),
      x: () => this.toggle(), " ": () => this.toggle(), u: () => this.nextUndecided(), v: () => this.reveal(), c: () => this.details.comment(),
      Enter: () => this.details.enter(), o: () => this.details.enter(), "/": () => this.filters.search.focus({ preventScroll: true }), "?": () => this.help(),
    };
    return Object.hasOwn(actions, key) ? actions[key] : null;
  }
}

/** A time as people read it, in their own zone. */
function readable(text) {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? String(text ?? "") : at.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

export default {
  render({ model, el }) {
    const table = new Table(model, el);
    return () => table.close();
  },
};
