// Parallel coordinates: drag along an axis to keep the lines that pass there, click it to let all through.
"use strict";
for (const svg of document.querySelectorAll("figure.brush svg")) {
  const lines = [...svg.querySelectorAll('path[fill="none"]')].map((node) => ({
    node,
    points: node.getAttribute("d").slice(1).split("L").map((pair) => pair.split(",").map(Number)),
  }));
  const axes = lines.length ? lines[0].points.map(([x]) => x) : [];
  const brushes = axes.map(() => null);
  const marks = axes.map((x) => {
    const mark = document.createElementNS(svg.namespaceURI, "rect");
    for (const [name, value] of Object.entries({ x: x - 6, width: 12, height: 0, opacity: 0.3 })) mark.setAttribute(name, value);
    svg.append(mark);
    return mark;
  });
  const at = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  const show = () => {
    for (const [axis, brush] of brushes.entries()) {
      marks[axis].setAttribute("y", brush ? brush[0] : 0);
      marks[axis].setAttribute("height", brush ? brush[1] - brush[0] : 0);
    }
    for (const { node, points } of lines) {
      const kept = brushes.every((brush, axis) => !brush || (points[axis][1] >= brush[0] && points[axis][1] <= brush[1]));
      node.setAttribute("opacity", kept ? 0.5 : 0.04);
    }
  };
  svg.style.touchAction = "none";
  svg.addEventListener("pointerdown", (event) => {
    const { x, y } = at(event);
    const axis = axes.findIndex((place) => Math.abs(place - x) < 14);
    if (axis < 0) return;
    event.preventDefault();
    svg.setPointerCapture(event.pointerId);
    brushes[axis] = null;
    show();
    const drag = (moved) => {
      const now = at(moved).y;
      brushes[axis] = Math.abs(now - y) < 3 ? null : [Math.min(y, now), Math.max(y, now)];
      show();
    };
    svg.addEventListener("pointermove", drag);
    svg.addEventListener("pointerup", () => svg.removeEventListener("pointermove", drag), { once: true });
  });
}
