import { Component, type ReactNode } from "react";
import { Failure } from "../parts/Messages";

/** A mistake of ours in one page leaves the rest of the page standing and says what happened. */
export class ErrorBoundary extends Component<{ place: string; children: ReactNode }, { error: unknown }> {
  state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  /** Another page is not to blame for this one's mistake. */
  componentDidUpdate(before: { place: string }) {
    if (before.place !== this.props.place && this.state.error !== null) this.setState({ error: null });
  }

  render() {
    if (this.state.error === null) return this.props.children;
    return <Failure error={this.state.error} onRetry={() => this.setState({ error: null })} />;
  }
}
