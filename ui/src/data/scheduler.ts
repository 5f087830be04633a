/** One animation frame for everything that draws: many reasons to redraw within a frame cost one redraw. */

const waiting = new Set<() => void>();
let frame = 0;

export function schedule(draw: () => void): void {
  waiting.add(draw);
  frame ||= requestAnimationFrame(flush);
}

export function unschedule(draw: () => void): void {
  waiting.delete(draw);
}

function flush(): void {
  frame = 0;
  const draws = [...waiting];
  waiting.clear();
  for (const draw of draws) draw();
}
