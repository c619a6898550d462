// Draws the deck of the page, shows the row of the table as a card where the pointer is, and leads from either to the other.
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const element = (id) => document.getElementById(id);
  const json = read("deck");
  if (json === null) return;
  const data = read("deck-data");
  const view = read("deck-view");
  const container = element("deck-container");
  const rows = element("rows").tBodies[0].rows;
  const heads = element("rows").tHead.rows[0].cells;
  const card = element("card");
  const start = json.initialViewState;
  const EARTH_M = 40075016.686;
  const metresPerPixel = (zoom) => (EARTH_M * Math.cos((view.lat * Math.PI) / 180)) / (512 * 2 ** zoom);
  let chosen = -1;
  let now = start;

  const fitted = () => {
    const pitch = (view.pitch * Math.PI) / 180;
    const up = Math.max(view.heightM * Math.cos(pitch) + view.topM * Math.sin(pitch), 1);
    const metres = Math.max(view.widthM / Math.max(container.clientWidth - 70, 50), up / Math.max(container.clientHeight - (view.pitch ? 150 : 130), 50));
    return { ...start, zoom: Math.min(Math.log2(metresPerPixel(0) / metres), start.maxZoom) };
  };

  const furniture = (state) => {
    now = state;
    element("compass").querySelector("svg").style.transform = `rotate(${-(state.bearing ?? 0)}deg)`;
    const metre = metresPerPixel(state.zoom);
    const length = [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5].map((p) => n * 10 ** p)).sort((a, b) => a - b).filter((m) => m / metre <= 130).at(-1) ?? 1;
    element("scale").querySelector("i").style.width = `${length / metre}px`;
    element("scale").querySelector("span").textContent = length >= 1000 ? `${length / 1000} km` : `${length} m`;
  };

  const show = (row, x, y) => {
    if (row < 0) {
      card.hidden = true;
      return;
    }
    const title = document.createElement("h3");
    title.textContent = rows[row].cells[0].innerText;
    const list = document.createElement("dl");
    for (let at = 1; at < heads.length; at++) {
      const text = rows[row].cells[at].innerText.trim();
      if (text === "") continue;
      list.append(Object.assign(document.createElement("dt"), { textContent: heads[at].innerText }));
      list.append(Object.assign(document.createElement("dd"), { textContent: text }));
    }
    card.replaceChildren(title, list);
    card.hidden = false;
    card.style.left = `${Math.max(8, Math.min(x + 16, container.clientWidth - card.offsetWidth - 8))}px`;
    card.style.top = `${Math.max(8, Math.min(y + 16, container.clientHeight - card.offsetHeight - 8))}px`;
  };

  const rowOf = (info) => info?.object?.row ?? -1;

  const choose = (row) => {
    rows[chosen]?.classList.remove("chosen");
    chosen = row;
    rows[row]?.classList.add("chosen");
    deck.setProps({ layers: deck.props.layers.map((layer) => (layer.props.pickable ? layer.clone({ highlightedObjectIndex: partOf(layer, row) }) : layer)) });
  };

  const partOf = (layer, row) => (row < 0 ? null : data[layer.id].findIndex((part) => part.row === row));

  const webgl = document.createElement("canvas").getContext("webgl2");
  if (webgl === null) {
    document.querySelector(".no-picture").hidden = false;
    return;
  }
  webgl.getExtension("WEBGL_lose_context")?.loseContext();

  // Labels of a fixed size would lie on one another; of two that do the first stays. Anew at each look, for nearer more find room.
  const fixed = (data.labels ?? []).filter((label) => label.lift > 0);
  let legible = fixed.length > 0 ? null : "";
  const boxOf = (viewport, { position, text, size, lift }) => {
    const lines = text.split("\n");
    const width = Math.max(...lines.map((line) => [...line].reduce((sum, letter) => sum + (letter.codePointAt(0) < 0x2e80 ? 0.6 : 1), 0))) * size + 14;
    const [x, y] = viewport.project(position);
    return { left: x - width / 2, right: x + width / 2, top: y - lift - 4 - lines.length * 1.2 * size, bottom: y - lift + 2 };
  };
  const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const thin = () => {
    const viewport = deck.getViewports()[0];
    if (fixed.length === 0 || viewport === undefined) return;
    const boxes = [];
    const kept = fixed.filter((label) => {
      const box = boxOf(viewport, label);
      return !boxes.some((other) => overlap(box, other)) && boxes.push(box);
    });
    const key = kept.map(({ text }) => text).join("\u0000");
    if (key === legible) return;
    legible = key;
    deck.setProps({ layers: deck.props.layers.map((layer) => (layer.id === "labels" ? layer.clone({ data: kept }) : layer)) });
  };

  const deck = createDeck({ container, jsonInput: { ...json, initialViewState: fitted() }, tooltip: false });
  let drawn = 0;
  deck.setProps({
    layers: deck.props.layers.map((layer) => layer.clone({ data: data[layer.id] })),
    getCursor: ({ isDragging, isHovering }) => (isDragging ? "grabbing" : isHovering ? "pointer" : "grab"),
    onHover: (info) => show(rowOf(info), info.x, info.y),
    onViewStateChange: ({ viewState }) => furniture(viewState),
    onAfterRender: () => {
      drawn++;
      setTimeout(thin);
    },
  });
  furniture(fitted());

  // The browser's own click: deck.gl takes a slow press on a slow machine for none.
  let pressed = [0, 0];
  const pick = (x, y) => rowOf(deck.pickObject({ x, y, radius: 0 }));
  container.addEventListener("pointerdown", (event) => (pressed = [event.clientX, event.clientY]));
  container.addEventListener("click", (event) => {
    if (Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) > 4) return;
    const frame = container.getBoundingClientRect();
    choose(pick(event.clientX - frame.left, event.clientY - frame.top));
    if (chosen >= 0) rows[chosen].scrollIntoView({ block: "nearest" });
  });

  element("rows").addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr");
    if (row !== null) choose(row.sectionRowIndex);
  });
  document.querySelector("[data-action=reset]").addEventListener("click", () => {
    choose(-1);
    deck.setProps({ initialViewState: fitted() });
    furniture(fitted());
  });
  addEventListener("resize", () => furniture(now));

  // A canvas prints as nothing: an image of it stands in its place.
  const copy = Object.assign(document.createElement("img"), { className: "print-copy", alt: "" });
  container.after(copy);
  addEventListener("beforeprint", () => {
    deck.redraw("print");
    copy.src = deck.getCanvas().toDataURL("image/png");
  });

  window.twinDeck = {
    ready: () => drawn > 1 && legible !== null && deck.props.layers.every((layer) => data[layer.id].length === 0 || layer.isLoaded),
    project: (lon, lat, height = 0) => deck.getViewports()[0].project([lon, lat, height]),
    pick,
    labels: () => deck.props.layers.find(({ id }) => id === "labels").props.data.map((label) => ({ text: label.text, ...boxOf(deck.getViewports()[0], label) })),
    view: () => deck.getViewports()[0],
  };
})();
