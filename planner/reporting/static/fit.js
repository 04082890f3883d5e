// A chart as wide as its place, its names on as many lines as there is room for: of reports and of the workbench.
"use strict";
const fitted = (() => {
  const NARROW = 560;
  const AXIS_ROOM = 62;
  const LEAST_PANEL = 170;

  // On a phone the title of an axis stands on several lines.
  const LETTERS = 32;
  const lines = (text) => text.split(" ").reduce((found, word) => {
    const last = found.length - 1;
    if (last >= 0 && `${found[last]} ${word}`.length <= LETTERS) found[last] = `${found[last]} ${word}`;
    else found.push(word);
    return found;
  }, []);
  const wrapTitles = (spec) => {
    for (const [key, inner] of Object.entries(spec)) {
      if (!inner || typeof inner !== "object") continue;
      for (const place of key === "x" ? [inner, inner.axis || {}] : []) {
        if (typeof place.title === "string" && place.title.length > LETTERS) place.title = lines(place.title);
      }
      wrapTitles(inner);
    }
  };

  // Labels of rows and of upright columns stand on as many lines as there is room for; no name is cut.
  const LINE = 13;
  const LETTER = 6.5;
  const HEADING_LETTER = 7.2;
  const WORD = 8;
  const ROW_LETTERS = { narrow: 25, wide: 37 };
  const ROW_LABELS = { narrow: 156, wide: 240 };
  const broken = (text, letters) =>
    text.replace(new RegExp(`(.{1,${letters}})( |$)`, "g"), "$1\n").trim().split("\n");
  const axesOf = (spec, channel, found = []) => {
    for (const [key, inner] of Object.entries(spec)) {
      if (!inner || typeof inner !== "object") continue;
      if (key === channel && inner.axis && inner.axis.labelExpr && inner.sort) found.push(inner);
      axesOf(inner, channel, found);
    }
    return found;
  };
  const brokenAt = (told, letters) => told.replaceAll(/\{1,\d+\}/g, `{1,${letters}}`);
  const breakAt = (axis, letters) => {
    const told = brokenAt(JSON.stringify([axis.labelExpr, axis.labelOffset]), letters);
    [axis.labelExpr, axis.labelOffset] = JSON.parse(told);
  };
  const breakNames = (spec, room, size) => {
    for (const { axis, sort } of axesOf(spec, "y")) {
      const letters = ROW_LETTERS[size];
      breakAt(axis, letters);
      const most = Math.max(...sort.map((name) => broken(name, letters).length));
      if (spec.height) spec.height = Math.max(spec.height, sort.length * (most * LINE + 3));
    }
    for (const { axis, sort } of axesOf(spec, "x")) {
      const column = (room - ROW_LABELS[size]) / sort.length;
      const longest = Math.max(...sort.map((name) => name.length));
      if (axis.labelAngle === 0 && longest * LETTER < column) continue;
      axis.labelAngle = -90;
      breakAt(axis, Math.ceil(longest / Math.max(1, Math.floor(column / LINE))) + WORD);
    }
  };

  // On a phone the names of plans that do not differ ("Least risk = recommended") stand below one another.
  const breakPlans = (spec) => {
    for (const layer of spec.layer || []) {
      const { mark, encoding } = layer;
      if (mark && mark.type === "text" && encoding.text.field === "name") {
        mark.lineBreak = " = ";
        mark.baseline = mark.dy < 0 ? "bottom" : "top";
      }
    }
  };
  const BUTTON = 40;
  const SYMBOL = 26;
  const namesOfKinds = (spec, found = []) => {
    for (const [key, inner] of Object.entries(spec)) {
      if (!inner || typeof inner !== "object") continue;
      const domain = key === "color" && inner.scale && inner.scale.domain;
      if (domain) found.push(...domain.filter((kind) => typeof kind === "string"));
      namesOfKinds(inner, found);
    }
    return found;
  };

  // How wide a chart may be is known only here.
  return (spec, room) => {
    const narrow = room < NARROW;
    const size = narrow ? "narrow" : "wide";
    spec.config.axisY = { ...spec.config.axisY, labelLimit: ROW_LABELS[size] };
    breakNames(spec, room, size);
    const kinds = Math.max(0, ...namesOfKinds(spec).map((kind) => kind.length));
    const beside = room - BUTTON - (axesOf(spec, "y").length ? ROW_LABELS[size] : AXIS_ROOM);
    const columns = narrow ? (2 * (kinds * LETTER + SYMBOL) > beside ? 1 : 2) : 4;
    spec.config.legend = { ...spec.config.legend, columns, labelLimit: narrow ? beside / columns - SYMBOL : 260 };
    if (narrow) {
      wrapTitles(spec);
      breakPlans(spec);
    }
    if (spec.usermeta && spec.usermeta.columns) {
      const most = Math.max(1, Math.floor(room / (LEAST_PANEL + AXIS_ROOM)));
      spec.columns = Math.min(spec.usermeta.columns, most);
      spec.spec.width = Math.max(110, Math.floor(room / spec.columns) - AXIS_ROOM);
      const { header } = spec.facet;
      header.labelExpr = brokenAt(header.labelExpr, Math.floor((spec.spec.width + AXIS_ROOM / 2) / HEADING_LETTER));
      spec.spec.height = spec.spec.height && Math.min(Math.max(90, Math.round(0.6 * spec.spec.width)), 240);
    } else if (spec.projection) {
      spec.width = room;
      spec.height = Math.min(spec.height, Math.round(0.5 * room));
    } else if (!spec.repeat) {
      spec.width = room;
      spec.autosize = { type: "fit-x", contains: "padding" };
    }
    return spec;
  };
})();
