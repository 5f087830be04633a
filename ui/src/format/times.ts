/** Times and durations as people read them. */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** "just now", "5 min ago", "3 days ago"; after a month the date. `now` is in milliseconds. */
export function formatAgo(time: string | null | undefined, now: number): string {
  if (!time) return "";
  const then = Date.parse(time);
  if (Number.isNaN(then)) return time;
  const age = (now - then) / 1000;
  if (age < 10) return "just now";
  if (age < MINUTE) return `${Math.floor(age)} s ago`;
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min ago`;
  if (age < DAY) return `${Math.floor(age / HOUR)} h ago`;
  const days = Math.floor(age / DAY);
  if (days < 31) return days === 1 ? "1 day ago" : `${days} days ago`;
  return formatDate(new Date(then));
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function formatDate(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The moment in the reader's own time zone, to the second. */
export function formatTime(time: string | null | undefined): string {
  if (!time) return "";
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  return `${formatDate(date)} ${formatClock(date)}`;
}

export function formatClock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** "0.4 s", "12.5 s", "3 min 20 s", "1 h 05 min", "2 d 3 h". */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "";
  if (seconds < 0.95) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1).replace(/\.0$/, "")} s`;
  const whole = Math.round(seconds);
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${two(whole % MINUTE)} s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${two(Math.floor((whole % HOUR) / MINUTE))} min`;
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
}
