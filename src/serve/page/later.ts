/// <reference lib="dom" />
/** What the first paint does not need: comes as a file of its own when it is first shown. */
import { Component, type ComponentType, type VNode } from "preact";
import { html, type Markup } from "./dom.ts";

interface State<P> {
  readonly loaded: ComponentType<P> | null;
  readonly hasFailed: boolean;
}

/** `meanwhile` is shown until it is there. */
export function later<P>(
  load: () => Promise<ComponentType<P>>,
  meanwhile: (props: P) => Markup = () => null,
): ComponentType<P> {
  let known: ComponentType<P> | null = null;
  return class Later extends Component<P, State<P>> {
    override state: State<P> = { loaded: known, hasFailed: false };

    override componentDidMount(): void {
      if (known !== null) return;
      load().then((loaded) => {
        known = loaded;
        this.setState({ loaded });
      }, () => this.setState({ hasFailed: true }));
    }

    render(): VNode {
      const { loaded, hasFailed } = this.state;
      if (hasFailed) {
        return html`
          <p class="empty">This part of the page did not come. <a class="link" href="/">Load the page again</a>.</p>
        `;
      }
      return loaded === null ? meanwhile(this.props as P) as VNode : html`
        <${loaded} ...${this.props} />
      `;
    }
  };
}
