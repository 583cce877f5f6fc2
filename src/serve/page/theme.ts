/// <reference lib="dom" />
/** Light or dark: the system's until the user chooses. */
const KEY = "corral-theme";
const CHANGED = "corral-theme-changed";

/** What the user chose in an earlier visit. */
export function applyTheme(): void {
  const chosen = stored();
  if (chosen !== null) document.documentElement.dataset["theme"] = chosen;
}

/** The other one, from now on. */
export function toggleTheme(): void {
  const next = isDark() ? "light" : "dark";
  document.documentElement.dataset["theme"] = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  dispatchEvent(new Event(CHANGED));
}

/** Calls back after each change, the user's or the system's; the answer ends that. */
export function onTheme(changed: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  addEventListener(CHANGED, changed);
  system.addEventListener("change", changed);
  return () => {
    removeEventListener(CHANGED, changed);
    system.removeEventListener("change", changed);
  };
}

function isDark(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
}

function stored(): string | null {
  try {
    const chosen = localStorage.getItem(KEY);
    return chosen === "light" || chosen === "dark" ? chosen : null;
  } catch {
    return null;
  }
}
