import { useSignal } from "../data/signal";
import { chooseTheme, themeChoice, type ThemeChoice } from "../data/theme";
import { Icon, type IconName } from "../parts/Icon";
import css from "./shell.module.css";

const CHOICES: readonly [ThemeChoice, string, IconName][] = [
  ["light", "Light theme", "sun"],
  ["dark", "Dark theme", "moon"],
  ["system", "The system's theme", "screen"],
];

export function ThemeSwitch() {
  const chosen = useSignal(themeChoice);
  return (
    <div className={`segments ${css.theme}`} role="group" aria-label="Theme">
      {CHOICES.map(([choice, label, icon]) => (
        <button
          key={choice}
          type="button"
          aria-pressed={choice === chosen}
          aria-label={label}
          title={label}
          onClick={() => chooseTheme(choice)}
        >
          <Icon name={icon} />
        </button>
      ))}
    </div>
  );
}
