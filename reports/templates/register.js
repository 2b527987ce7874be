"use strict";
(() => {
  const held = (id) => JSON.parse(document.getElementById(id).textContent);
  const form = document.querySelector("form.filter");
  const body = document.querySelector("table.found tbody");
  if (!form || !body) return;
  const data = held("certificates"), badges = held("badges");
  const output = form.querySelector("output");
  const more = document.querySelector("button.more"), none = document.querySelector("p.none");
  const PAGE = 100;
  let fitting = data.rows, shown = 0;

  const nameOf = (row) => "SMIP-" + String(row[0]).padStart(6, "0");
  const pageOf = (row) =>
    "certificates/" + String(Math.floor(row[0] / 1000)).padStart(4, "0") + "/" + nameOf(row) + ".html";
  const texts = data.rows.map((row) => [nameOf(row), data.types[row[1]], data.makers[row[2]],
    data.models[row[3]], data.hardware[row[4]], row[5]].join(" ").toLowerCase());
  const types = data.types.map((word) => word.split(" ")[0]);

  const element = (name, text, properties = {}) => {
    const made = Object.assign(document.createElement(name), properties);
    if (text) made.textContent = text;
    return made;
  };
  const cell = (label, ...parts) => {
    const made = element("td");
    made.dataset.label = label;
    made.append(...parts);
    return made;
  };
  const badge = (status) => {
    const [tone, sign] = badges[status];
    const made = element("span", "", { className: "badge " + tone });
    const mark = element("span", sign);
    mark.setAttribute("aria-hidden", "true");
    made.append(mark, " " + status);
    return made;
  };
  const line = (row) => {
    const head = element("th", "", { scope: "row" });
    head.append(element("a", nameOf(row), { href: pageOf(row) }));
    const made = element("tr");
    made.append(head, cell("Maker", data.makers[row[2]]),
      cell("Model", data.models[row[3]] + " ", element("small", data.types[row[1]])),
      cell("Hardware", data.hardware[row[4]]), cell("Firmware", element("code", row[5])),
      cell("Status", badge(data.statuses[row[6]]), ...(row[8] ? [" ", element("small", "partial")] : [])),
      cell("Granted", element("time", row[7], { dateTime: row[7] })));
    return made;
  };

  const show = () => {
    const next = fitting.slice(shown, shown + PAGE);
    body.append(...next.map(line));
    shown += next.length;
    more.hidden = shown >= fitting.length;
    none.hidden = fitting.length > 0;
    output.textContent = `${shown} of ${fitting.length} found are shown, of ${data.rows.length}`;
  };
  const apply = () => {
    const { q, status, device } = Object.fromEntries(new FormData(form));
    const words = q.toLowerCase().split(/\s+/).filter(Boolean);
    fitting = data.rows.filter((row, index) =>
      (!status || data.statuses[row[6]] === status) && (!device || types[row[1]] === device)
      && words.every((word) => texts[index].includes(word)));
    shown = 0;
    body.replaceChildren();
    show();
  };
  // "#q=northgate&status=granted" sets the search, so a view can be linked.
  const followHash = () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    for (const field of form.querySelectorAll("input, select")) {
      field.value = wanted.get(field.name) ?? "";
    }
    apply();
  };
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => {
    const first = shown;
    show();
    body.children[first]?.querySelector("a").focus();
  });
  addEventListener("hashchange", followHash);
  followHash();
})();
