"use strict";
(() => {
  // Details of a case that the page holds as text: already escaped when the report was made.
  const unfold = (details) => {
    const held = details.querySelector(':scope > script[type="text/plain"]');
    if (!held) return;
    held.insertAdjacentHTML("afterend", held.textContent);
    held.remove();
  };
  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details.case") && event.target.open) unfold(event.target);
  }, true);

  const openTarget = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (target && target.matches("details.case")) {
      target.hidden = false;
      const group = target.closest(".group");
      if (group) group.hidden = false;
      target.open = true;
      target.scrollIntoView();
    }
  };

  const filters = [...document.querySelectorAll("form.filter")].map((form) => {
    const ofCases = form.dataset.filter === "cases";
    const items = [...document.querySelectorAll(ofCases ? "details.case" : "#requirements tbody tr")];
    const texts = items.map((item) =>
      (ofCases ? item.querySelector("summary") : item).textContent.toLowerCase());
    const output = form.querySelector("output");
    const apply = () => {
      const { q, ...wanted } = Object.fromEntries(new FormData(form));
      const words = q.toLowerCase().split(/\s+/).filter(Boolean);
      const pairs = Object.entries(wanted).filter(([, value]) => value);
      let shown = 0;
      items.forEach((item, index) => {
        const fits = pairs.every(([name, value]) => item.dataset[name] === value)
          && words.every((word) => texts[index].includes(word));
        item.hidden = !fits;
        if (fits) shown += 1;
      });
      if (ofCases) {
        for (const group of document.querySelectorAll(".group")) {
          group.hidden = !group.querySelector("details.case:not([hidden])");
        }
      }
      output.textContent = `${shown} of ${items.length} shown`;
    };
    form.hidden = false;
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    return { form, apply };
  });

  // "#filter?requirements.standing=failed&cases.q=clock" sets the filters, so a view can be linked.
  const followHash = () => {
    if (!location.hash.startsWith("#filter?")) return openTarget();
    const wanted = new URLSearchParams(location.hash.slice("#filter?".length));
    for (const { form } of filters) {
      for (const field of form.querySelectorAll("input, select")) {
        field.value = wanted.get(`${form.dataset.filter}.${field.name}`) ?? "";
      }
    }
    filters.forEach(({ apply }) => apply());
  };
  filters.forEach(({ apply }) => apply());
  followHash();
  addEventListener("hashchange", followHash);
})();
