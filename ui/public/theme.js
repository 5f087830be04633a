// Runs before the first paint, so that a chosen theme does not flash. A file of its own because the page allows no inline script.
try {
  var theme = localStorage.getItem("trackrecord.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch (error) {
  // Storage is switched off in this browser: the system's theme is used.
}
