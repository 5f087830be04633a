import { Signal, useSignal } from "./signal";

export type ThemeChoice = "light" | "dark" | "system";
export type Theme = "light" | "dark";

const KEY = "trackrecord.theme"; // also read by public/theme.js, before the first paint
const dark = typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : null;

function stored(): ThemeChoice {
  try {
    const text = localStorage.getItem(KEY);
    return text === "light" || text === "dark" ? text : "system";
  } catch {
    return "system";
  }
}

function resolve(choice: ThemeChoice): Theme {
  return choice === "system" ? (dark?.matches ? "dark" : "light") : choice;
}

export const themeChoice = new Signal<ThemeChoice>(stored());
/** The theme in force. */
export const theme = new Signal<Theme>(resolve(themeChoice.value));

dark?.addEventListener("change", () => theme.set(resolve(themeChoice.value)));

export function chooseTheme(choice: ThemeChoice): void {
  if (choice === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
  try {
    if (choice === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
  } catch {
    // Without storage the choice holds until the page is left.
  }
  themeChoice.set(choice);
  theme.set(resolve(choice));
}

export function useTheme(): Theme {
  return useSignal(theme);
}
