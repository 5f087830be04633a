import { Component, type ReactNode } from "react";
import { Failure } from "../parts/Messages";

/** A mistake of ours in one page leaves the rest of the page standing and says what happened. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  render() {
    if (this.state.error === null) return this.props.children;
    return <Failure error={this.state.error} onRetry={() => this.setState({ error: null })} />;
  }
}
