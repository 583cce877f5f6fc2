/// <reference lib="dom" />
/** The tokens of app.css as a canvas takes them. */
export class Colours {
  readonly #probe: HTMLElement;
  readonly #known = new Map<string, string>();
  readonly font: string;

  constructor(near: HTMLElement) {
    this.#probe = near;
    this.font = `12px ${getComputedStyle(near).fontFamily}`;
  }

  of(token: string): string {
    const known = this.#known.get(token);
    if (known !== undefined) return known;
    this.#probe.style.setProperty("color", `var(${token})`);
    const colour = getComputedStyle(this.#probe).color;
    this.#probe.style.removeProperty("color");
    this.#known.set(token, colour);
    return colour;
  }
}
