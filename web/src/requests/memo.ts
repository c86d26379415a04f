/** A component that is drawn anew only if it is given something else. */

import { Component, createElement, type ComponentType } from "preact";

export function memo<Props extends object>(View: ComponentType<Props>): ComponentType<Props> {
  return class extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean {
      return (Object.keys(next) as (keyof Props)[]).some((name) => next[name] !== this.props[name]);
    }
    override render() {
      return createElement(View, this.props);
    }
  };
}
